import { instant } from '../../domain/base/instant.ts'
import type { Sessions } from '../../ports/console/sessions.ts'
import { personText, readPerson } from '../sessions/person-text.ts'
import type { Connection } from './connection.ts'

/** How exactly it is known when a session was used last, ms. */
const TO_THE_MINUTE = 60_000

interface Row {
  readonly person: string
  readonly began: number
  readonly used: number
  readonly ends: number
}

const READING = 'the sessions could not be read'
const WRITING = 'the sessions could not be written'

/** Nothing is kept at hand: a session that ended on one gate has ended on all. */
export function createSessions(connection: Pick<Connection, 'ask'>): Sessions {
  return {
    async begin(hash, { person, began, ends }) {
      await connection.ask(WRITING, 'delete from sessions where ends <= $1', [began])
      await connection.ask(
        WRITING,
        'insert into sessions (hash, person, began, used, ends) values ($1, $2, $3, $3, $4)',
        [hash, personText(person), began, ends],
      )
    },
    async find(hash, at, idle) {
      const [row] = await connection.ask<Row>(
        READING,
        'select person, began, used, ends from sessions where hash = $1 and ends > $2 and used > $3',
        [hash, at, at - idle],
      )
      if (row === undefined) return undefined
      if (at - row.used >= TO_THE_MINUTE)
        await connection
          .ask(WRITING, 'update sessions set used = $1 where hash = $2 and used < $1', [at, hash])
          // while it cannot be written who reads is not kept from reading: the session ends sooner
          .catch(() => {})
      return { person: readPerson(row.person), began: instant(row.began), ends: instant(row.ends) }
    },
    async end(hash) {
      await connection.ask(WRITING, 'delete from sessions where hash = $1', [hash])
    },
    async offer(hash, { person, ends }) {
      await connection.ask(WRITING, 'insert into sign_in_links (hash, person, ends) values ($1, $2, $3)', [
        hash,
        personText(person),
        ends,
      ])
    },
    async take(hash, at) {
      const [row] = await connection.ask<Pick<Row, 'person'>>(
        WRITING,
        'delete from sign_in_links where hash = $1 and ends > $2 returning person',
        [hash, at],
      )
      await connection.ask(WRITING, 'delete from sign_in_links where ends <= $1', [at])
      return row === undefined ? undefined : readPerson(row.person)
    },
  }
}

import { instant } from '../../domain/base/instant.ts'
import type { SessionBook, Sessions, StandingSession } from '../../ports/console/sessions.ts'
import { ID_DIGITS, personText, readPerson } from '../sessions/person-text.ts'
import type { Connection } from './connection.ts'

/** How exactly it is known when a session was used last, ms. */
const TO_THE_MINUTE = 60_000

interface Row {
  readonly person: string
  readonly began: number
  readonly used: number
  readonly ends: number
}

interface StandingRow extends Pick<Row, 'person' | 'ends'> {
  readonly hash: string
  /** null: of a link */
  readonly began: number | null
  readonly used: number | null
}

const READING = 'the sessions could not be read'
const WRITING = 'the sessions could not be written'

/** Nothing is kept at hand: a session that ended on one gate has ended on all. */
export function createSessions(connection: Pick<Connection, 'ask'>): Sessions & SessionBook {
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
    async list(at, idle) {
      const rows = await connection.ask<StandingRow>(
        READING,
        `select hash, person, began, used, ends from sessions where ends > $1 and used > $2
         union all select hash, person, null, null, ends from sign_in_links where ends > $1 order by ends desc, hash`,
        [at, at - idle],
      )
      return rows.map(standingOf)
    },
    async endOf(whose) {
      const [condition, value] =
        'id' in whose ? [`left(hash, ${ID_DIGITS})`, whose.id] : [`person::json->>'subject'`, whose.subject]
      for (const name of ['sessions', 'sign_in_links'])
        await connection.ask(WRITING, `delete from ${name} where ${condition} = $1`, [value])
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

function standingOf({ hash, person, began, used, ends }: StandingRow): StandingSession {
  return {
    id: hash.slice(0, ID_DIGITS),
    person: readPerson(person),
    began: began === null ? undefined : instant(began),
    used: used === null ? undefined : instant(used),
    ends: instant(ends),
  }
}

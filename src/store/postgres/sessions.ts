import { instant } from '../../domain/base/instant.ts'
import type { AuditEntry } from '../../ports/console/audit-log.ts'
import type { SessionBook, Sessions, StandingSession } from '../../ports/console/sessions.ts'
import { ID_DIGITS, personText, readPerson } from '../sessions/person-text.ts'
import { appendShared } from './audit/audit-log.ts'
import type { Ask, Connection } from './connection.ts'

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
export function createSessions(connection: Pick<Connection, 'ask' | 'transaction'>): Sessions & SessionBook {
  async function write(change: (ask: Ask) => Promise<unknown>, entry: AuditEntry | undefined): Promise<void> {
    await connection.transaction(WRITING, async ask => {
      await change(ask)
      if (entry !== undefined) await appendShared(ask, entry)
    })
  }

  return {
    async begin(hash, { person, began, ends }, entry) {
      await write(async ask => {
        await ask('delete from sessions where ends <= $1', [began])
        const row = [hash, personText(person), began, ends]
        await ask('insert into sessions (hash, person, began, used, ends) values ($1, $2, $3, $3, $4)', row)
      }, entry)
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
    async end(hash, entry) {
      await write(async ask => await ask('delete from sessions where hash = $1', [hash]), entry)
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
    async endOf(whose, { now, idle }, entryOf) {
      const [condition, value] =
        'id' in whose ? [`left(hash, ${ID_DIGITS})`, whose.id] : [`person::json->>'subject'`, whose.subject]
      const ending = (name: string, told: string): string =>
        `delete from ${name} where ${condition} = $1 returning hash, person, ${told}, ends`
      return await connection.transaction(WRITING, async ask => {
        const sessions = await ask<StandingRow>(ending('sessions', 'began, used'), [value])
        const links = await ask<StandingRow>(ending('sign_in_links', 'null::bigint as began, null::bigint as used'), [
          value,
        ])
        const ended = [...sessions, ...links]
          .filter(({ used, ends }) => now < ends && now - (used ?? now) < idle)
          .map(standingOf)
        if (ended.length > 0) await appendShared(ask, entryOf(ended))
        return ended
      })
    },
    async offer(hash, { person, ends }, entry) {
      const row = [hash, personText(person), ends]
      await write(
        async ask => await ask('insert into sign_in_links (hash, person, ends) values ($1, $2, $3)', row),
        entry,
      )
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

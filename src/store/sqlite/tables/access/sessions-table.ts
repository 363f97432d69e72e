import type Database from 'better-sqlite3'
import type { Sha256 } from '../../../../domain/base/digest.ts'
import { type Instant, instant, type Millis } from '../../../../domain/base/instant.ts'
import type { AuditEntry } from '../../../../ports/console/audit-log.ts'
import type { Person, SessionBook, Sessions, StandingSession } from '../../../../ports/console/sessions.ts'
import { ID_DIGITS, personText, readPerson } from '../../../sessions/person-text.ts'
import { appendAudit } from '../audit/audit-table.ts'

/** How exactly it is known when a session was used last, ms. */
const TO_THE_MINUTE = 60_000

interface Row {
  readonly person: string
  readonly began: number
  readonly used: number
  readonly ends: number
}

interface StandingRow extends Pick<Row, 'person' | 'ends'> {
  readonly hash: Buffer
  /** null: of a link */
  readonly began: number | null
  readonly used: number | null
}

/** How statements are run; each turns what SQLite throws into `unknown-store`. */
export interface Statements {
  /** for what may be lost with the last half second */
  ask<Result>(what: string, query: () => Result): Result
  /** for what must be there when it returns */
  now<Result>(what: string, write: () => Result): Result
}

const READING = 'the sessions could not be read'
const WRITING = 'the sessions could not be written'

export function createSessionsTable(database: Database.Database, { ask, now }: Statements): Sessions & SessionBook {
  const select = database.prepare<[Buffer], Row>('select person, began, used, ends from sessions where hash = ?')
  const insert = database.prepare<[Buffer, string, number, number, number]>(
    'insert into sessions (hash, person, began, used, ends) values (?, ?, ?, ?, ?)',
  )
  const use = database.prepare<[number, Buffer]>('update sessions set used = ? where hash = ?')
  const remove = database.prepare<[Buffer]>('delete from sessions where hash = ?')
  const removeEnded = database.prepare<[number]>('delete from sessions where ends <= ?')
  const offer = database.prepare<[Buffer, string, number]>(
    'insert into sign_in_links (hash, person, ends) values (?, ?, ?)',
  )
  const take = database.prepare<[Buffer, number], { person: string }>(
    'delete from sign_in_links where hash = ? and ends > ? returning person',
  )
  const list = database.prepare<{ now: number; since: number }, StandingRow>(
    `select hash, person, began, used, ends from sessions where ends > :now and used > :since
     union all select hash, person, null, null, ends from sign_in_links where ends > :now order by ends desc, hash`,
  )
  const endOf = [
    { name: 'sessions', told: 'hash, person, began, used, ends' },
    { name: 'sign_in_links', told: 'hash, person, null as began, null as used, ends' },
  ].map(({ name, told }) => ({
    id: database.prepare<[Buffer], StandingRow>(
      `delete from ${name} where substr(hash, 1, ${ID_DIGITS / 2}) = ? returning ${told}`,
    ),
    subject: database.prepare<[string], StandingRow>(
      `delete from ${name} where json_extract(person, '$.subject') = ? returning ${told}`,
    ),
  }))
  const removeLinks = database.prepare<[number]>('delete from sign_in_links where ends <= ?')

  const withEntry = database.transaction((write: () => void, entry: AuditEntry | undefined): void => {
    write()
    if (entry !== undefined) appendAudit(database, entry)
  })

  const ended = database.transaction(
    (...[whose, until, entryOf]: Parameters<SessionBook['endOf']>): readonly StandingSession[] => {
      const rows = endOf.flatMap(({ id, subject }) =>
        'id' in whose ? id.all(Buffer.from(whose.id, 'hex')) : subject.all(whose.subject),
      )
      const standing = rows
        .filter(({ used, ends }) => isInForce({ used: used ?? until.now, ends }, until.now, until.idle))
        .map(standingOf)
      if (standing.length > 0) appendAudit(database, entryOf(standing))
      return standing
    },
  )

  /** While it cannot be written who reads is not kept from reading: the session ends sooner. */
  function touch(hash: Sha256, at: Instant): void {
    try {
      ask(WRITING, () => use.run(at, bytesOf(hash)))
    } catch {
      // another use tries again
    }
  }

  return {
    async begin(hash, { person, began, ends }, entry) {
      const write = (): void => {
        removeEnded.run(began)
        insert.run(bytesOf(hash), personText(person), began, began, ends)
      }
      now(WRITING, () => withEntry.immediate(write, entry))
    },
    async find(hash, at, idle) {
      const row = ask(READING, () => select.get(bytesOf(hash)))
      if (row === undefined || !isInForce(row, at, idle)) return undefined
      if (at - row.used >= TO_THE_MINUTE) touch(hash, at)
      return { person: readPerson(row.person), began: instant(row.began), ends: instant(row.ends) }
    },
    async end(hash, entry) {
      now(WRITING, () => withEntry.immediate(() => remove.run(bytesOf(hash)), entry))
    },
    async list(at, idle) {
      return ask(READING, () => list.all({ now: at, since: at - idle })).map(standingOf)
    },
    endOf: async (...order) => now(WRITING, () => ended.immediate(...order)),
    async offer(hash, { person, ends }, entry) {
      now(WRITING, () => withEntry.immediate(() => offer.run(bytesOf(hash), personText(person), ends), entry))
    },
    async take(hash, at): Promise<Person | undefined> {
      return now(WRITING, () => {
        const row = take.get(bytesOf(hash), at)
        removeLinks.run(at)
        return row === undefined ? undefined : readPerson(row.person)
      })
    },
  }
}

function standingOf({ hash, person, began, used, ends }: StandingRow): StandingSession {
  return {
    id: hash.toString('hex').slice(0, ID_DIGITS),
    person: readPerson(person),
    began: began === null ? undefined : instant(began),
    used: used === null ? undefined : instant(used),
    ends: instant(ends),
  }
}

function isInForce({ used, ends }: Pick<Row, 'used' | 'ends'>, at: Instant, idle: Millis): boolean {
  return at < ends && at - used < idle
}

function bytesOf(hash: Sha256): Buffer {
  return Buffer.from(hash, 'hex')
}

import type Database from 'better-sqlite3'
import type { Sha256 } from '../../../../domain/base/digest.ts'
import { type Instant, instant, type Millis } from '../../../../domain/base/instant.ts'
import type { Person, SessionBook, Sessions, StandingSession } from '../../../../ports/console/sessions.ts'
import { ID_DIGITS, personText, readPerson } from '../../../sessions/person-text.ts'

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
  const endOf = ['sessions', 'sign_in_links'].map(name => ({
    id: database.prepare<[Buffer]>(`delete from ${name} where substr(hash, 1, ${ID_DIGITS / 2}) = ?`),
    subject: database.prepare<[string]>(`delete from ${name} where json_extract(person, '$.subject') = ?`),
  }))
  const removeLinks = database.prepare<[number]>('delete from sign_in_links where ends <= ?')

  /** While it cannot be written who reads is not kept from reading: the session ends sooner. */
  function touch(hash: Sha256, at: Instant): void {
    try {
      ask(WRITING, () => use.run(at, bytesOf(hash)))
    } catch {
      // another use tries again
    }
  }

  return {
    async begin(hash, { person, began, ends }) {
      now(WRITING, () => {
        removeEnded.run(began)
        insert.run(bytesOf(hash), personText(person), began, began, ends)
      })
    },
    async find(hash, at, idle) {
      const row = ask(READING, () => select.get(bytesOf(hash)))
      if (row === undefined || !isInForce(row, at, idle)) return undefined
      if (at - row.used >= TO_THE_MINUTE) touch(hash, at)
      return { person: readPerson(row.person), began: instant(row.began), ends: instant(row.ends) }
    },
    async end(hash) {
      now(WRITING, () => remove.run(bytesOf(hash)))
    },
    async list(at, idle) {
      return ask(READING, () => list.all({ now: at, since: at - idle })).map(standingOf)
    },
    async endOf(whose) {
      now(WRITING, () => {
        for (const { id, subject } of endOf)
          if ('id' in whose) id.run(Buffer.from(whose.id, 'hex'))
          else subject.run(whose.subject)
      })
    },
    async offer(hash, { person, ends }) {
      now(WRITING, () => offer.run(bytesOf(hash), personText(person), ends))
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

function isInForce({ used, ends }: Row, at: Instant, idle: Millis): boolean {
  return at < ends && at - used < idle
}

function bytesOf(hash: Sha256): Buffer {
  return Buffer.from(hash, 'hex')
}

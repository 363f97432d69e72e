import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import { GateError } from '../../../domain/base/errors.ts'
import { storeError } from '../../failure/store-error.ts'

/** Rows that wait at most: some hundred bytes each. */
const MOST = 500_000

/** What is to be sent, by its kind; a row that is written again under its number takes the place of the one before. */
export interface WaitingRow {
  readonly number: number
  readonly kind: 'verdict' | 'refusal'
  readonly body: string
}

/** Rows that wait on the local disk until the database has them. Throws `unknown-store` where the disk does not take them. */
export interface WaitingFile {
  /** of whoever writes here, as long as the file is there */
  readonly gate: string
  /** the number after all that were ever given */
  next(): number
  /** All of them are on the disk when it returns. */
  put(rows: readonly WaitingRow[]): void
  /** The first, at most so many. */
  first(most: number): readonly WaitingRow[]
  /** The database has them as they are here. */
  drop(rows: readonly WaitingRow[]): void
  size(): number
  /** @throws GateError `unknown-store` while too many wait */
  assertRoom(): void
  close(): void
}

export function openWaitingFile(file: string): WaitingFile {
  try {
    return open(file)
  } catch (error) {
    throw new GateError('config-invalid', `what waits for the database cannot be kept in ${file}`, { cause: error })
  }
}

function open(file: string): WaitingFile {
  const database = new Database(file, { timeout: 2_000 })
  database.pragma('journal_mode = wal')
  database.pragma('synchronous = full')
  database.exec(
    `create table if not exists gate (id text not null, next integer not null) strict;
     create table if not exists waiting (number integer primary key, kind text not null, body text not null) strict`,
  )
  const self = database.prepare<[], { id: string; next: number }>('select id, next from gate')
  if (self.get() === undefined) database.prepare('insert into gate (id, next) values (?, 1)').run(randomUUID())
  const { id: gate, next: begun } = self.get() ?? { id: '', next: 1 }
  const last = database.prepare<[], number>('select coalesce(max(number), 0) from waiting').pluck()
  let number = Math.max(begun, (last.get() ?? 0) + 1)
  const upsert = database.prepare<[number, string, string]>(
    'insert into waiting (number, kind, body) values (?, ?, ?) on conflict do update set body = excluded.body',
  )
  const given = database.prepare<[number]>('update gate set next = ?')
  const select = database.prepare<[number], WaitingRow>(
    'select number, kind, body from waiting order by number limit ?',
  )
  const remove = database.prepare<[number, string]>('delete from waiting where number = ? and body = ?')
  const count = database.prepare<[], number>('select count(*) from waiting').pluck()
  let size = count.get() ?? 0
  let closed = false

  const putAll = database.transaction((rows: readonly WaitingRow[]) => {
    for (const row of rows) upsert.run(row.number, row.kind, row.body)
    given.run(number)
  })
  const dropAll = database.transaction((rows: readonly WaitingRow[]) => {
    for (const row of rows) remove.run(row.number, row.body)
  })

  function asking<Result>(ask: () => Result): Result {
    try {
      return ask()
    } catch (error) {
      throw storeError('what waits for the database could not be kept', error)
    }
  }

  return {
    gate,
    next: () => number++,
    put(rows) {
      asking(() => putAll.immediate(rows))
      size = asking(() => count.get()) ?? 0
    },
    first: most => asking(() => select.all(most)),
    drop(rows) {
      asking(() => dropAll.immediate(rows))
      size = asking(() => count.get()) ?? 0
    },
    size: () => size,
    assertRoom() {
      if (size >= MOST) throw new GateError('unknown-store', 'too many verdicts wait to be written into the database')
    },
    close() {
      if (!closed) database.close()
      closed = true
    },
  }
}

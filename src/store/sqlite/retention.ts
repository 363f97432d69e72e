import type Database from 'better-sqlite3'
import type { Clock, Millis } from '../../domain/base/instant.ts'
import { OF_A_ROOT } from './tables/findings-table.ts'

/** Rows deleted at once: a few milliseconds. */
const PIECE = 500
const MOST_REFUSALS = 100_000
const FIRST_MS = 60_000
const EVERY_MS = 600_000
const PAUSE_MS = 20

interface Options {
  readonly database: Database.Database
  readonly clock: Clock
  readonly journalKeep: Millis
}

export interface Retention {
  /** Deletes one piece of what has become too old; false when there is no more. */
  step(): boolean
  close(): void
}

/** Lets go of what is older than it is kept, in small pieces between requests. */
export function createRetention({ database, clock, journalKeep }: Options): Retention {
  const tooOld = [
    database.prepare<[number, number]>(
      'delete from journal where id in (select id from journal where at < ? order by at limit ?)',
    ),
    database.prepare<[number, number]>(
      'delete from refusals where id in (select id from refusals where at < ? order by at limit ?)',
    ),
    // Proofs are found again when they are needed. What failed under any root counts until it is verified anew, so it stays.
    database.prepare<[number, number]>(
      `delete from findings where rowid in (
         select rowid from findings where ${OF_A_ROOT} and found < ? order by rowid limit ?)`,
    ),
  ] as const
  const countRefusals = database.prepare<[], number>('select count(*) from refusals').pluck()
  const tooMany = database.prepare<[number]>(
    'delete from refusals where id in (select id from refusals order by at limit ?)',
  )
  let timer = setTimeout(run, FIRST_MS).unref()

  function step(): boolean {
    const before = clock() - journalKeep
    for (const statement of tooOld) if (statement.run(before, PIECE).changes > 0) return true
    const surplus = (countRefusals.get() ?? 0) - MOST_REFUSALS
    return surplus > 0 && tooMany.run(Math.min(surplus, PIECE)).changes > 0
  }

  function run(): void {
    timer = setTimeout(run, more() ? PAUSE_MS : EVERY_MS).unref()
  }

  function more(): boolean {
    try {
      return step()
    } catch {
      return false // a database that cannot be written to is told of by those who write
    }
  }

  return { step, close: () => clearTimeout(timer) }
}

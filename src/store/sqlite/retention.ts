import type Database from 'better-sqlite3'
import type { Clock, Millis } from '../../domain/base/instant.ts'
import type { JournalRoom } from './journal-room.ts'
import { OF_A_ROOT } from './tables/findings-table.ts'

/** Rows deleted at once: a few milliseconds. */
const PIECE = 500
const MOST_REFUSALS = 100_000
const FIRST_MS = 60_000
const EVERY_MS = 60_000
/** Of so many looks at the size of the journal, one is at the age of everything. */
const AGE_EVERY = 10
const PAUSE_MS = 20

export interface JournalBounds {
  readonly keep: Millis
  /** bytes */
  readonly maxSize: number
}

interface Options {
  readonly database: Database.Database
  /** no further on than the time is believed: what goes by its age is gone for good */
  readonly confirmed: Clock
  /** how long what was written down stays */
  readonly keep: Millis
  readonly room: JournalRoom
  /** told of the refusals that went, by their ids */
  readonly forgotten: (ids: readonly string[]) => void
}

export interface Retention {
  /** Deletes one piece of what has become too old or too much; false when there is no more. */
  step(): boolean
  close(): void
}

/** Lets go of what is older than it is kept, and of what is more than fits, in small pieces between requests. */
export function createRetention({ database, confirmed, keep, room, forgotten }: Options): Retention {
  const oldVerdicts = database.prepare<[number, number]>(
    'delete from journal where id in (select id from journal where at < ? order by at limit ?)',
  )
  const oldRefusals = database
    .prepare<[number, number], string>(
      'delete from refusals where id in (select id from refusals where at < ? order by at limit ?) returning id',
    )
    .pluck()
  // Proofs are found again when they are needed. What failed under any root counts until it is verified anew, so it stays.
  const oldFindings = database.prepare<[number, number]>(
    `delete from findings where rowid in (
       select rowid from findings where ${OF_A_ROOT} and found < ? order by rowid limit ?)`,
  )
  const countRefusals = database.prepare<[], number>('select count(*) from refusals').pluck()
  // in the order in which they were told last, whatever the clock said then
  const tooMany = database
    .prepare<[number], string>(
      'delete from refusals where rowid in (select rowid from refusals order by rowid limit ?) returning id',
    )
    .pluck()
  let looks = 0
  let timer = setTimeout(run, FIRST_MS).unref()

  function step(): boolean {
    return stepByAge() || room.step()
  }

  function stepByAge(): boolean {
    const before = confirmed() - keep
    const { changes } = oldVerdicts.run(before, PIECE)
    room.gone(changes)
    if (changes > 0) return true
    if (forget(oldRefusals.all(before, PIECE)) || oldFindings.run(before, PIECE).changes > 0) return true
    const surplus = (countRefusals.get() ?? 0) - MOST_REFUSALS
    return surplus > 0 && forget(tooMany.all(Math.min(surplus, PIECE)))
  }

  /** False where there were none. */
  function forget(ids: readonly string[]): boolean {
    if (ids.length > 0) forgotten(ids)
    return ids.length > 0
  }

  function run(): void {
    // what is taken out while a transaction of the writer goes on would be there again if that is undone
    const isMore = database.inTransaction || more()
    if (!isMore) looks += 1
    timer = setTimeout(run, isMore ? PAUSE_MS : EVERY_MS).unref()
  }

  function more(): boolean {
    try {
      confirmed() // it believes a leap that it sees last
      return looks % AGE_EVERY === 0 ? step() : room.step()
    } catch {
      return false // a database that cannot be written to is told of by those who write
    }
  }

  return { step, close: () => clearTimeout(timer) }
}

import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../../domain/base/instant.ts'
import type { Watermark } from '../../../ports/store.ts'
import type { WriteBehind } from '../write-behind.ts'

/** A time that comes alone is written when it is so much newer than the last, ms. */
const ALONE = 1_000

/** Comes to disk with the batch that holds what was recorded then; by itself at most once a second. */
export function createWatermarkFact(database: Database.Database, writes: WriteBehind): Watermark {
  const upsert = database.prepare<[number]>(
    `insert into facts (name, value) values ('newest', ?)
     on conflict do update set value = max(value, excluded.value)`,
  )
  // the journal knows it too, should the fact be lost
  let newest = instant(
    database
      .prepare<[], number>(
        `select max(coalesce((select value from facts where name = 'newest'), 0),
                    coalesce((select max(at) from journal), 0))`,
      )
      .pluck()
      .get() ?? 0,
  )
  let written: Instant = newest

  writes.add({
    size: () => (newest > written ? 1 : 0),
    write() {
      const at = newest
      upsert.run(at)
      return () => {
        written = at
      }
    },
  })

  return {
    newest: () => newest,
    raise(at) {
      if (at <= newest) return
      newest = at
      if (at - written >= ALONE) writes.due()
    },
  }
}

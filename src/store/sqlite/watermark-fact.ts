import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { type NewestTime, recordedAt } from '../../domain/memory/newest-time.ts'
import type { Watermark } from '../../ports/store.ts'
import type { WriteBehind } from './write-behind.ts'

/** A time that comes alone is written when it is so much newer than the last, ms. */
const ALONE = 1_000

export interface WatermarkFact extends Watermark {
  /** Somebody let go of the newest time: this is it from now on. Written at once. */
  letGo(at: Instant): void
}

/** Comes to disk with the batch that holds what was recorded then; by itself at most once a second. */
export function createWatermarkFact(database: Database.Database, writes: WriteBehind): WatermarkFact {
  const upsert = database.prepare<[number]>(
    `insert into facts (name, value) values ('newest', ?)
     on conflict do update set value = max(value, excluded.value)`,
  )
  const replace = database.prepare<[number]>(`insert or replace into facts (name, value) values ('newest', ?)`)
  // the journal knows it too, should the fact be lost; else it is no witness: any clock may have written there
  const newest = instant(
    database
      .prepare<[], number>(
        `select coalesce((select value from facts where name = 'newest'), (select max(at) from journal), 0)`,
      )
      .pluck()
      .get() ?? 0,
  )
  let time: NewestTime = { newest, leap: undefined }
  let written: Instant = newest

  writes.add({
    size: () => (time.newest > written ? 1 : 0),
    write() {
      const at = time.newest
      upsert.run(at)
      return () => {
        written = at
      }
    },
  })

  return {
    newest: () => time.newest,
    raise(at) {
      time = recordedAt(time, at, performance.now())
      if (time.newest - written >= ALONE) writes.due()
    },
    letGo(at) {
      replace.run(at)
      time = { newest: at, leap: undefined }
      written = at
    },
  }
}

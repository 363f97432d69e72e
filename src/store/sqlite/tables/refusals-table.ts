import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../domain/base/instant.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Refusals } from '../../ports/memory.ts'
import { decodeRefused, encodeRefused } from './refused-codec.ts'
import type { WriteBehind } from './write-behind.ts'

interface PendingRefusal {
  readonly refused: Refused
  readonly at: Instant
}

export function createRefusalsTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
): Refusals {
  const select = database.prepare<[string], { readonly refused: string; readonly at: number }>(
    'select refused, at from refusals where id = ?',
  )
  const upsert = database.prepare<[string, string, number]>(
    `insert into refusals (id, refused, at) values (?, ?, ?)
     on conflict do update set refused = excluded.refused, at = excluded.at`,
  )
  const pending = new Map<string, PendingRefusal>()

  writes.add({
    size: () => pending.size,
    write(limit) {
      const rows = [...pending.entries().take(limit)]
      for (const [id, { refused, at }] of rows) upsert.run(id, encodeRefused(refused), at)
      return () => {
        for (const [id] of rows) pending.delete(id)
      }
    },
  })

  return {
    put(id, refused, at) {
      writes.assertWriting()
      pending.set(id, { refused, at })
      raise(at)
      writes.due()
    },
    get(id) {
      const waiting = pending.get(id)
      if (waiting !== undefined) return waiting
      const row = writes.ask('an explanation could not be read', () => select.get(id))
      const refused = row === undefined ? undefined : decodeRefused(row.refused)
      return row === undefined || refused === undefined ? undefined : { refused, at: instant(row.at) }
    },
  }
}

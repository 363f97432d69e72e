import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../../domain/base/instant.ts'
import type { KeptRefusal, Refusals } from '../../../ports/store.ts'
import type { WriteBehind } from '../write-behind.ts'
import { decodeRefused, encodeRefused } from './refused-codec.ts'

export function createRefusalsTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
): Refusals {
  const read = prepareRefusals(database)
  const upsert = database.prepare<[string, string, number]>(
    `insert into refusals (id, refused, at) values (?, ?, ?)
     on conflict do update set refused = excluded.refused, at = excluded.at`,
  )
  const pending = new Map<string, KeptRefusal>()

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
    get: async id => pending.get(id) ?? writes.ask('an explanation could not be read', () => read(id)),
  }
}

/** A row that is not exactly a refusal is absent. */
export function prepareRefusals(database: Database.Database): (id: string) => KeptRefusal | undefined {
  const select = database.prepare<[string], { readonly refused: string; readonly at: number }>(
    'select refused, at from refusals where id = ?',
  )
  return id => {
    const row = select.get(id)
    const refused = row === undefined ? undefined : decodeRefused(row.refused)
    return row === undefined || refused === undefined ? undefined : { refused, at: instant(row.at) }
  }
}

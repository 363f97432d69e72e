import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../../domain/base/instant.ts'
import type { KeptRefusal, Refusals } from '../../../ports/store.ts'
import type { WriteBehind } from '../write-behind.ts'
import { decodeRefused, encodeRefused } from './refused-codec.ts'

export interface RefusalsTable extends Refusals {
  /** Says which went out of the table beside this. */
  forgotten(ids: readonly string[]): void
}

export function createRefusalsTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
): RefusalsTable {
  const read = prepareRefusals(database)
  // a row of its own each time: of too many, those go that were told longest ago
  const upsert = database.prepare<[string, string, number]>(
    'insert or replace into refusals (id, refused, at) values (?, ?, ?)',
  )
  const pending = new Map<string, KeptRefusal>()
  const watching: ((ids: readonly string[]) => void)[] = []

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
    watch: gone => void watching.push(gone),
    forgotten(ids) {
      const gone = ids.filter(id => !pending.has(id))
      for (const tell of watching) tell(gone)
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

import type Database from 'better-sqlite3'
import type { Brand } from '../../../domain/base/brand.ts'
import type { Source } from '../../../domain/memory/source.ts'

/** The number of a source in the keys of everything that was learned from it. */
export type SourceId = Brand<number, 'SourceId'>

interface SourcesTable {
  /** The source's number, given to it now when it has none. */
  number(source: Source): SourceId
  /** The same without writing anything; `undefined` where nothing was learned from it. */
  find(source: Source): SourceId | undefined
  /** The number of what is nobody's yet, by the rules of `domain/memory/unclaimed.ts`; `undefined` where there never was any. */
  unclaimed(): SourceId | undefined
}

export function prepareSources(database: Database.Database): SourcesTable {
  const select = database.prepare<[string], SourceId>('select id from sources where source = ?').pluck()
  const selectUnclaimed = database.prepare<[], SourceId>('select id from sources where source is null').pluck()
  const insert = database.prepare<[string], SourceId>('insert into sources (source) values (?) returning id').pluck()

  return {
    number(source) {
      const id = select.get(source) ?? insert.get(source)
      if (id === undefined) throw new TypeError('a row that was inserted has a number')
      return id
    },
    find: source => select.get(source),
    unclaimed: () => selectUnclaimed.get(),
  }
}

import type Database from 'better-sqlite3'
import type { Brand } from '../../../domain/base/brand.ts'
import type { Source } from '../../../domain/memory/source.ts'

/** The number of a source in the keys of everything that was learned from it. */
export type SourceId = Brand<number, 'SourceId'>

interface SourcesTable {
  /** The source's number, given to it now when it has none: the first that is asked for gets what belongs to nobody yet. */
  claim(source: Source): SourceId
  /** The same without writing anything; `undefined` where nothing was learned from it. */
  find(source: Source): SourceId | undefined
}

export function prepareSources(database: Database.Database): SourcesTable {
  const select = database.prepare<[string], SourceId>('select id from sources where source = ?').pluck()
  const selectUnclaimed = database.prepare<[], SourceId>('select id from sources where source is null').pluck()
  const claimUnclaimed = database
    .prepare<[string], SourceId>('update sources set source = ? where source is null returning id')
    .pluck()
  const insert = database.prepare<[string], SourceId>('insert into sources (source) values (?) returning id').pluck()

  return {
    claim(source) {
      const id = select.get(source) ?? claimUnclaimed.get(source) ?? insert.get(source)
      if (id === undefined) throw new TypeError('a row that was inserted has a number')
      return id
    },
    find: source => select.get(source) ?? selectUnclaimed.get(),
  }
}

import type { Source } from '../../domain/memory/source.ts'
import type { SourceId } from '../sqlite/tables/sources-table.ts'
import type { Connection } from './connection.ts'

/** The source's number, given to it now when it has none. */
export async function sourceNumber(connection: Connection, source: Source): Promise<SourceId> {
  const what = 'a source could not be looked up'
  const select = 'select id from sources where source = $1'
  const [known] = await connection.ask<{ id: SourceId }>(what, select, [source])
  if (known !== undefined) return known.id
  await connection.ask(what, 'insert into sources (source) values ($1) on conflict do nothing', [source])
  const [made] = await connection.ask<{ id: SourceId }>(what, select, [source])
  if (made === undefined) throw new TypeError('a row that was inserted has a number')
  return made.id
}

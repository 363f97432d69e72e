import type { Clock } from '../domain/base/instant.ts'
import type { SessionBook, Sessions } from '../ports/console/sessions.ts'
import { withDatabaseIn } from './beside-gate.ts'
import { createSessionsTable } from './sqlite/tables/access/sessions-table.ts'

/**
 * Sessions of the console of a data folder, and links that sign in, beside a gate that works there or without one; the database is begun where
 * there is none. Throws `unknown-store`, `config-invalid`.
 */
export async function withSessions<Result>(
  folder: string,
  clock: Clock,
  use: (sessions: Sessions & SessionBook) => Promise<Result>,
): Promise<Result> {
  const run = <Value>(_what: string, query: () => Value): Value => query()
  const how = { clock, failed: 'the sessions could not be read or written' }
  return await withDatabaseIn(folder, how, database => use(createSessionsTable(database, { ask: run, now: run })))
}

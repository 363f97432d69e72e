import type Database from 'better-sqlite3'
import type { Connection } from '../connection.ts'

/** How much of each there is, in the folder and in the database: equal, or more there. */
export interface Copied {
  readonly what: string
  readonly inFolder: number
  readonly inDatabase: number
}

export function count(database: Database.Database, sql: string): number {
  return database.prepare<[], number>(sql).pluck().get() ?? 0
}

export async function countThere(
  connection: Connection,
  sql: string,
  values: readonly unknown[] = [],
): Promise<number> {
  const [row] = await connection.ask<{ count: number }>(
    'rows could not be counted',
    `select (${sql})::bigint as count`,
    values,
  )
  return row?.count ?? 0
}

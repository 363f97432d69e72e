import type Database from 'better-sqlite3'

/** What SQLite writes into the file's header, so that a foreign database is told apart from ours ("PCUL"). */
export const APPLICATION_ID = 0x50_43_55_4c

const MIGRATIONS = ['0001-begin', '0002-history', '0003-mirror'] as const

export type MigrationName = (typeof MIGRATIONS)[number]

/** A database that a later version of this program has changed already; it must not be touched. */
export class NewerDatabase extends Error {
  override readonly name = 'NewerDatabase'
}

/** Brings the schema up to date. Throws {@link NewerDatabase}, or whatever SQLite says. */
export async function migrate(database: Database.Database): Promise<void> {
  const applied = appliedMigrations(database)
  const strange = applied.find(name => MIGRATIONS.every(known => known !== name))
  if (strange !== undefined) throw new NewerDatabase(strange)
  if (MIGRATIONS.every(name => applied.includes(name))) return
  // the query builder is loaded where there is something to build: it costs more memory than the rest of the store
  const { applyMigrations } = await import('./migrations.ts')
  await applyMigrations(database)
}

function appliedMigrations(database: Database.Database): readonly string[] {
  const table = database.prepare(`select 1 from sqlite_schema where name = 'kysely_migration'`).get()
  if (table === undefined) return []
  return database.prepare<[], string>('select name from kysely_migration').pluck().all()
}

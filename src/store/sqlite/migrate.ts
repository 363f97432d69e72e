import type Database from 'better-sqlite3'
import { MIGRATIONS } from './schema.ts'

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
  const { applyMigrations } = await import('./migrations/apply-migrations.ts')
  await applyMigrations(database)
}

function appliedMigrations(database: Database.Database): readonly string[] {
  const table = database.prepare(`select 1 from sqlite_schema where name = 'kysely_migration'`).get()
  if (table === undefined) return []
  return database.prepare<[], string>('select name from kysely_migration').pluck().all()
}

import type Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { MigrationName } from '../schema.ts'
import { begin } from './0001-begin.ts'
import { history } from './0002-history.ts'
import { mirror } from './0003-mirror.ts'
import { tellSourcesApart } from './0004-sources.ts'
import { secondSights } from './0005-second-sights.ts'
import { given } from './0006-given.ts'
import { wholeReadings } from './0007-whole-readings.ts'
import { offers } from './0008-offers.ts'

/**
 * Forward only, oldest first; a migration that was released is never edited.
 *
 * Digests and the hexadecimal part of a path are blobs of 32 bytes. Times are milliseconds since 1970. Words that come
 * back in every row of the journal (file names, rules, identities, digests, clients) are written once and numbered.
 */
function migrationsOf(database: Database.Database): Readonly<Record<MigrationName, Migration>> {
  return {
    '0001-begin': begin,
    '0002-history': history,
    '0003-mirror': mirror,
    '0004-sources': tellSourcesApart(database),
    '0005-second-sights': secondSights,
    '0006-given': given,
    '0007-whole-readings': wholeReadings,
    '0008-offers': offers,
  }
}

/**
 * Applies what is missing, or what is missing up to `last`, all or nothing: a process that is killed here must not leave half a
 * schema. Throws whatever SQLite says; the connection stays with its owner, who closes it then.
 */
export async function applyMigrations(database: Database.Database, last?: MigrationName): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) })
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrationsOf(database) } })
  database.exec('begin immediate')
  const { error } = await (last === undefined ? migrator.migrateToLatest() : migrator.migrateTo(last))
  if (error !== undefined) throw error instanceof Error ? error : new Error('a migration failed', { cause: error })
  database.exec('commit')
}

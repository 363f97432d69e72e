import type Database from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { MigrationName } from '../schema.ts'
import { heldSources } from './0012-held-sources.ts'
import { auditLog } from './0013-audit-log.ts'
import { requests } from './0014-requests.ts'
import { notices } from './0015-notices.ts'
import { sessions } from './0016-sessions.ts'
import { tokenScopes } from './0018-token-scopes.ts'
import { givenBy } from './0019-given-by.ts'
import { holder } from './0020-holder.ts'
import { journalSources } from './0021-journal-sources.ts'
import { begin } from './first/0001-begin.ts'
import { history } from './first/0002-history.ts'
import { mirror } from './first/0003-mirror.ts'
import { tellSourcesApart } from './first/0004-sources.ts'
import { secondSights } from './first/0005-second-sights.ts'
import { given } from './first/0006-given.ts'
import { wholeReadings } from './first/0007-whole-readings.ts'
import { offers } from './first/0008-offers.ts'
import { documents } from './first/0009-documents.ts'
import { belongings } from './first/0010-belongings.ts'
import { access } from './first/0011-access.ts'

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
    '0009-documents': documents,
    '0010-belongings': belongings,
    '0011-access': access,
    '0012-held-sources': heldSources,
    '0013-audit-log': auditLog,
    '0014-requests': requests,
    '0015-notices': notices,
    '0016-sessions': sessions,
    '0018-token-scopes': tokenScopes,
    '0019-given-by': givenBy,
    '0020-holder': holder,
    '0021-journal-sources': journalSources,
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

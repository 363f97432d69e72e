import { join } from 'node:path'

/** Where a data folder has its database. */
export function databaseIn(folder: string): string {
  return join(folder, 'portcullis.sqlite')
}

/** What SQLite writes into the file's header, so that a foreign database is told apart from ours ("PCUL"). */
export const APPLICATION_ID = 0x50_43_55_4c

/** Oldest first. */
export const MIGRATIONS = [
  '0001-begin',
  '0002-history',
  '0003-mirror',
  '0004-sources',
  '0005-second-sights',
  '0006-given',
  '0007-whole-readings',
  '0008-offers',
  '0009-documents',
  '0010-belongings',
  '0011-access',
  '0012-held-sources',
  '0013-audit-log',
  '0014-requests',
  '0015-notices',
  '0016-sessions',
  '0018-token-scopes',
  '0019-given-by',
  '0020-holder',
  '0021-journal-sources',
] as const

export type MigrationName = (typeof MIGRATIONS)[number]

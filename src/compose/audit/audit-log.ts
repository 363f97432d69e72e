import { existsSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { AuditLog, AuditRecords } from '../../ports/console/audit-log.ts'
import { databaseIn } from '../../store/sqlite/schema.ts'
import { touchFolder } from '../first-touch.ts'

type Stores = Pick<Config, 'store' | 'data'>

/** The log of the configured data folder, or of the database that gates share, read-only; `undefined` where there is no database. */
export async function openAuditRecords(
  config: Stores,
): Promise<(AuditRecords & { close(): Promise<void> }) | undefined> {
  const { database } = config.store
  if (database !== undefined) {
    const { readSharedAuditLog } = await import('../../store/postgres/with-database.ts')
    return readSharedAuditLog(database)
  }
  await touchFolder(config.data)
  if (!existsSync(databaseIn(config.data))) return undefined
  const { readAuditLog } = await import('../../store/audit-log.ts')
  return readAuditLog(config.data)
}

/** For a command that adds to it. Throws `unknown-store`, `config-invalid`. */
export async function keepAuditLog<Result>(
  config: Stores,
  use: (log: AuditLog) => Promise<Result>,
  { clock }: { readonly clock: Clock },
): Promise<Result> {
  const { database } = config.store
  if (database !== undefined) {
    const { withSharedAuditLog } = await import('../../store/postgres/with-database.ts')
    return await withSharedAuditLog(database, use)
  }
  await touchFolder(config.data)
  const { withAuditLog } = await import('../../store/audit-log.ts')
  return await withAuditLog(config.data, clock, use)
}

import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Clock } from '../domain/base/instant.ts'
import type { AuditEntry, AuditLog, AuditRecords } from '../ports/console/audit-log.ts'
import { withDatabaseIn } from './beside-gate.ts'
import { storeError } from './failure/store-error.ts'
import { databaseIn } from './sqlite/schema.ts'
import { appendAudit, createAuditRecords } from './sqlite/tables/audit/audit-table.ts'

/**
 * Adds to the log of a data folder, beside a gate that works there or without one; the database is begun where there is none. Throws
 * `unknown-store`, `config-invalid`.
 */
export async function withAuditLog<Result>(
  folder: string,
  clock: Clock,
  use: (log: AuditLog) => Promise<Result>,
): Promise<Result> {
  return await withDatabaseIn(folder, { clock, failed: 'the audit log could not be written' }, async database => {
    const append = database.transaction((entry: AuditEntry) => appendAudit(database, entry))
    return await use({ append: async entry => append.immediate(entry) })
  })
}

/** The log of a data folder, read-only, which a gate may be writing to; `undefined` where there is no database. */
export function readAuditLog(folder: string): (AuditRecords & { close(): Promise<void> }) | undefined {
  const file = databaseIn(folder)
  if (!existsSync(file)) return undefined
  const database = asking(() => new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 }))
  return { ...createAuditRecords(database, asking), close: async () => void database.close() }
}

function asking<Result>(query: () => Result): Result {
  try {
    return query()
  } catch (error) {
    throw storeError('the audit log could not be read', error)
  }
}

import { setTimeout as delay } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import { errorCode } from '../../../../domain/base/error-code.ts'
import { GateError } from '../../../../domain/base/errors.ts'
import type { AuditEntry, AuditLog, AuditRecords } from '../../../../ports/console/audit-log.ts'
import type { WriteBehind } from '../../write-behind.ts'
import { appendAudit, createAuditRecords } from './audit-table.ts'

/** Another process that writes is waited for, without holding up who is served, ms. */
const PATIENCE_MS = 5_000
const AGAIN_MS = 50

/** The log as the gate that has the database writes and reads it. */
export function createAuditLog(
  database: Database.Database,
  writes: Pick<WriteBehind, 'ask' | 'now'>,
): AuditLog & AuditRecords {
  const append = database.transaction((entry: AuditEntry) => appendAudit(database, entry))
  return {
    ...createAuditRecords(database, query => writes.ask('the audit log could not be read', query)),
    async append(entry) {
      for (const until = performance.now() + PATIENCE_MS; ; await delay(AGAIN_MS)) {
        try {
          return writes.now('the audit log could not be written', () => append.immediate(entry))
        } catch (error) {
          if (!isBusy(error) || performance.now() > until) throw error
        }
      }
    },
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof GateError && errorCode(error.cause)?.startsWith('SQLITE_BUSY') === true
}

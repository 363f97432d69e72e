import type { Config } from '../../config/schema.ts'
import type { AuditRecords } from '../../ports/console/audit-log.ts'
import { noDatabase } from '../command/gate-records.ts'
import type { Services } from '../command/services.ts'

/**
 * Asks the audit log of the configured store, whether a gate runs or not.
 *
 * @throws GateError `usage` where the configured data folder holds no database
 */
export async function askAudit<Answer>(
  config: Config,
  services: Pick<Services, 'openAuditRecords'>,
  ask: (records: AuditRecords) => Promise<Answer>,
): Promise<Answer> {
  const records = await services.openAuditRecords(config)
  if (records === undefined) throw noDatabase(config)
  try {
    return await ask(records)
  } finally {
    await records.close()
  }
}

import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Records } from '../../ports/records.ts'
import type { Services } from './services.ts'

/**
 * Asks what a gate has written down, whether it runs or not.
 *
 * @throws GateError `usage` where the configured data folder holds no database
 */
export async function askRecords<Answer>(
  config: Config,
  services: Services,
  ask: (records: Records) => Promise<Answer>,
): Promise<Answer> {
  return await askRecordsIfAny(config, services, async records => {
    if (records !== undefined) return await ask(records)
    throw new GateError(
      'usage',
      `there is no database of a gate in ${config.data}: run this where the gate runs (--config, PORTCULLIS_DATA)`,
    )
  })
}

/** The same, with nothing to ask where there is no database: for what only adds to an answer. */
export async function askRecordsIfAny<Answer>(
  config: Config,
  services: Services,
  ask: (records: Records | undefined) => Promise<Answer>,
): Promise<Answer> {
  const records = await services.openRecords(config)
  try {
    return await ask(records)
  } finally {
    await records?.close()
  }
}

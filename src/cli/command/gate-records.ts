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
  ask: (records: Records) => Answer,
): Promise<Answer> {
  const records = await services.openRecords(config)
  if (records === undefined)
    throw new GateError(
      'usage',
      `there is no database of a gate in ${config.data}: run this where the gate runs (--config, PORTCULLIS_DATA)`,
    )
  try {
    return ask(records)
  } finally {
    records.close()
  }
}

/** The same, with nothing to ask where there is no database: for what only adds to an answer. */
export async function askRecordsIfAny<Answer>(
  config: Config,
  services: Services,
  ask: (records: Records | undefined) => Answer,
): Promise<Answer> {
  const records = await services.openRecords(config)
  try {
    return ask(records)
  } finally {
    records?.close()
  }
}

import { existsSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { Records } from '../../ports/records.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
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
  index?: string,
): Promise<Answer> {
  const askAny = async (records: Records | undefined): Promise<Answer> => {
    if (records !== undefined) return await ask(records)
    throw noDatabase(config)
  }
  return await askRecordsIfAny(config, services, askAny, index)
}

/**
 * For what looks at a data folder, or changes what is there: whoever mistypes one is told, and no folder is made.
 *
 * @throws GateError `usage` where the configured data folder holds no database
 */
export async function assertDatabase(config: Config, services: Pick<Services, 'hasDatabase'>): Promise<void> {
  if (!(await services.hasDatabase(config))) throw noDatabase(config)
}

/** What whoever looks at such a folder is told. */
export function noDatabase({ data }: Config): GateError {
  const nothing = existsSync(data) ? `there is no database of a gate in ${data}` : `there is no folder ${data}`
  return new GateError('usage', `${nothing}: run this where the gate runs (--config, PORTCULLIS_DATA)`)
}

/** Says on stderr that what is told of the time from `since` on is not all, where verdicts of it left the journal for want of room. */
export async function tellDropped(
  records: Pick<Records, 'dropped'>,
  since: Instant,
  { output }: Pick<Services, 'output'>,
): Promise<void> {
  const dropped = await records.dropped()
  if (dropped === undefined || dropped.until < since) return
  const { verdicts, until } = dropped
  createScreen(output, 'err').line(
    styled('doubt', 'note'),
    `: the journal was full (journal.max_size): ${counted(verdicts, 'verdict')} up to ${formatInstant(until).slice(0, 16)}Z went before their time, and are not told of here`,
  )
}

/** The same, with nothing to ask where there is no database: for what only adds to an answer. */
export async function askRecordsIfAny<Answer>(
  config: Config,
  services: Services,
  ask: (records: Records | undefined) => Promise<Answer>,
  index?: string,
): Promise<Answer> {
  const records = await services.openRecords(config, index)
  try {
    return await ask(records)
  } finally {
    await records?.close()
  }
}

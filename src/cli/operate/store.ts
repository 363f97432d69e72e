import { resolve } from 'node:path'
import type { Command } from 'commander'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { printable } from '../../protocol/text/quote.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

interface StoreOptions {
  readonly config?: string
  readonly data?: string
  readonly from?: string
  readonly format: 'text' | 'json'
}

type StoreServices = Pick<Services, 'loadConfig' | 'output' | 'checkStore' | 'migrateStore'>
type Checked = Awaited<ReturnType<Services['checkStore']>>
type Migrated = Awaited<ReturnType<Services['migrateStore']>>

const MIGRATE =
  'Brings what a data folder knows into store.database (what was seen of projects, findings, the journal, the audit log, refusals, tokens, what a mirror holds) and its files, provenance and .metadata to the bucket of store.blobs, hashed on both sides: of the two, whichever is configured. What is there already stays. The folder is only read; what its gate learns meanwhile comes with another run. A run that was stopped goes on with the next, and a second one changes nothing.'

const CHECK =
  'Compares the rows of store.database with what was written down of them, and looks whether its audit log is whole, reads and hashes every object of the bucket of store.blobs, and looks for those that should be there: all that the database has on record, and all that lies in the data folder. Nothing is changed; gates may run. A finding or an object that is spoilt is taken for absent by every gate, and found anew.'

const CODES = `
Exit codes:
  0  done, and all is as it should be
  1  something is not: each is told, a file by its sha256
  2  usage or configuration: neither store.database nor store.blobs, no such
     folder
  3  the folder, the database or the bucket could not answer

${ENVIRONMENT}`

/** `store migrate`, `store check`: what several gates share. */
export function addStoreCommand(program: Command, services: StoreServices, conclude: Conclude): void {
  const store = program.command('store').description('Move to stores that several gates share, and check them.')
  store
    .command('migrate')
    .summary('bring a data folder to what gates share')
    .description(MIGRATE)
    .requiredOption('--from <folder>', 'the data folder of a gate that kept everything to itself')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', `${CODES}\n\nExamples:\n  portcullis store migrate --from /var/lib/portcullis`)
    .action(async (_options, command: Command) => {
      conclude(await migrate(command.optsWithGlobals<StoreOptions & { readonly from: string }>(), services))
    })
  store
    .command('check')
    .summary('compare what gates share with what was written down of it')
    .description(CHECK)
    .option('--data <folder>', 'the data folder of a gate')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', `${CODES}\n\nExamples:\n  portcullis store check`)
    .action(async (_options, command: Command) => {
      conclude(await check(command.optsWithGlobals<StoreOptions>(), services))
    })
}

async function check({ format, ...given }: StoreOptions, services: StoreServices): Promise<ExitCode> {
  const { config } = await services.loadConfig(given)
  const { rows, bytes } = await services.checkStore(config)
  if (format === 'json') services.output.out(jsonLine({ rows: rows ?? null, ...bytes }))
  else tellChecked(createScreen(services.output), { rows, bytes })
  const wrong = (rows?.length ?? 0) + (bytes?.spoilt.length ?? 0) + (bytes?.gone.length ?? 0)
  return wrong === 0 ? 0 : 1
}

function tellChecked(screen: Screen, { rows, bytes }: Checked): void {
  const bad = (text: string): void => screen.line(styled('bad', '✗'), ` ${printable(text)}`)
  if (rows !== undefined) {
    for (const row of rows) bad(row)
    screen.line(`database: ${rows.length === 0 ? 'as it was written down' : `${counted(rows.length, 'row')} spoilt`}`)
  }
  if (bytes === undefined) return
  for (const sha256 of bytes.spoilt) bad(`${sha256} has other bytes`)
  for (const sha256 of bytes.gone) bad(`${sha256} is gone`)
  const { checked, spoilt, gone } = bytes
  screen.line(`bucket: ${counted(checked, 'object')} read, ${spoilt.length} spoilt, ${gone.length} gone`)
}

async function migrate(
  { format, from, ...given }: StoreOptions & { readonly from: string },
  services: StoreServices,
): Promise<ExitCode> {
  const { config } = await services.loadConfig(given)
  const { rows, bytes } = await services.migrateStore(config, resolve(from))
  if (format === 'json') {
    const { tooLarge = [], ...counts } = bytes ?? {}
    services.output.out(
      jsonLine({
        rows: rows?.map(({ what, inFolder, inDatabase }) => ({ what, in_folder: inFolder, in_database: inDatabase })),
        ...(bytes === undefined ? {} : { ...counts, too_large: [...tooLarge] }),
      }),
    )
  } else tellMigrated(createScreen(services.output), { rows, bytes })
  return (bytes?.wrong.length ?? 0) + (bytes?.tooLarge.length ?? 0) === 0 ? 0 : 1
}

function tellMigrated(screen: Screen, { rows = [], bytes }: Migrated): void {
  for (const { what, inFolder, inDatabase } of rows)
    screen.line(`${what}: ${inFolder} in the folder, ${inDatabase} in the database`)
  if (bytes === undefined) return
  for (const sha256 of bytes.wrong)
    screen.line(styled('bad', '✗'), ` ${sha256} has other bytes in the folder, or is gone`)
  for (const sha256 of bytes.tooLarge) screen.line(styled('bad', '✗'), ` ${sha256} is too large for one object`)
  screen.line(`${counted(bytes.found, 'file')} found, ${bytes.brought} brought, ${bytes.there} there already`)
}

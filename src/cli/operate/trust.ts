import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Config } from '../../config/schema.ts'
import { GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import type { Trust } from '../../ports/trust.ts'
import { isJsonObject } from '../../protocol/text/json.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { writeWhole } from '../terminal/write-whole.ts'

interface TrustOptions {
  readonly config?: string
  readonly data?: string
  readonly format: 'text' | 'json'
}

const CODES = `
Exit codes:
  0  done
  2  usage or configuration
  5  there is no trust root, or it cannot be used or is too old

${ENVIRONMENT}`

export function addTrustCommand(program: Command, services: Services, conclude: Conclude): void {
  const trust = program
    .command('trust')
    .description('Look at the Sigstore trust root in use, refresh it, write it out.')
  trust
    .command('show')
    .summary('tell which root is in use, how old it is, and which keys it has')
    .description(
      'Tells which root is in use, how old it is where that is known, and which keys it has. Nothing is refreshed.',
    )
    .option('--data <folder>', 'the data folder, where what TUF brought is kept')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', `${CODES}\n\nExamples:\n  portcullis trust show`)
    .action(async (_options, command: Command) => {
      conclude(await show(command.optsWithGlobals<TrustOptions>(), services))
    })
  trust
    .command('update')
    .summary('refresh the root from Sigstore’s TUF repository now')
    .description(
      'Refreshes the root from Sigstore’s TUF repository now, as a gate does by itself. A pinned root, and the embedded one, are as they are: to update a pin is to replace its file.',
    )
    .option('--data <folder>', 'the data folder, where what TUF brought is kept')
    .addHelpText('after', `${CODES}\n\nExamples:\n  portcullis trust update`)
    .action(async (_options, command: Command) => {
      conclude(await update(command.optsWithGlobals<TrustOptions>(), services))
    })
  trust
    .command('export')
    .summary('write the root in use to a file that can be pinned')
    .description(
      'Writes the root in use to a trusted_root.json that can be pinned (trust.root) where there is no network. Carry it in by a way that is trusted: whoever can change it decides what verifies.',
    )
    .argument('<file>', 'where it goes; nothing is overwritten')
    .option('--data <folder>', 'the data folder, where what TUF brought is kept')
    .addHelpText('after', `${CODES}\n\nExamples:\n  portcullis trust export trusted_root.json`)
    .action(async (file: string, _options, command: Command) => {
      await write(file, command.optsWithGlobals<TrustOptions>(), services)
    })
}

async function withTrust<Result>(
  options: TrustOptions,
  services: Services,
  how: { readonly refresh: boolean },
  use: (trust: Trust, config: Config) => Promise<Result> | Result,
): Promise<Result> {
  const { config } = await services.loadConfig({ ...options })
  const trust = await services.openTrust(config, how)
  try {
    return await use(trust, config)
  } finally {
    await trust.close()
  }
}

async function show(options: TrustOptions, services: Services): Promise<ExitCode> {
  return await withTrust(options, services, { refresh: false }, (trust, { data }) => {
    const now = services.clock()
    const status = trust.status(now)
    const keys = status.fresh ? keysOf(trust.fresh(now).json) : []
    if (options.format === 'json') {
      const { source, digest, refreshed, ageMs, newestKey, fresh, detail } = status
      services.output.out(
        jsonLine({
          source,
          digest: digest ?? null,
          refreshed: refreshed === undefined ? null : formatInstant(refreshed),
          age_days: ageMs === undefined ? null : Math.floor(ageMs / 86_400_000),
          newest_key: newestKey === undefined ? null : formatInstant(newestKey),
          fresh,
          detail,
          keys,
        }),
      )
    } else {
      tell(createScreen(services.output), trust, services)
      if (status.source === 'tuf' && !existsSync(data))
        createScreen(services.output).line(`There is no folder ${data}: --data and PORTCULLIS_DATA name another.`)
      for (const { kind, name, from, to } of keys)
        createScreen(services.output).line(`  ${kind.padEnd(22)} ${name}  ${from ?? '…'} – ${to ?? ''}`.trimEnd())
    }
    return status.fresh ? 0 : 5
  })
}

function tell(screen: Screen, trust: Trust, { clock }: Services): void {
  const { source, digest, ageMs, newestKey, fresh, detail } = trust.status(clock())
  screen.line(styled(fresh ? 'good' : 'bad', fresh ? '✓' : '✗'), ` ${source}: `, detail)
  if (digest !== undefined) screen.line(`  ${'sha256'.padEnd(22)} ${digest}`)
  if (ageMs !== undefined) screen.line(`  ${'age'.padEnd(22)} ${counted(Math.floor(ageMs / 86_400_000), 'day')}`)
  else if (newestKey !== undefined)
    screen.line(`  ${'age'.padEnd(22)} not known; made since ${formatInstant(newestKey).slice(0, 10)}`)
}

async function update(options: TrustOptions, services: Services): Promise<ExitCode> {
  // opening asks at once, and a refresh is as old as its question
  const before = services.clock()
  return await withTrust(options, services, { refresh: true }, async trust => {
    await trust.settled()
    const { source, refreshed, fresh } = trust.status(services.clock())
    const screen = createScreen(services.output)
    tell(screen, trust, services)
    if (source !== 'tuf') screen.line('Nothing refreshes this root: to update it, replace its file.')
    const failed = source === 'tuf' && (refreshed === undefined || refreshed < before)
    if (failed && fresh)
      screen.line(styled('bad', 'It could not be refreshed now'), '; the one before is still in force.')
    return fresh && !failed ? 0 : 5
  })
}

async function write(file: string, options: TrustOptions, services: Services): Promise<void> {
  await withTrust(options, services, { refresh: true }, async trust => {
    await trust.settled()
    const { json, digest } = trust.fresh(services.clock())
    writeWhole(file, json, { over: false }) // as it was hashed: sha256sum says the same
    const screen = createScreen(services.output)
    screen.line(`${file} has the root with the sha256 ${digest}`)
    screen.line(`Inside: compare it with sha256sum, by a way that is trusted, then set trust.root to that file`)
  })
}

interface RootKey {
  readonly kind: string
  readonly name: string
  readonly from: string | null
  readonly to: string | null
}

const KINDS = [
  ['tlogs', 'transparency log', 'baseUrl'],
  ['ctlogs', 'certificate log', 'baseUrl'],
  ['certificateAuthorities', 'certificate authority', 'uri'],
  ['timestampAuthorities', 'time-stamp authority', 'uri'],
] as const

/** The keys of a trusted_root.json, with how long each is good for. */
function keysOf(json: string): readonly RootKey[] {
  const root: unknown = JSON.parse(json)
  if (!isJsonObject(root)) throw new GateError('unknown-trust', 'the trusted root is no object')
  return KINDS.flatMap(([member, kind, naming]) => {
    const list = root[member]
    return (Array.isArray(list) ? list : []).filter(isJsonObject).map(entry => {
      const publicKey = isJsonObject(entry['publicKey']) ? entry['publicKey'] : entry
      const validFor = isJsonObject(publicKey['validFor']) ? publicKey['validFor'] : {}
      const name = entry[naming]
      return {
        kind,
        name: typeof name === 'string' ? name : '',
        from: dayOf(validFor['start']),
        to: dayOf(validFor['end']),
      }
    })
  })
}

function dayOf(time: unknown): string | null {
  return typeof time === 'string' ? time.slice(0, 10) : null
}

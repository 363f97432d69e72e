import type { Command } from 'commander'
import { instant } from '../../domain/base/instant.ts'
import { describeRevocation } from '../../domain/policy/compare-policies.ts'
import type { Download } from '../../gate/records/downloads.ts'
import { findRevoked, type RevokedFiles } from '../../gate/revoked/revoked-downloads.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { askRecords, tellDropped } from '../command/gate-records.ts'
import { requireGivenPolicy } from '../command/given-policy.ts'
import { collect, ENVIRONMENT, formatOption } from '../command/options.ts'
import type { GateNamed, Services } from '../command/services.ts'
import { downloadJson, readDownload, renderDownloads } from '../command/told-downloads.ts'
import { namePolicy, tellPolicy } from '../command/told-policy.ts'
import { nearPath } from '../terminal/near-path.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

interface ShowOptions extends GateOptions {
  readonly config?: string
  readonly policy?: readonly string[]
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `For an incident: what the policy revokes, which files the gate knows of it, and who downloaded them, from the journal. A revocation holds from its load on, for files that the gate has stored too; this is about those that left before.

The journal reaches back as far as journal.keep. A file whose provenance was verified under no root that is on record can only be found by its sha256, or by project and versions.`

const MORE = `
Exit codes:
  0  told; also where there is nothing to tell
  2  usage, configuration or policy

Output of --format json, one object a line and a revocation:
  {revocation, reason, place, files: [{filename, sha256, held}],
   downloads: [{subject, client, index, project, filename, sha256, verdict,
                rule, requests, first, last}]}
held: the gate keeps the bytes; it gives them to nobody.

${ENVIRONMENT}

Examples:
  portcullis revocations show
  portcullis revocations show --policy incident.yaml --format json`

export function addRevocationsCommand(program: Command, services: Services): void {
  const revocations = program.command('revocations').description('Look at what the policy revokes.')
  revocations
    .command('show')
    .summary('list revocations, the files that they name, and who downloaded them')
    .description(DESCRIPTION)
    .option('--policy <file>', 'instead of the configured policy; may be given several times', collect)
    .addOption(formatOption('json prints one object a line and a revocation'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      await show(command.optsWithGlobals<ShowOptions>(), services)
    })
}

async function show(options: ShowOptions, services: Services): Promise<void> {
  const named = gateNamed(options, services, { '--policy': options.policy })
  if (named !== undefined) return await showAfar(named, options, services)
  const { config } = await services.loadConfig({ config: options.config })
  const { policy } = await requireGivenPolicy(options.policy ?? config.policy, services, { config, gate: config })
  await tellPolicy(policy, { config, format: options.format }, services)
  await askRecords(config, services, async records => {
    if (policy.revocations.length > 0) await tellDropped(records, instant(0), services)
    const found = await findRevoked(records, policy.revocations)
    tell(found.map(shownOf), options, services)
  })
}

async function showAfar(named: GateNamed, options: ShowOptions, services: Services): Promise<void> {
  const told = await askGate(named, services, gate => gate.ask('listRevocations', {}))
  if (options.format === 'text') namePolicy(told.policy, services)
  tell(
    told.items.map(({ place, downloads, ...rest }) => ({ ...rest, ...place, downloads: downloads.map(readDownload) })),
    options,
    services,
  )
  if (told.items.some(({ more }) => more))
    createScreen(services.output, 'err').line(
      styled('doubt', 'note'),
      ': more was downloaded than the gate tells at once; portcullis downloads show tells all of a file',
    )
}

function tell(found: readonly ShownRevocation[], { format }: ShowOptions, { output }: Services): void {
  if (format === 'json') for (const it of found) output.out(jsonLine(toJson(it)))
  else render(createScreen(output), found)
}

/** A revocation as it is shown, whoever found its files. */
interface ShownRevocation {
  readonly revocation: string
  readonly reason: string
  readonly file: string
  readonly line: number
  readonly files: readonly { readonly filename: string; readonly sha256: string; readonly held: boolean }[]
  readonly downloads: readonly Download[]
}

function shownOf({ revocation, files, downloads }: RevokedFiles): ShownRevocation {
  const { ref, reason } = revocation
  return { revocation: describeRevocation(revocation), reason, file: ref.file, line: ref.line, files, downloads }
}

function toJson({ revocation, reason, file, line, files, downloads }: ShownRevocation): object {
  return {
    revocation,
    reason,
    place: `${file}:${line}`,
    files,
    downloads: downloads.map(downloadJson),
  }
}

function render(screen: Screen, found: readonly ShownRevocation[]): void {
  if (found.length === 0) screen.line('the policy revokes nothing')
  for (const [index, { revocation, file, line, files, downloads }] of found.entries()) {
    if (index > 0) screen.line()
    screen.prose([styled('bad', '✗'), ' '], revocation)
    screen.line(styled('dim', `  ${nearPath(file)}:${line}`))
    for (const { filename, sha256, held } of files) {
      screen.line(`  ${filename}`, styled('dim', held ? '  kept here, given to nobody' : ''))
      screen.line(`    sha256 ${sha256}`)
    }
    if (downloads.length === 0) {
      screen.line(
        files.length === 0 ? '  no file of it is on record' : '  nobody downloaded it, as far back as the journal goes',
      )
      continue
    }
    const clients = new Set(downloads.map(({ client, subject }) => `${subject} ${client}`)).size
    screen.line(`  downloaded by ${counted(clients, 'client')}:`)
    renderDownloads(screen, downloads, '  ')
  }
}

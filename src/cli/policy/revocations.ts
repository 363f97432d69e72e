import type { Command } from 'commander'
import { formatInstant, instant } from '../../domain/base/instant.ts'
import { describeRevocation } from '../../domain/policy/compare-policies.ts'
import { findRevoked, type RevokedFiles } from '../../gate/records/revoked-downloads.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askRecords, tellDropped } from '../command/gate-records.ts'
import { requireGivenPolicy } from '../command/given-policy.ts'
import { collect, ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Services } from '../command/services.ts'
import { tellPolicy } from '../command/told-policy.ts'
import { nearPath } from '../terminal/near-path.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted, renderTable } from '../terminal/table.ts'

interface ShowOptions {
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
   downloads: [{client, filename, sha256, requests, first, last}]}
held: the gate keeps the bytes; it gives them to nobody.

${ENVIRONMENT}

Examples:
  portcullis revocations show
  portcullis revocations show --policy incident.yaml --format json`

export function addRevocationsCommand(program: Command, services: Services): void {
  const revocations = program
    .command('revocations')
    .summary('look at what the policy revokes, and who has it')
    .description('Look at what the policy revokes.')
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
  const { config } = services.loadConfig({ config: options.config })
  const { policy } = await requireGivenPolicy(options.policy ?? config.policy, services)
  await tellPolicy(policy, { config, format: options.format }, services)
  await askRecords(config, services, async records => {
    if (policy.revocations.length > 0) await tellDropped(records, instant(0), services)
    const found = await findRevoked(records, policy.revocations)
    if (options.format === 'json') for (const it of found) services.output.out(jsonLine(toJson(it)))
    else render(createScreen(services.output), found)
  })
}

function toJson({ revocation, files, downloads }: RevokedFiles): object {
  const { ref, reason } = revocation
  return {
    revocation: describeRevocation(revocation),
    reason,
    place: `${ref.file}:${ref.line}`,
    files,
    downloads: downloads.map(({ first, last, ...rest }) => ({
      ...rest,
      first: formatInstant(first),
      last: formatInstant(last),
    })),
  }
}

function render(screen: Screen, found: readonly RevokedFiles[]): void {
  if (found.length === 0) screen.line('the policy revokes nothing')
  for (const [index, { revocation, files, downloads }] of found.entries()) {
    if (index > 0) screen.line()
    const { ref } = revocation
    screen.prose([styled('bad', '✗'), ' '], describeRevocation(revocation))
    screen.line(styled('dim', `  ${nearPath(ref.file)}:${ref.line}`))
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
    const clients = new Set(downloads.map(({ client }) => client)).size
    screen.line(`  downloaded by ${counted(clients, 'client')}:`)
    renderTable(
      screen,
      ['  client', 'requests', 'first', 'last', 'file'],
      downloads.map(({ client, requests, first, last, filename }) => [
        `  ${client}`,
        requests,
        `${formatInstant(first).slice(0, 16)}Z`,
        `${formatInstant(last).slice(0, 16)}Z`,
        filename,
      ]),
    )
  }
}

import type { Command } from 'commander'
import { formatInstant } from '../../domain/base/instant.ts'
import type { AccessRequest } from '../../ports/console/requests.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, everyItem, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { askRecords } from '../command/gate-records.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { readRequest } from '../requests/told-request.ts'
import { createScreen } from '../terminal/screen.ts'
import { renderTable } from '../terminal/table.ts'

interface ListOptions extends GateOptions {
  readonly config?: string
  readonly format: 'text' | 'json'
}

const MORE = `
Exit codes:
  0  told; also where there is none
  2  usage or configuration
  3  the data folder could not be read

Output of --format json, one object a line and an approval:
  {request, index, project, version, filename, sha256, code, reason, asked_by,
   asked_at, approved_by, approved_at, ends, extent, ticket, words, yaml}

${ENVIRONMENT}

Examples:
  portcullis policy approvals list
  portcullis policy approvals list --format json`

export function addApprovalsList(approvals: Command, services: Services, _conclude: Conclude): void {
  approvals
    .command('list')
    .summary('list what is approved now, at every index')
    .description(
      'Lists what was approved in the console and neither was withdrawn nor has ended, at every index, the oldest first.',
    )
    .addOption(formatOption('json prints one object a line and an approval'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>()
      const approved = await approvedNow(options, services)
      if (options.format === 'json') for (const one of approved) services.output.out(jsonLine(toJson(one)))
      else render(approved, services)
    })
}

async function approvedNow(options: ListOptions, services: Services): Promise<readonly AccessRequest[]> {
  const now = services.clock()
  const named = gateNamed(options, services)
  if (named === undefined) {
    const { config } = await services.loadConfig({ config: options.config })
    return await askRecords(config, services, async records => await records.approvals(now))
  }
  const filter = { state: 'approved', limit: '500' } as const
  const items = await askGate(named, services, gate =>
    everyItem(async cursor => await gate.ask('listRequests', { ...filter, cursor })),
  )
  const approved = items.map(readRequest)
  return approved.filter(({ decision }) => (decision?.approval?.ends ?? now) > now).toReversed()
}

function toJson({
  id,
  index,
  project,
  version,
  filename,
  sha256,
  code,
  reason,
  by,
  at,
  decision,
}: AccessRequest): object {
  const { approval } = decision ?? {}
  return {
    request: id,
    index,
    project,
    version: version ?? null,
    filename,
    sha256: sha256 ?? null,
    code,
    reason,
    asked_by: by.email ?? by.subject,
    asked_at: formatInstant(at),
    approved_by: decision?.email ?? decision?.by ?? null,
    approved_at: decision === undefined ? null : formatInstant(decision.at),
    ends: approval === undefined ? null : formatInstant(approval.ends),
    extent: approval?.extent ?? null,
    ticket: decision?.ticket ?? null,
    words: decision?.words ?? null,
    yaml: approval?.yaml ?? null,
  }
}

function render(approved: readonly AccessRequest[], { output }: Services): void {
  const screen = createScreen(output)
  if (approved.length === 0) {
    screen.line('nothing is approved')
    return
  }
  renderTable(
    screen,
    ['ends', 'request', 'index', 'file', 'extent', 'code', 'by'],
    approved.map(({ id, index, filename, code, decision }) => [
      decision?.approval === undefined ? '-' : formatInstant(decision.approval.ends).slice(0, 10),
      id,
      index,
      filename,
      decision?.approval?.extent ?? '-',
      code,
      decision?.email ?? decision?.by ?? '-',
    ]),
  )
}

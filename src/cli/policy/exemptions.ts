import type { Command } from 'commander'
import { formatInstant, type Instant, instant } from '../../domain/base/instant.ts'
import { countPins } from '../../domain/policy/exemptions.ts'
import type { Exemption } from '../../domain/policy/policy.ts'
import type { Records } from '../../ports/records.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askGate, type GateOptions, gateNamed } from '../command/asked-gate.ts'
import { askRecordsIfAny, tellDropped } from '../command/gate-records.ts'
import { requireGivenPolicy } from '../command/given-policy.ts'
import { collect, ENVIRONMENT, formatOption, writtenOption } from '../command/options.ts'
import type { GateNamed, Services } from '../command/services.ts'
import { parseLength } from '../command/since.ts'
import { namePolicy, tellPolicy } from '../command/told-policy.ts'
import { nearPath } from '../terminal/near-path.ts'
import { createScreen } from '../terminal/screen.ts'
import { counted, renderTable } from '../terminal/table.ts'

interface ExpiringOptions extends GateOptions {
  readonly config?: string
  readonly policy?: readonly string[]
  readonly within: number
  readonly format: 'text' | 'json'
}

const DAY = 86_400_000

export function addExemptionsCommand(program: Command, services: Services): void {
  const exemptions = program.command('exemptions').description('Look at the exemptions of the policy.')
  exemptions
    .command('expiring')
    .summary('list exemptions that end soon, and those that have ended')
    .description(
      'Lists the exemptions that end within a length of time, and those that have ended, the next to end first; those of one owner that end at once are one line. Where the configured data folder has a gate’s database, it says how often each let a file pass in the last 30 days.',
    )
    .addOption(writtenOption('--within <14d>', 'how soon', { parse: parseLength, otherwise: '14d' }))
    .option('--policy <file>', 'instead of the configured policy; may be given several times', collect)
    .addOption(formatOption('json prints one object a line and an exemption'))
    .addHelpText(
      'after',
      `
Exit codes:
  0  told; also where there is nothing to tell
  2  usage, configuration or policy

Output of --format json, one object a line:
  {id, project, files, pins: null | {file, projects, files}, waive, owner,
   ticket, reason, ends, ended, place, uses: null | number}
project is null and files empty where a pins file has them.

${ENVIRONMENT}

Examples:
  portcullis exemptions expiring
  portcullis exemptions expiring --within 30d --format json`,
    )
    .action(async (_options, command: Command) => {
      await tellExpiring(command.optsWithGlobals<ExpiringOptions>(), services)
    })
}

async function tellExpiring(options: ExpiringOptions, services: Services): Promise<void> {
  const named = gateNamed(options, services, { '--policy': options.policy })
  if (named !== undefined) return await tellAfar(named, options, services)
  const { config } = await services.loadConfig({ config: options.config })
  const { contents, policy } = await requireGivenPolicy(options.policy ?? config.policy, services, {
    config,
    gate: config,
  })
  await tellPolicy(policy, { config, format: options.format }, services)
  const now = services.clock()
  const soon = contents.exemptions.filter(({ ends }) => ends - now <= options.within).sort((a, b) => a.ends - b.ends)
  await askRecordsIfAny(config, services, async records => {
    const since = instant(now - 30 * DAY)
    const uses = records === undefined ? undefined : await countUses(records, since)
    if (records !== undefined) await tellDropped(records, since, services)
    tell(soon.map(shownOf), { now, uses, ...options }, services)
  })
}

async function tellAfar(named: GateNamed, options: ExpiringOptions, services: Services): Promise<void> {
  const now = services.clock()
  const before = formatInstant(instant(now + options.within))
  const told = await askGate(named, services, gate => gate.ask('listExemptions', { ends_before: before }))
  if (options.format === 'text') namePolicy(told.policy, services)
  const soon = told.items.map(({ ends, rule, place, ...rest }) => ({
    ...rest,
    ends: instant(Date.parse(ends)),
    ref: { id: rule, ...place },
  }))
  tell(soon, { now, uses: undefined, ...options }, services)
}

interface Telling extends Pick<ExpiringOptions, 'format'> {
  readonly now: Instant
  readonly uses: ReadonlyMap<string, number> | undefined
}

function tell(soon: readonly ShownExemption[], { now, uses, format }: Telling, services: Services): void {
  if (format === 'json') for (const exemption of soon) services.output.out(jsonLine(toJson(exemption, now, uses)))
  else render(services, soon, now, uses)
}

/** An exemption as it is shown, wherever its policy is. */
interface ShownExemption extends Pick<Exemption, 'id' | 'owner' | 'reason' | 'ends' | 'ref'> {
  readonly project: string | null
  readonly files: Readonly<Record<string, string>>
  readonly pins: { readonly file: string; readonly projects: readonly string[]; readonly files: number } | null
  readonly projects: readonly string[]
  readonly pinned: number
  readonly waive: readonly string[]
  readonly ticket: string | null
}

function shownOf(exemption: Exemption): ShownExemption {
  const { id, pins, pinsFile, waive, owner, ticket, reason, ends, ref } = exemption
  const files = [...pins.values()].flatMap(own => (own.by === 'file' ? [...own.files] : []))
  const projects = [...pins.keys()]
  const pinned = countPins(exemption)
  return {
    id,
    project: pinsFile === undefined ? (projects[0] ?? null) : null,
    files: Object.fromEntries(files.map(([filename, sha256]) => [filename, `sha256:${sha256}`])),
    pins: pinsFile === undefined ? null : { file: pinsFile, projects, files: pinned },
    projects,
    pinned,
    waive,
    owner,
    ticket: ticket ?? null,
    reason,
    ends,
    ref,
  }
}

async function countUses(records: Pick<Records, 'journal'>, since: Instant): Promise<ReadonlyMap<string, number>> {
  const uses = new Map<string, number>()
  for await (const { outcome, rule, count } of records.journal(since))
    if (outcome === 'admitted' && rule !== undefined) uses.set(rule, (uses.get(rule) ?? 0) + count)
  return uses
}

function toJson(exemption: ShownExemption, now: Instant, uses: ReadonlyMap<string, number> | undefined): object {
  const { id, project, files, pins, waive, owner, ticket, reason, ends, ref } = exemption
  return {
    id,
    project,
    files,
    pins,
    waive,
    owner,
    ticket,
    reason,
    ends: formatInstant(ends),
    ended: ends <= now,
    place: `${ref.file}:${ref.line}`,
    uses: uses === undefined ? null : (uses.get(ref.id) ?? 0),
  }
}

function render(
  { output }: Services,
  exemptions: readonly ShownExemption[],
  now: Instant,
  uses: ReadonlyMap<string, number> | undefined,
): void {
  const screen = createScreen(output)
  if (exemptions.length === 0) {
    screen.line('no exemption ends within that time')
    return
  }
  const used = uses === undefined ? [] : ['used']
  const groups = [...Map.groupBy(exemptions, ({ owner, ends }) => `${ends} ${owner}`).values()]
  renderTable(
    screen,
    ['ends', 'exemption', 'project', 'files', ...used, 'waives'],
    groups.map(group => [
      group.map(({ ends }) => left(ends, now))[0] ?? '',
      oneOr(
        group.map(({ id }) => id),
        'exemption',
      ),
      oneOr(
        group.flatMap(({ projects }) => projects),
        'project',
      ),
      group.reduce((sum, exemption) => sum + exemption.pinned, 0),
      ...(uses === undefined ? [] : [group.reduce((sum, { ref }) => sum + (uses.get(ref.id) ?? 0), 0)]),
      [...new Set(group.flatMap(({ waive }) => waive))].join(', '),
    ]),
    groups.map(describeGroup),
  )
}

/** Of a group that are named one by one. */
const MOST_NAMED = 8

/** Who answers for it, and where it stands. */
function describeGroup(group: readonly ShownExemption[]): string {
  const [first] = group
  const place = ({ ref }: ShownExemption) => `${nearPath(ref.file)}:${ref.line}`
  const tickets = [...new Set(group.flatMap(({ ticket }) => ticket ?? []))]
  const who = [first?.owner ?? '', ...tickets].join(', ')
  if (first === undefined || group.length === 1) return first === undefined ? who : `${who}, ${place(first)}`
  const named = group.slice(0, MOST_NAMED).map(exemption => `${exemption.id} (${place(exemption)})`)
  const more = group.length > MOST_NAMED ? ` and ${group.length - MOST_NAMED} more: --format json names all` : ''
  return `${who}: ${named.join(', ')}${more}`
}

function oneOr(names: readonly string[], what: string): string {
  const [first, ...others] = new Set(names)
  return first === undefined || others.length > 0 ? counted(new Set(names).size, what) : first
}

function left(ends: Instant, now: Instant): string {
  if (ends <= now) return `ended ${formatInstant(ends).slice(0, 10)}`
  const days = Math.floor((ends - now) / DAY)
  return days === 0 ? `today, ${formatInstant(ends).slice(11, 16)}Z` : `in ${days} d`
}

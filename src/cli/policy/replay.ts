import { type Command, InvalidArgumentError } from 'commander'
import { formatInstant, type Instant, instant } from '../../domain/base/instant.ts'
import { type Changed, type Replay, replay, type Untold } from '../../gate/records/replay.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askRecords } from '../command/gate-records.ts'
import { collect, ENVIRONMENT, formatOption, parseTime } from '../command/options.ts'
import type { Conclude, Services } from '../command/services.ts'
import { createScreen, type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { requireGivenPolicy } from './given-policy.ts'

interface ReplayOptions {
  readonly config?: string
  readonly policy: readonly string[]
  readonly since: Since
  readonly at?: 'now' | Instant
  readonly format: 'text' | 'json'
}

/** A length of time up to now, or a moment. */
export type Since = { readonly ago: number } | { readonly from: Instant }

const DESCRIPTION = `Decides the requests that the gate has recorded again under another policy, and lists those whose outcome changes: what would have broken, and what would have passed. Each is decided with the evidence on record, with what was remembered of the project then, and at the time of the request; --at now asks what the same requests would get today.

Nothing is asked of any network. Where the other policy asks for provenance that is not on record, mostly because the file was refused without a look at it, the outcome cannot be told: it is listed apart.`

const MORE = `
Exit codes:
  0  no outcome changes
  1  an outcome changes
  2  usage, configuration or policy; there is no database of a gate

Output of --format json, one object:
  {requests, changed: [{project, filename, sha256, from: {outcome, code},
     to: {outcome, code, detail}, requests, clients, first, last}],
   watched: [the same], untold: [the same without to]}
watched: of a policy in mode: audit, what would pass only because it watches.

${ENVIRONMENT}

Examples:
  portcullis policy replay --since 30d --policy acme.yaml
  portcullis policy replay --since 2026-11-01 --policy acme.yaml --at now`

export function addPolicyReplay(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('replay')
    .summary('list the recorded requests whose outcome changes under another policy')
    .description(DESCRIPTION)
    .requiredOption('--policy <file>', 'the other policy; may be given several times', collect)
    .option('--since <30d | date>', 'from when on: a length of time, a date or a time', parseSince, { ago: 30 * DAY })
    .option('--at <now | time>', 'decide as of this moment instead of that of each request', parseAt)
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (_options, command: Command) => {
      const { config, policy: files, since, at, format } = command.optsWithGlobals<ReplayOptions>()
      const { policy: compiled } = await requireGivenPolicy(files, services)
      await askRecords(services.loadConfig({ config: config }).config, services, records => {
        const now = services.clock()
        const replayed = replay(records, compiled, { since: sinceAt(since, now), at: at === 'now' ? now : at })
        if (format === 'json') services.output.out(jsonLine(replayJson(replayed)))
        else renderReplay(createScreen(services.output), replayed)
        conclude(replayed.changed.length === 0 ? 0 : 1)
      })
    })
}

const DAY = 86_400_000
const UNITS: Readonly<Record<string, number>> = { d: DAY, h: 3_600_000, m: 60_000 }

export function parseSince(text: string): Since {
  const [, count, unit = ''] = /^(\d{1,5})([dhm])$/.exec(text) ?? []
  const size = UNITS[unit]
  return count === undefined || size === undefined ? { from: parseTime(text) } : { ago: Number(count) * size }
}

export function sinceAt(since: Since, now: Instant): Instant {
  return 'from' in since ? since.from : instant(now - since.ago)
}

function parseAt(text: string): 'now' | Instant {
  return text === 'now' ? 'now' : parseTime(text)
}

/** For options that take a length of time alone. */
export function parseLength(text: string): number {
  const since = parseSince(text)
  if ('ago' in since) return since.ago
  throw new InvalidArgumentError('Not a length of time such as 14d.')
}

export function replayJson({ requests, changed, watched, untold }: Replay): object {
  const times = ({ first, last, ...rest }: Changed | Untold) => ({
    ...rest,
    sha256: rest.sha256 ?? null,
    first: formatInstant(first),
    last: formatInstant(last),
  })
  return { requests, changed: changed.map(times), watched: watched.map(times), untold: untold.map(times) }
}

export function renderReplay(screen: Screen, { requests, changed, watched, untold }: Replay): void {
  for (const [project, files] of Map.groupBy(changed, it => it.project)) {
    screen.line(styled('strong', project))
    for (const change of files) renderChange(screen, change)
  }
  if (watched.length > 0) {
    if (changed.length > 0) screen.line()
    screen.line(styled('doubt', 'would only be watched'), ': the policy is in mode: audit; enforced, it would refuse')
    for (const it of watched)
      screen.line('  ', styled('doubt', '!'), ` ${it.filename}: ${it.to.code.replace('audit:', '')}, ${hits(it)}`)
  }
  if (untold.length > 0) {
    if (changed.length + watched.length > 0) screen.line()
    screen.line(
      styled('doubt', 'cannot be told'),
      ': the provenance that it takes is not on record; `portcullis explain FILE --policy …` asks for it',
    )
    for (const it of untold)
      screen.line('  ', styled('doubt', '?'), ` ${it.filename}: was ${it.from.code}, ${hits(it)}`)
  }
  if (changed.length + watched.length + untold.length > 0) screen.line()
  const refused = changed.filter(({ to }) => to.outcome === 'refused')
  const others = changed.filter(({ to }) => to.outcome === 'admitted')
  screen.line(`${counted(requests, 'request')} replayed`)
  screen.line(`  ${files(refused)} would be refused that passed (${counted(sum(refused), 'request')})`)
  screen.line(`  ${files(others)} would pass that were refused (${counted(sum(others), 'request')})`)
  if (watched.length > 0) screen.line(`  ${files(watched)} would only be watched (${counted(sum(watched), 'request')})`)
  if (untold.length > 0) screen.line(`  ${files(untold)} cannot be told (${counted(sum(untold), 'request')})`)
}

function files(list: readonly Untold[]): string {
  return counted(new Set(list.map(({ project, filename, sha256 }) => `${project} ${filename} ${sha256}`)).size, 'file')
}

function sum(list: readonly Untold[]): number {
  return list.reduce((total, { requests }) => total + requests, 0)
}

function renderChange(screen: Screen, { filename, from, to, ...counts }: Changed): void {
  const [mark, style] = to.outcome === 'refused' ? (['✗', 'bad'] as const) : (['✓', 'good'] as const)
  const was = `${from.outcome} (${from.code})`
  screen.line(
    '  ',
    styled(style, mark),
    ` ${filename}: was ${was}, would be `,
    styled(style, `${to.outcome} (${to.code})`),
  )
  screen.line(`    ${hits(counts)}`)
  if (to.outcome === 'refused') screen.prose(['    '], to.detail)
}

function hits({ requests, clients, last }: Pick<Changed, 'requests' | 'clients' | 'last'>): string {
  return `${counted(requests, 'request')} by ${counted(clients, 'client')}, the last on ${formatInstant(last).slice(0, 16)}Z`
}

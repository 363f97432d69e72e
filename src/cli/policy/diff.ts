import type { Command } from 'commander'
import { indexNamed, oneOfSeveral } from '../../config/sources.ts'
import { instant } from '../../domain/base/instant.ts'
import type { Effect } from '../../domain/policy/change.ts'
import { comparable, comparePolicies, type PolicyChange } from '../../domain/policy/compare-policies.ts'
import { recordsOfIndex } from '../../gate/records/one-look.ts'
import { type Replay, replay } from '../../gate/records/replay.ts'
import type { Records } from '../../ports/records.ts'
import { jsonLine } from '../../protocol/text/json-line.ts'
import { askRecordsIfAny, tellDropped } from '../command/gate-records.ts'
import { type GoodPolicy, requireGivenPolicy } from '../command/given-policy.ts'
import { ENVIRONMENT, formatOption } from '../command/options.ts'
import type { Conclude, ExitCode, Services } from '../command/services.ts'
import { renderReplay, replayJson } from '../report/replay.ts'
import { createScreen, type Screen, type Style, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

interface DiffOptions {
  readonly config?: string
  readonly index?: string
  readonly format: 'text' | 'json'
}

const DESCRIPTION = `Compares what two policies mean, not how they are written: project by project, exemption by exemption, each change marked + where more is admitted, - where less is, ~ where it is something else. A rule that is gone, and a wider glob that decides its names now, are called out.

Where the configured data folder has a gate's database, the names that it has seen are compared too, and the recorded requests of the last 30 days that the two decide differently are listed, as policy replay does.`

const MORE = `
Exit codes:
  0  they mean the same
  1  something changes
  2  usage; one of the policies does not compile

Output of --format json, one object:
  {changes: [{effect: "wider" | "stricter" | "other", about, text}],
   replay: null | {requests, changed, watched, untold} as policy replay does}

${ENVIRONMENT}

Examples:
  portcullis policy diff policies/open.yaml acme.yaml
  git show main:acme.yaml > old.yaml; portcullis policy diff old.yaml acme.yaml`

const MONTH = 30 * 86_400_000

export function addPolicyDiff(policy: Command, services: Services, conclude: Conclude): void {
  policy
    .command('diff')
    .description(DESCRIPTION)
    .argument('<old>', 'policy file or folder')
    .argument('<new>', 'policy file or folder')
    .option('--index <name>', 'what this index has seen, with what is approved there; default: the first')
    .addOption(formatOption('json prints one object'))
    .addHelpText('after', MORE)
    .action(async (old: string, fresh: string, _options, command: Command) => {
      conclude(await diff([old, fresh], command.optsWithGlobals<DiffOptions>(), services))
    })
}

async function diff(
  [old, fresh]: readonly [string, string],
  { format, config, index }: DiffOptions,
  services: Services,
): Promise<ExitCode> {
  const { config: gate } = await services.loadConfig({ config })
  const name = indexNamed(gate, index).name
  const [before, after] = [
    await requireGivenPolicy([old], services, { gate, index: name }),
    await requireGivenPolicy([fresh], services, { gate, index: name }),
  ]
  const compare = async (records: Records | undefined): Promise<ExitCode> => {
    const changes = comparePolicies(comparable(before), comparable(after), {
      seen: (await records?.projects()) ?? [],
      now: services.clock(),
    })
    const replayed =
      records && (await lastMonth(records, [before, after], { index: oneOfSeveral(gate, name), services }))
    if (format === 'json')
      services.output.out(jsonLine({ changes, replay: replayed === undefined ? null : replayJson(replayed) }))
    else render(createScreen(services.output), changes, replayed)
    return changes.length === 0 && (replayed?.changed.length ?? 0) === 0 ? 0 : 1
  }
  return await askRecordsIfAny(gate, services, compare, name)
}

async function lastMonth(
  records: Records,
  [before, after]: readonly [GoodPolicy, GoodPolicy],
  { index, services }: { readonly index: string | undefined; readonly services: Services },
): Promise<Replay> {
  const since = instant(services.clock() - MONTH)
  await tellDropped(records, since, services)
  const own = recordsOfIndex(records, index)
  return await replay(own, after.policy, { since, at: undefined, before: before.policy })
}

const MARKS: Readonly<Record<Effect, readonly [string, Style]>> = {
  wider: ['+', 'doubt'],
  stricter: ['-', 'good'],
  other: ['~', 'strong'],
}

function render(screen: Screen, changes: readonly PolicyChange[], replayed: Replay | undefined): void {
  for (const [about, own] of Map.groupBy(changes, it => it.about)) {
    screen.line(styled('strong', about))
    for (const { effect, text } of own) {
      const [mark, style] = MARKS[effect]
      screen.prose(['  ', styled(style, mark), ' '], text)
    }
  }
  if (changes.length === 0) screen.line('the policies mean the same')
  else {
    const count = (effect: Effect) => changes.filter(change => change.effect === effect).length
    screen.line()
    screen.line(
      `${counted(changes.length, 'change')}: ${count('wider')} admit more (+), ${count('stricter')} admit less (-), ${count('other')} otherwise (~)`,
    )
  }
  if (replayed === undefined) return
  screen.line()
  screen.line(styled('strong', 'Of the last 30 days'))
  renderReplay(screen, replayed)
}

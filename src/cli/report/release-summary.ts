import { GateError } from '../../domain/base/errors.ts'
import { identityOfVerdict } from '../../domain/decide/decide.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { ShownExplanation } from '../../gate/explain/explanation.ts'
import type { Output } from '../terminal/output.ts'
import { createScreen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { renderFacts, renderOutcome, renderReason, renderSteps, renderYaml } from './explanation-text.ts'

/** A release, and whether somebody named it or its project alone. */
export interface ToldRelease {
  readonly project: ProjectName
  readonly version: Version
  readonly chosen: 'as named' | 'the newest'
  /** the index that was asked */
  readonly index?: string | undefined
}

/** Options to type again, so that the same is judged in the same way; `choosing` fits whole releases alone. */
interface Again {
  readonly verdict: readonly string[]
  readonly choosing: readonly string[]
}

/** Lines that a summary has at most, its head and its end included. */
const MOST_LINES = 60
/** What follows the groups: an empty line, what is left out, and how to see it, wrapped at worst. */
const END = 6
/** files that a group names */
const NAMED = 3

/**
 * What became of a release: files of one outcome, rule and signer together, those first that somebody has to look at. What has no room
 * is counted. Files that a client `here` takes come first among their like, and are marked.
 */
export function renderRelease(
  output: Output,
  release: ToldRelease,
  explanations: readonly ShownExplanation[],
  here: ReadonlySet<ShownExplanation> = new Set(),
  { verdict, choosing }: Again = { verdict: [], choosing: [] },
): void {
  const { project, version, chosen } = release
  const groups = [...Map.groupBy(explanations, keyOf).values()].sort((a, b) => rank(a) - rank(b) || b.length - a.length)
  const screen = createScreen(output)
  const newest = chosen === 'the newest' ? ', the newest release' : ''
  screen.line(styled('strong', `${project} ${version}`), `${newest}: ${counted(explanations.length, 'file')}`)
  let left = MOST_LINES - 1 - END
  let told = 0
  for (const group of groups) {
    const text = fitting(left, { group, here, index: release.index }, output)
    if (text === undefined) break
    output.out(text)
    left -= linesOf(text)
    told += group.length
  }
  screen.line()
  const untold = explanations.length - told
  if (untold > 0) screen.prose([], `${counted(untold, 'file')} more of other outcomes, rules or signers.`)
  const [first] = explanations
  if (first === undefined) return
  const command = (...words: readonly string[]) => ['portcullis explain', ...words].join(' ')
  screen.line(`every step of one file:  ${command(first.file.filename, ...verdict)}`)
  screen.line(`of all of them:          ${command(`${project}==${version}`, '--all', ...verdict, ...choosing)}`)
}

/** As much as there is room for: with what failed and what would admit, without the YAML, or in short. */
function fitting(room: number, group: Group, output: Output): string | undefined {
  return DETAILS.map(detail => textOf(group, detail, output)).find(text => linesOf(text) <= room)
}

interface Group {
  readonly group: readonly ShownExplanation[]
  readonly here: ReadonlySet<ShownExplanation>
  readonly index: string | undefined
}

const DETAILS = ['whole', 'steps', 'reason', 'short'] as const

function textOf({ group: all, here, index }: Group, detail: (typeof DETAILS)[number], output: Output): string {
  let text = ''
  const screen = createScreen({
    ...output,
    out: more => {
      text += more
    },
  })
  const group = all.toSorted((a, b) => Number(here.has(b)) - Number(here.has(a)))
  const [first] = group
  if (first === undefined) return ''
  screen.line()
  renderOutcome(screen, counted(group.length, 'file'), first)
  for (const it of group.slice(0, NAMED))
    screen.line(`  ${it.file.filename}`, here.has(it) ? styled('dim', '  taken here') : '')
  if (group.length > NAMED) screen.line(`  and ${group.length - NAMED} more`)
  if (detail === 'short') return text
  const only = group.length === 1
  renderFacts(screen, only ? first : { ...first, file: { ...first.file, sha256: undefined } }, index)
  renderReason(screen, first)
  if (detail === 'reason') return text
  const failed = first.steps.filter(({ mark }) => mark === 'fail')
  if (failed.length > 0) screen.line()
  renderSteps(screen, first, failed)
  if (detail === 'steps') return text
  if (!only && isRefused(first)) {
    screen.line()
    screen.line('  Each has YAML of its own; of ', first.file.filename, ':') // it may pin the file
  }
  renderYaml(screen, first)
  return text
}

function isRefused({ outcome }: ShownExplanation): boolean {
  return !(outcome instanceof GateError) && outcome.kind === 'refused' && outcome.admitWith !== undefined
}

function linesOf(text: string): number {
  return text.split('\n').length - 1
}

function keyOf(explanation: ShownExplanation): string {
  const { outcome } = explanation
  if (outcome instanceof GateError) return JSON.stringify(['unknown', outcome.code])
  const rule = outcome.kind === 'admitted' ? outcome.facts.rule : outcome.rule
  const how = outcome.kind === 'admitted' ? outcome.facts.by : outcome.code
  return JSON.stringify([outcome.kind, how, rule?.id, rule?.file, identityOfVerdict(outcome)?.san])
}

/** What is refused comes first, then what is not known. */
function rank([first]: readonly ShownExplanation[]): number {
  if (first === undefined) return 3
  if (first.outcome instanceof GateError) return 1
  return first.outcome.kind === 'refused' ? 0 : 2
}

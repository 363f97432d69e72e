import { errorEntry, GateError } from '../../domain/base/errors.ts'
import { formatInstant } from '../../domain/base/instant.ts'
import { refusalEntry } from '../../domain/base/refusal.ts'
import type { Step } from '../../domain/base/step.ts'
import { remedyFor, whyNothingAdmits } from '../../domain/decide/admit-with.ts'
import { identityOfVerdict } from '../../domain/decide/decide.ts'
import type { RuleRef } from '../../domain/policy/rule-ref.ts'
import type { ShownExplanation } from '../../gate/explain/explanation.ts'
import { admittedDetail } from '../../gate/explain/verdict-json.ts'
import type { Help } from '../../protocol/answers/problem.ts'
import { nearPath, nearPathsIn } from '../terminal/near-path.ts'
import { type Screen, type Style, styled } from '../terminal/screen.ts'

const LABEL = 11
const CHECK = 38

/** ✓ ✗ – of one step. */
const MARKS: Readonly<Record<Step['mark'], readonly [symbol: string, style: Style]>> = {
  pass: ['✓', 'good'],
  fail: ['✗', 'bad'],
  skip: ['–', 'dim'],
}

/** All that is shown of one file. */
export function renderExplanation(
  screen: Screen,
  explanation: ShownExplanation,
  { help, index }: { readonly help: Help; readonly index: string | undefined },
): void {
  renderHeadline(screen, explanation)
  renderFacts(screen, explanation, index)
  if (explanation.steps.length > 0) screen.line()
  renderSteps(screen, explanation, explanation.steps)
  screen.line()
  renderReason(screen, explanation)
  renderHelp(screen, explanation, help)
  renderYaml(screen, explanation)
}

/** The verdict on one file in a line: what a person reads first. */
export function renderHeadline(screen: Screen, explanation: ShownExplanation): void {
  renderOutcome(screen, explanation.file.filename, explanation)
}

/** The same of whatever has this outcome: a file by its name, or several. */
export function renderOutcome(screen: Screen, subject: string, { outcome }: Pick<ShownExplanation, 'outcome'>): void {
  const name = styled('strong', subject)
  if (outcome instanceof GateError) {
    const { title } = errorEntry(outcome.code)
    screen.line(styled('doubt', '?'), ' ', name, ': ', styled('doubt', 'cannot tell'), `, ${title} (${outcome.code})`)
  } else if (outcome.kind === 'admitted') {
    screen.line(styled('good', '✓'), ' ', name, ': ', styled('good', 'admitted'))
  } else {
    const { title } = refusalEntry(outcome.code)
    screen.line(styled('bad', '✗'), ' ', name, ': ', styled('bad', 'refused'), `, ${title} (${outcome.code})`)
  }
}

/** Who, what and by which rule. */
export function renderFacts(screen: Screen, { file, outcome, signed }: ShownExplanation, index?: string): void {
  fact(screen, 'sha256', file.sha256)
  fact(screen, 'source', sourceAt(file.source, index))
  if (outcome instanceof GateError) return
  fact(screen, 'signed by', identityOfVerdict(outcome)?.san)
  if (signed !== undefined) fact(screen, 'signed at', `${formatInstant(signed.at)}, log entry ${signed.logIndex}`)
  const rule = outcome.kind === 'admitted' ? outcome.facts.rule : outcome.rule
  fact(screen, 'rule', rule === undefined ? undefined : nearPlace(rule))
}

/** Where a file is from, and at which index somebody asked. */
function sourceAt(source: string | undefined, index: string | undefined): string | undefined {
  if (index === undefined) return source
  return `${source ?? 'not known'}, at the index ${index}`
}

function fact(screen: Screen, label: string, value: string | undefined): void {
  if (value !== undefined) screen.line(`  ${label.padEnd(LABEL)}`, value)
}

/** Why, in a sentence or two, and what to do about it. */
export function renderReason(screen: Screen, explanation: ShownExplanation): void {
  const { outcome, notes } = explanation
  if (outcome instanceof GateError) {
    screen.prose([`  ${'why'.padEnd(LABEL)}`], sentence(nearPathsIn(outcome.detail)))
    screen.prose([`  ${'help'.padEnd(LABEL)}`], errorEntry(outcome.code).remedy)
    if (outcome.code === 'unknown-trust')
      screen.prose([' '.repeat(LABEL + 2)], '--trust-root FILE uses a trusted_root.json for this one command.')
  } else if (outcome.kind === 'refused') {
    screen.prose([`  ${'why'.padEnd(LABEL)}`], sentence(nearPathsIn(outcome.detail)))
    screen.prose([`  ${'help'.padEnd(LABEL)}`], remedyFor(outcome))
    for (const note of outcome.notes) screen.prose([`  ${'note'.padEnd(LABEL)}`], note)
  } else screen.prose([`  ${'why'.padEnd(LABEL)}`], admittedDetail(outcome.facts.by))
  for (const note of notes) screen.prose([`  ${'note'.padEnd(LABEL)}`], note)
}

/** What would pass instead, and whom to ask. */
export function renderHelp(screen: Screen, { file: { project } }: ShownExplanation, { passes, contact }: Help): void {
  if (passes !== undefined) fact(screen, 'passes', `${project}==${passes.version} (${passes.filename})`)
  if (contact !== undefined) fact(screen, 'ask', `${contact.name}, ${contact.url}`)
}

/** Every step, with what was expected and what was found where that was not the same. */
export function renderSteps(screen: Screen, { outcome }: ShownExplanation, steps: readonly Step[]): void {
  const why = !(outcome instanceof GateError) && outcome.kind === 'refused' ? outcome.detail : undefined
  for (const { mark, check, expected, found: said } of steps) {
    const found = said === undefined ? undefined : said === why ? 'see why' : nearPathsIn(said)
    const [symbol, style] = MARKS[mark]
    const head = ['  ', styled(style, symbol), ' ']
    const differs = expected !== undefined && mark !== 'pass'
    if (!differs && found !== undefined && screen.fits(4 + Math.max(CHECK, check.length) + 1, found)) {
      screen.line(...head, check.padEnd(CHECK), ' ', mark === 'skip' ? styled('dim', found) : found)
      continue
    }
    screen.line(...head, check)
    if (differs) {
      screen.prose(['      expected  '], expected)
      renderFound(screen, expected, found ?? 'nothing')
    } else if (found !== undefined) screen.prose(['      '], found)
  }
}

/** From where it leaves what was expected: two long URLs may differ in one letter. */
function renderFound(screen: Screen, expected: string, found: string): void {
  const label = '      found     '
  if (found.includes(' ')) {
    screen.prose([label], found)
    return
  }
  let same = 0
  while (same < found.length && found[same] === expected[same]) same += 1
  screen.line(label, found.slice(0, same), styled('bad', found.slice(same)))
}

/** The YAML that would admit the file, or, for an admitted one, the publisher that was proved. */
export function renderYaml(screen: Screen, { outcome, signed }: ShownExplanation): void {
  const refused = !(outcome instanceof GateError) && outcome.kind === 'refused' ? outcome : undefined
  if (refused?.admitWith !== undefined) {
    screen.line()
    screen.prose(
      ['  '],
      'This would admit it and nothing else, appended to a policy file or in a file of its own beside it, if the platform team finds it right:',
    )
    screen.line()
    // at the edge, so that what is copied from here loads
    screen.block(0, refused.admitWith.trimEnd())
    return
  }
  const why = refused && whyNothingAdmits(refused)
  if (why !== undefined) {
    screen.line()
    screen.prose(['  '], why)
  }
  if (signed?.publisher === undefined) return
  screen.line()
  screen.prose(['  '], 'The certificate proves this publisher, as a policy would name it:')
  screen.line()
  screen.block(4, signed.publisher)
}

/** A rule's place, relative to the working folder where it lies below it. */
function nearPlace({ id, file, line }: RuleRef): string {
  return `${id} (${nearPath(file)}:${line})`
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

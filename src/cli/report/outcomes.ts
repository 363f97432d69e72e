import { GateError } from '../../domain/base/errors.ts'
import type { AdmittedBy } from '../../domain/decide/verdict.ts'
import type { Explanation } from '../../gate/explain/explanation.ts'
import { type Screen, styled } from '../terminal/screen.ts'

/** Each file that would not be held, and why. */
export function renderOthers(screen: Screen, explanations: readonly Pick<Explanation, 'file' | 'outcome'>[]): void {
  for (const { file, outcome } of explanations) {
    if (!(outcome instanceof GateError) && outcome.kind === 'admitted') continue
    const [mark, style] = outcome instanceof GateError ? (['?', 'doubt'] as const) : (['✗', 'bad'] as const)
    screen.line(styled(style, mark), ` ${file.filename}: `, styled(style, outcome.code))
    screen.prose(['    '], outcome.detail)
  }
}

/** What became of a file, in the words under which it is counted. */
export function labelOf({ outcome }: Pick<Explanation, 'outcome'>): string {
  if (outcome instanceof GateError) return outcome.code === 'not-listed' ? 'not listed' : `unknown: ${outcome.code}`
  return outcome.kind === 'admitted' ? ADMITTED[outcome.facts.by] : `refused: ${outcome.code}`
}

const ADMITTED = {
  attestation: 'admitted, attested',
  optional: 'admitted without an attestation: the rule does not require one',
  exemption: 'admitted by an exemption',
  audit: 'admitted only because the policy is in audit mode',
} as const satisfies Record<AdmittedBy, string>

/** How often each of them is there, in the order in which they came. */
export function renderTally(screen: Screen, labels: readonly string[]): void {
  for (const [label, same] of Map.groupBy(labels, name => name))
    screen.line(`  ${String(same.length).padStart(5)}  ${label}`)
}

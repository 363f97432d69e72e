import { GateError } from '../../domain/base/errors.ts'
import type { Step } from '../../domain/base/step.ts'
import { identityOfVerdict } from '../../domain/decide/decide.ts'
import type { AdmittedBy } from '../../domain/decide/verdict.ts'
import type { RuleRef } from '../../domain/policy/rule-ref.ts'
import { NOT_ASKED } from './explain-local.ts'
import type { ShownExplanation } from './explanation.ts'

/** One line of `verify --format json`: the fields are a contract, and absent values are null. */
export function verdictJson({
  file,
  outcome,
  steps,
}: Pick<ShownExplanation, 'file' | 'outcome' | 'steps'>): Readonly<Record<string, unknown>> {
  const about = {
    filename: file.filename,
    project: file.project,
    version: file.version ?? null,
    sha256: file.sha256 ?? null,
  }
  if (outcome instanceof GateError)
    return { ...about, outcome: 'unknown', code: outcome.code, rule: null, identity: null, detail: outcome.detail }
  const rule = outcome.kind === 'admitted' ? outcome.facts.rule : outcome.rule
  const identity = identityOfVerdict(outcome)
  return {
    ...about,
    outcome: outcome.kind,
    code: outcome.kind === 'admitted' ? null : outcome.code,
    rule: rule === undefined ? null : place(rule),
    identity:
      identity === undefined
        ? null
        : {
            issuer: identity.issuer,
            san: identity.san,
            repository: identity.repository ?? null,
            workflow: identity.workflow ?? null,
            ref: identity.ref ?? null,
          },
    detail: outcome.kind === 'admitted' ? `${admittedDetail(outcome.facts.by)}${unlooked(steps)}` : outcome.detail,
  }
}

/** What an admission rests on, in a sentence. */
export function admittedDetail(by: AdmittedBy): string {
  return ADMITTED[by]
}

/** A line has no room for steps, so it says at least what nobody looked at. */
function unlooked(steps: readonly Step[]): string {
  const checks = steps.filter(({ found }) => found === NOT_ASKED).map(({ check }) => check)
  return checks.length === 0 ? '' : ` Not checked: ${checks.join(', ')}.`
}

const ADMITTED = {
  attestation: 'A verified attestation by a publisher that the policy accepts.',
  optional: 'No attestation, and the rule does not require one.',
  exemption: 'An exemption pinned to these bytes.',
  audit: 'The policy only watches (mode: audit); enforced, it would refuse this file.',
} as const satisfies Record<AdmittedBy, string>

export function place({ id, file, line }: RuleRef): string {
  return `${id} (${file}:${line})`
}

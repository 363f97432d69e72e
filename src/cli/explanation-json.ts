import { identityOfVerdict } from '../domain/decide.ts'
import { GateError } from '../domain/errors.ts'
import { formatInstant } from '../domain/instant.ts'
import { refusalEntry } from '../domain/refusal.ts'
import type { AdmittedBy, RuleRef, Step } from '../domain/verdict.ts'
import type { Explanation } from '../gate/explain.ts'
import { NOT_ASKED } from '../gate/explain-local.ts'

/** One line of `verify --format json`: the fields are a contract, and absent values are null. */
export function verdictJson({ file, outcome, steps }: Explanation): Readonly<Record<string, unknown>> {
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

/** One line of `explain --format json`: what `verify` says, and all that it rests on. */
export function explanationJson(explanation: Explanation): Readonly<Record<string, unknown>> {
  const { outcome, steps, signed, notes } = explanation
  const refused = !(outcome instanceof GateError) && outcome.kind === 'refused' ? outcome : undefined
  return {
    ...verdictJson(explanation),
    remedy: refused === undefined ? null : refusalEntry(refused.code).remedy,
    steps: steps.map(({ mark, check, expected, found }) => ({
      mark,
      check,
      expected: expected ?? null,
      found: found ?? null,
    })),
    admit_with: refused?.admitWith ?? null,
    publisher: signed?.publisher ?? null,
    signed: signed === undefined ? null : { at: formatInstant(signed.at), log_index: signed.logIndex },
    notes,
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

/** JSON as one line of printable text: what JSON leaves unescaped and a terminal obeys is escaped too. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value).replace(/[\u007f-\u009f\p{Cf}\u2028\u2029]/gu, character =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
  return `${text}\n`
}

import type { z } from 'zod'
import { ERRORS, type ErrorCode, GateError } from '../../domain/base/errors.ts'
import { formatInstant, instant } from '../../domain/base/instant.ts'
import { REFUSALS, type RefusalCode } from '../../domain/base/refusal.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { Step } from '../../domain/base/step.ts'
import { identityOfVerdict } from '../../domain/decide/decide.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Identity } from '../../domain/identity/attestation.ts'
import type { RuleRef } from '../../domain/policy/rule-ref.ts'
import type { Help } from '../../protocol/answers/problem.ts'
import type { Frozen } from '../../protocol/api/operation.ts'
import type { explanation as shape } from '../../protocol/api/told-shapes.ts'
import type { Explanation, ShownExplanation } from './explanation.ts'
import { admittedDetail } from './verdict-json.ts'

/** An explanation as it crosses the network. */
export type ToldExplanation = Frozen<z.output<typeof shape>>

/** Everything that a person is shown of an explanation; of a rule's file its name alone, for folders are not everybody's to know. */
export function tellExplanation(
  explanation: Explanation,
  { help, index }: { readonly help: Help; readonly index: string | undefined },
): ToldExplanation {
  const { file, outcome, steps, signed, notes, size } = explanation
  const refused = !(outcome instanceof GateError) && outcome.kind === 'refused' ? outcome : undefined
  const verdict = outcome instanceof GateError ? undefined : outcome
  const rule = verdict?.kind === 'admitted' ? verdict.facts.rule : verdict?.rule
  const identity = verdict === undefined ? undefined : identityOfVerdict(verdict)
  return {
    project: file.project,
    source: file.source ?? null,
    version: file.version ?? null,
    filename: file.filename,
    sha256: file.sha256 ?? null,
    size: size ?? null,
    index: index ?? null,
    outcome: verdict?.kind ?? 'unknown',
    by: verdict?.kind === 'admitted' ? verdict.facts.by : null,
    code: outcome instanceof GateError ? outcome.code : (refused?.code ?? null),
    detail: verdict?.kind === 'admitted' ? admittedDetail(verdict.facts.by) : detailOf(outcome, refused),
    rule: rule === undefined ? null : { id: rule.id, file: baseName(rule.file), line: rule.line },
    identity: identity === undefined ? null : tellIdentity(identity),
    policy: (verdict?.kind === 'admitted' ? verdict.facts.policyDigest : refused?.policyDigest) ?? null,
    steps: steps.map(({ mark, check, expected = null, found = null }) => ({ mark, check, expected, found })),
    admit_with: refused?.admitWith ?? null,
    nothing_admits: refused?.nothingAdmits ?? null,
    behind: refused?.behind ?? null,
    refusal_notes: [...(refused?.notes ?? [])],
    notes: [...notes],
    signed:
      signed === undefined
        ? null
        : { publisher: signed.publisher ?? null, at: formatInstant(signed.at), log_index: signed.logIndex },
    passes: help.passes === undefined ? null : { ...help.passes },
    contact: help.contact === undefined ? null : { ...help.contact },
  }
}

function detailOf(outcome: Explanation['outcome'], refused: Refused | undefined): string {
  return outcome instanceof GateError ? outcome.detail : (refused?.detail ?? '')
}

/** What is shown of an explanation, out of what a gate told of it. Throws `unknown-upstream` for what no gate of this kind says. */
export function readExplanation(told: ToldExplanation): {
  readonly explanation: ShownExplanation
  readonly help: Help
} {
  const { project, source, version, filename, sha256, size, signed, passes, contact } = told
  const file = {
    project,
    ...(source === null ? {} : { source: source as SourceName }),
    version: version ?? undefined,
    filename,
    sha256: sha256 ?? undefined,
  }
  return {
    explanation: {
      file,
      outcome: readOutcome(told, file),
      steps: told.steps.map(readStep),
      signed:
        signed === null
          ? undefined
          : { publisher: signed.publisher ?? undefined, at: readTime(signed.at), logIndex: signed.log_index },
      notes: told.notes,
      size: size ?? undefined,
    },
    help: { passes: passes ?? undefined, contact: contact ?? undefined },
  }
}

function readOutcome(told: ToldExplanation, file: Refused['file']): ShownExplanation['outcome'] {
  const { outcome, code, detail, by, behind } = told
  const rule: RuleRef | undefined = told.rule ?? undefined
  const identity = told.identity === null ? undefined : readIdentity(told.identity)
  if (outcome === 'admitted') {
    if (by === null) throw strange('an admission that rests on nothing')
    return { kind: 'admitted', facts: { by, rule, identity } }
  }
  if (outcome === 'unknown') {
    if (code === null || !isErrorCode(code)) throw strange('a reason that this program does not know')
    return new GateError(code, detail)
  }
  if (code === null || !isRefusalCode(code)) throw strange('a refusal that this program does not know')
  return {
    kind: 'refused',
    code,
    file,
    rule,
    identity,
    detail,
    admitWith: told.admit_with ?? undefined,
    ...(told.nothing_admits === null ? {} : { nothingAdmits: told.nothing_admits }),
    ...(behind === null || !isRefusalCode(behind) ? {} : { behind }),
    policyDigest: told.policy ?? '',
    ...(told.index === null ? {} : { index: told.index }),
    steps: told.steps.map(readStep),
    notes: told.refusal_notes,
  }
}

function readStep({ mark, check, expected, found }: ToldExplanation['steps'][number]): Step {
  return { mark, check, ...(expected === null ? {} : { expected }), ...(found === null ? {} : { found }) }
}

function tellIdentity({ issuer, san, repository, workflow, ref }: Identity): NonNullable<ToldExplanation['identity']> {
  return { issuer, san, repository: repository ?? null, workflow: workflow ?? null, ref: ref ?? null }
}

function readIdentity({ issuer, san, repository, workflow, ref }: NonNullable<ToldExplanation['identity']>): Identity {
  return {
    issuer,
    san,
    repository: repository ?? undefined,
    workflow: workflow ?? undefined,
    ref: ref ?? undefined,
  }
}

function readTime(text: string): ReturnType<typeof instant> {
  return instant(Date.parse(text))
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code)
}

function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code)
}

function strange(what: string): GateError {
  return new GateError('unknown-upstream', `the gate answered with ${what}: it may be of another version`)
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

import type { NonEmpty } from '../../domain/base/brand.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { Step } from '../../domain/base/step.ts'
import type { Admitted, Refused, RefusedFile, Verdict } from '../../domain/decide/verdict.ts'
import type { VerifiedAttestation } from '../../domain/identity/attestation.ts'
import type { Policy } from '../../domain/policy/policy.ts'

/** What the gate would say of one file, and everything that it rests on. */
export interface Explanation {
  readonly file: RefusedFile
  /** A GateError is "cannot tell". */
  readonly outcome: Verdict | GateError
  readonly steps: readonly Step[]
  /** `undefined` where no signature was proved. */
  readonly signed: Signed | undefined
  /** what a person should know besides */
  readonly notes: readonly string[]
  /** the index's pages are silent about provenance: the setting that would have another one asked */
  readonly silentUnder?: string | undefined
  /** bytes, where the index tells */
  readonly size?: number | undefined
}

/** As much of an explanation as a person is shown, wherever it was made. */
export interface ShownExplanation extends Omit<Explanation, 'outcome' | 'signed'> {
  readonly outcome: ShownAdmission | Refused | GateError
  readonly signed: Pick<Signed, 'publisher' | 'at' | 'logIndex'> | undefined
}

/** What is told of an admission. It is none: it opens nothing. */
export interface ShownAdmission {
  readonly kind: 'admitted'
  readonly facts: Pick<Admitted['facts'], 'by' | 'rule' | 'identity'>
}

/** What becomes of a file that a lock allows, and what would under another policy. */
export interface LockedExplanation extends Explanation {
  /** The same look held against another policy, with what is remembered of the project by then. Nothing is asked again. */
  under(policy: Policy): Promise<Explanation>
}

/** What a verified attestation proves besides who signed. */
export interface Signed {
  /** the publisher as a policy would write it, ids pinned; `undefined` where no kind fits */
  readonly publisher: string | undefined
  readonly attestations: NonEmpty<VerifiedAttestation>
  /** the latest time that a log or a timestamp authority signed */
  readonly at: Instant
  /** of the transparency log's entry, for people to look up */
  readonly logIndex: string
}

/** An outcome that nothing was looked at for. */
export function bareExplanation(file: RefusedFile, outcome: Verdict | GateError): Explanation {
  return { file, outcome, steps: stepsOf(outcome), signed: undefined, notes: [] }
}

/** No policy has a say in it. */
export function anyhow(explanation: Explanation): LockedExplanation {
  return { ...explanation, under: async () => explanation }
}

export function stepsOf(outcome: Verdict | GateError): readonly Step[] {
  if (outcome instanceof GateError) return []
  return outcome.kind === 'admitted' ? outcome.facts.steps : outcome.steps
}

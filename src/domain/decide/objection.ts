import type { NonEmpty } from '../base/brand.ts'
import { type RefusalCode, refusalEntry, type Waiver } from '../base/refusal.ts'
import type { Step } from '../base/step.ts'
import type { Identity, VerifiedAttestation } from '../identity/attestation.ts'
import type { RuleRef } from '../policy/rule-ref.ts'

/** One reason to refuse a file, before it is known whether an exemption waives it. */
export interface Objection {
  readonly code: RefusalCode
  readonly detail: string
  /** what decides, where that is not the rule */
  readonly ref?: RuleRef
  /** True where nobody knows: unless it is waived, no verdict may be made of it. */
  readonly unknown?: true
}

/** One thing looked at: how it went, and the objection that it raises. */
export interface Look {
  readonly step: Step
  readonly objection?: Objection
}

/** What was looked at of a file's provenance, and what it proved. */
export interface Appraisal {
  readonly looks: readonly Look[]
  readonly identity: Identity | undefined
  /** those of the bundle that tells the most */
  readonly attestations: NonEmpty<VerifiedAttestation> | undefined
}

export function pass(check: string, found?: string): Look {
  return { step: found === undefined ? { mark: 'pass', check } : { mark: 'pass', check, found } }
}

export function object(code: RefusalCode, detail: string, step: Omit<Step, 'mark'>): Look {
  return { step: { mark: 'fail', ...step }, objection: { code, detail } }
}

export function objectionsIn(looks: readonly Look[]): readonly Objection[] {
  const objections: Objection[] = []
  for (const { objection } of looks) if (objection !== undefined) objections.push(objection)
  return objections
}

/** Holds in `audit` mode too. */
export function isHard({ code }: Objection): boolean {
  const { hard, evenInAudit = false } = refusalEntry(code)
  return hard || evenInAudit
}

/** What an exemption must waive to overcome the objection; `undefined` for one that nothing overcomes. */
export function waiverOf({ code }: Objection): Waiver | undefined {
  const { hard, waive } = refusalEntry(code)
  return hard ? undefined : waive
}

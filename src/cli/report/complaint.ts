import { GateError } from '../../domain/base/errors.ts'
import { remedyFor } from '../../domain/decide/admit-with.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Explanation } from '../../gate/explain/explanation.ts'

/** What there is to say of a file that is not simply admitted. */
export interface Complaint {
  readonly code: string
  readonly level: 'error' | 'warning' | 'note'
  readonly message: string
}

/** Why a file is not simply admitted; `undefined` where it is. */
export function complaintOf({ outcome }: Pick<Explanation, 'outcome'>): Complaint | undefined {
  if (outcome instanceof GateError) {
    const level = outcome.code === 'not-listed' ? 'error' : 'warning'
    return { code: outcome.code, level, message: outcome.detail }
  }
  if (outcome.kind === 'refused') return { code: outcome.code, level: 'error', message: wholeDetail(outcome) }
  const { wouldRefuse } = outcome.facts
  if (wouldRefuse === undefined) return undefined
  return { code: wouldRefuse.code, level: 'note', message: `would be refused: ${wouldRefuse.detail}` }
}

/** With what stands behind it, which no rule and no exemption helps against. */
function wholeDetail(refused: Refused): string {
  const { detail, behind, nothingAdmits } = refused
  return behind === undefined ? detail : [detail, nothingAdmits, remedyFor(refused)].join(' ')
}

import { GateError } from '../../domain/base/errors.ts'
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
  if (outcome.kind === 'refused') return { code: outcome.code, level: 'error', message: outcome.detail }
  const { wouldRefuse } = outcome.facts
  if (wouldRefuse === undefined) return undefined
  return { code: wouldRefuse.code, level: 'note', message: `would be refused: ${wouldRefuse.detail}` }
}

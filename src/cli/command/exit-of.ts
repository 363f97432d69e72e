import { errorEntry, GateError } from '../../domain/base/errors.ts'
import type { ShownExplanation } from '../../gate/explain/explanation.ts'
import type { ExitCode } from './services.ts'

/**
 * One exit code for all files: 1 when any is refused, because that is known and asking again cannot change it; else the
 * code of what could not be determined; 0 only when every file is admitted.
 */
export function exitOfVerdicts(explanations: readonly Pick<ShownExplanation, 'outcome'>[]): ExitCode {
  if (explanations.some(({ outcome }) => !(outcome instanceof GateError) && outcome.kind === 'refused')) return 1
  return exitOfUnknown(explanations)
}

/** For what only tells: 0 unless something could not be determined; the highest code counts. */
export function exitOfUnknown(explanations: readonly Pick<ShownExplanation, 'outcome'>[]): ExitCode {
  const unknown = explanations.flatMap(({ outcome }) =>
    outcome instanceof GateError ? [errorEntry(outcome.code).exit] : [],
  )
  return HIGHEST_FIRST.find(exit => unknown.includes(exit)) ?? 0
}

const HIGHEST_FIRST = [5, 4, 3, 2] as const

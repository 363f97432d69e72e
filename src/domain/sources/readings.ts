import { GateError } from '../base/errors.ts'
import { candidateProjects, namesWithin } from '../packaging/filename.ts'
import type { ProjectName } from '../packaging/name.ts'

/** Which names are asked of nobody, and which of their owner alone. */
export interface Reserved {
  readonly isInternal: (project: ProjectName) => boolean
  readonly isOwned: (project: ProjectName) => boolean
}

/**
 * The projects that may be asked for a file of this name, the likeliest first: one owned name among its readings is enough, and only
 * the owned ones are left, for whoever is asked about another one hears of it.
 *
 * @throws GateError `internal` where one of them is
 */
export function readingsOf(filename: string, { isInternal, isOwned }: Reserved): readonly ProjectName[] {
  const candidates = candidateProjects(filename)
  const told = [...candidates, ...namesWithin(filename)]
  if (told.some(isInternal)) throw new GateError('internal', `${filename} could belong to an internal name`)
  const owned = told.filter(isOwned)
  return owned.length > 0 ? owned : candidates
}

import { type ErrorCode, GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import { candidateProjects } from '../domain/packaging/filename.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Misses } from '../ports/mirror.ts'
import type { RunningGate } from './gate.ts'

/** What only means that nobody has carried it in. */
const ABSENT: ReadonlySet<ErrorCode> = new Set(['no-project', 'not-listed', 'not-found'])

/** The gate of a mirror without an upstream: what it does not hold is `not-in-mirror`, and noted. */
export function createHeldGate(
  gate: RunningGate,
  { misses, clock }: { readonly misses: Misses; readonly clock: Clock },
): RunningGate {
  async function held<Result>(
    project: ProjectName | undefined,
    filename: string | undefined,
    ask: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof GateError) || !ABSENT.has(error.code)) throw error
      if (project !== undefined) misses.note(project, filename, clock())
      throw new GateError('not-in-mirror', `the mirror does not hold ${filename ?? project ?? 'this'}`, {
        cause: error,
      })
    }
  }

  return {
    ...gate,
    page: (project, form, asker) => held(project, undefined, () => gate.page(project, form, asker)),
    legacy: (project, version, asker) => held(project, undefined, () => gate.legacy(project, version, asker)),
    locate(path, asker) {
      const filename = path.slice(path.lastIndexOf('/') + 1)
      return held(candidateProjects(filename)[0], filename, () => gate.locate(path, asker))
    },
    locateByName: (project, filename, asker) =>
      held(project, filename.text, () => gate.locateByName(project, filename, asker)),
    provenance: (project, filename, asker) =>
      held(project, filename.text, () => gate.provenance(project, filename, asker)),
  }
}

import { type ErrorCode, GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import { type Reserved, readingsOf } from '../domain/sources/readings.ts'
import type { Misses } from '../ports/mirror.ts'
import type { RunningGate } from './gate.ts'

/** What only means that nobody has carried it in. */
const ABSENT: ReadonlySet<ErrorCode> = new Set(['no-project', 'not-listed', 'not-found'])

interface HeldOptions extends Reserved {
  readonly misses: Misses
  readonly clock: Clock
  readonly index?: string | undefined
}

/** The gate of a mirror without an upstream: what it does not hold is `not-in-mirror`, and noted. */
export function createHeldGate(gate: RunningGate, { misses, clock, index, ...reserved }: HeldOptions): RunningGate {
  async function held<Result>(
    project: ProjectName | undefined,
    filename: string | undefined,
    ask: () => Promise<Result>,
  ): Promise<Result> {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof GateError) || !ABSENT.has(error.code)) throw error
      if (project !== undefined) misses.note(project, filename, clock(), index)
      throw new GateError('not-in-mirror', `the mirror does not hold ${filename ?? project ?? 'this'}`, {
        cause: error,
      })
    }
  }

  /** Nobody where a reading is internal: then nothing of it is carried out. */
  function wantedFor(filename: string): ProjectName | undefined {
    try {
      return readingsOf(filename, reserved)[0]
    } catch (error) {
      if (error instanceof GateError) return undefined
      throw error
    }
  }

  return {
    ...gate,
    page: (project, form, asker) => held(project, undefined, () => gate.page(project, form, asker)),
    legacy: (project, version, asker) => held(project, undefined, () => gate.legacy(project, version, asker)),
    locate(path, asker) {
      const filename = path.slice(path.lastIndexOf('/') + 1)
      return held(wantedFor(filename), filename, () => gate.locate(path, asker))
    },
    locateByName: (project, filename, asker) =>
      held(project, filename.text, () => gate.locateByName(project, filename, asker)),
    provenance: (project, filename, asker) =>
      held(project, filename.text, () => gate.provenance(project, filename, asker)),
  }
}

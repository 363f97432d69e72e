import { GateError } from '../../domain/base/errors.ts'
import type { Verdict } from '../../domain/decide/verdict.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import { createLimit } from '../../flow/limit.ts'
import type { RunningGate } from '../create-gate.ts'
import type { Explanation } from '../explain/explain.ts'

/** Files that are judged side by side. */
const AT_ONCE = 8

/** What the gate says of a file that is held: its verdict, or why there is none. */
export interface HeldVerdict extends Pick<Explanation, 'file' | 'outcome' | 'steps'> {
  readonly held: HeldFile
}

type Judging = Pick<RunningGate, 'locateByName' | 'judge' | 'open' | 'metadata'>

/**
 * Judges each file as a client's request would be: verdict, then bytes, then METADATA. What is damaged or cannot be told is
 * an outcome of that file. In the order of the files.
 */
export async function judgeHeld(
  files: readonly HeldFile[],
  gate: Judging,
  progress: (done: number, all: number) => void,
): Promise<readonly HeldVerdict[]> {
  const limit = createLimit({ running: AT_ONCE, waiting: Number.POSITIVE_INFINITY, what: 'files' })
  let done = 0
  return await Promise.all(
    files.map(held =>
      limit.run(async () => {
        const outcome = await judgeOne(held, gate)
        done += 1
        progress(done, files.length)
        return { held, file: aboutHeld(held), outcome, steps: stepsOf(outcome) }
      }),
    ),
  )
}

async function judgeOne({ project, filename }: HeldFile, gate: Judging): Promise<Verdict | GateError> {
  try {
    const located = await gate.locateByName(project, filename)
    if ('kind' in located) return located
    const verdict = await gate.judge(located)
    if (verdict.kind === 'refused') return verdict
    const opened = await gate.open(verdict)
    if (opened.kind === 'stored') opened.blob.close()
    else await opened.stored
    if (located.coreMetadata !== undefined) await gate.metadata(verdict)
    return verdict
  } catch (error) {
    if (error instanceof GateError) return error
    throw error
  }
}

export function aboutHeld({ project, filename, sha256 }: HeldFile): Explanation['file'] {
  return { project, version: filename.version, filename: filename.text, sha256 }
}

export function stepsOf(outcome: Verdict | GateError): Explanation['steps'] {
  if (outcome instanceof GateError) return []
  return outcome.kind === 'admitted' ? outcome.facts.steps : outcome.steps
}

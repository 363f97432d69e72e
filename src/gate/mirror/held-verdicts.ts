import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError, orGateError } from '../../domain/base/errors.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import { createLimit } from '../../flow/limit.ts'
import { type Explanation, stepsOf } from '../explain/explanation.ts'
import { type FileGate, takeFile } from './take.ts'

/** Files that are judged side by side. */
const AT_ONCE = 8

/** What the gate says of a file that is held: its verdict, or why there is none. */
export interface HeldVerdict extends Pick<Explanation, 'file' | 'outcome' | 'steps'> {
  readonly held: HeldFile
  /** of its METADATA, where there is one that may be given out beside it */
  readonly metadata: Sha256 | undefined
}

/**
 * Judges each file as a client's request would be: verdict, then bytes, then METADATA. What is damaged or cannot be determined is
 * an outcome of that file. In the order of the files.
 */
export async function judgeHeld(
  files: readonly HeldFile[],
  gate: FileGate,
  progress: (done: number, all: number) => void,
): Promise<readonly HeldVerdict[]> {
  const limit = createLimit({ running: AT_ONCE, waiting: Number.POSITIVE_INFINITY, what: 'files' })
  let done = 0
  return await Promise.all(
    files.map(held =>
      limit.run(async () => {
        const taken = await orGateError(takeFile(held, gate))
        const { outcome, metadata } =
          taken instanceof GateError || taken.kind === 'refused'
            ? { outcome: taken, metadata: undefined }
            : { outcome: taken.verdict, metadata: taken.metadata }
        done += 1
        progress(done, files.length)
        return { held, metadata, file: aboutHeld(held), outcome, steps: stepsOf(outcome) }
      }),
    ),
  )
}

export function aboutHeld({ project, filename, sha256 }: HeldFile): Explanation['file'] {
  return { project, version: filename.version, filename: filename.text, sha256 }
}

import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError, orGateError } from '../../domain/base/errors.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import { createLimit } from '../../flow/limit.ts'
import { type Explanation, stepsOf } from '../explain/explanation.ts'
import { type FileGate, type Taken, takeFile } from './take.ts'

/** Files that are judged side by side. */
const AT_ONCE = 8

/** What the gate says of a file that is held: its verdict, or why there is none. */
export interface HeldVerdict extends Pick<Explanation, 'file' | 'outcome' | 'steps'> {
  readonly held: HeldFile
  /** of its METADATA, where there is one that may be given out beside it */
  readonly metadata: Sha256 | undefined
}

/** The gates of a mirror's indexes over what is held, or would be. */
export interface HeldGates {
  /** Those of the indexes that serve the file, in the order of the indexes; none where its name is another source's at each. */
  of(file: HeldFile): Promise<readonly FileGate[]>
  /** of the policy of the first index */
  readonly policyDigest: string
}

/**
 * Judges each file as a client's request would be: verdict, then bytes, then METADATA. What is damaged or cannot be determined is
 * an outcome of that file. A file that one of several indexes admits is admitted, and of those that none does, the first one's word
 * counts; one that no index serves is refused as `source-changed`. In the order of the files.
 */
export async function judgeHeld(
  files: readonly HeldFile[],
  gates: HeldGates,
  progress: (done: number, all: number) => void,
): Promise<readonly HeldVerdict[]> {
  const limit = createLimit({ running: AT_ONCE, waiting: Number.POSITIVE_INFINITY, what: 'files' })
  let done = 0
  return await Promise.all(
    files.map(held =>
      limit.run(async () => {
        const taken = await takeAnywhere(held, gates)
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

async function takeAnywhere(held: HeldFile, gates: HeldGates): Promise<Taken | GateError> {
  let said: Taken | GateError | undefined
  for (const gate of await gates.of(held)) {
    const taken = await orGateError(takeFile(held, gate))
    if (!(taken instanceof GateError) && taken.kind === 'taken') return taken
    said ??= taken
  }
  return said ?? refuseForeign(held, gates.policyDigest)
}

function refuseForeign(held: HeldFile, policyDigest: string): Refused {
  const { project, filename, source } = held
  const found = source === undefined ? 'nobody wrote down of which source it is' : `it is of the source ${source}`
  const detail = `No index here takes ${filename.text} for ${project}: ${found}. See sources, owns and indexes in the configuration: a source that is called otherwise here is known by the place of its files, where no other has that place. portcullis policy approve says whose a name is that nobody owns.`
  return {
    kind: 'refused',
    code: 'source-changed',
    file: aboutHeld(held),
    rule: undefined,
    identity: undefined,
    detail,
    admitWith: undefined,
    policyDigest,
    steps: [{ mark: 'fail', check: 'source', expected: `the source of ${project} at an index`, found }],
    notes: [],
  }
}

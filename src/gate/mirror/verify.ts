import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { blobsOf } from '../../domain/packaging/held-file.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Holdings } from '../../ports/mirror.ts'
import { type HeldVerdict, judgeHeld } from './held-verdicts.ts'
import type { ImportParts } from './import.ts'

interface VerifyParts extends Pick<ImportParts, 'gatesOver'> {
  readonly holdings: Holdings
  readonly blobs: Blobs
}

/** Hashes all that is held, and judges every file under the policy and the root in force. In the order of the files. */
export async function verifyMirror(
  { holdings, blobs, gatesOver }: VerifyParts,
  progress: (what: string, done: number, all: number) => void,
): Promise<readonly HeldVerdict[]> {
  const files = await holdings.all()
  const digests = [...new Set(files.flatMap(blobsOf))]
  const damaged = new Set<Sha256>()
  for (const [index, sha256] of digests.entries()) {
    if (!(await blobs.check(sha256))) damaged.add(sha256)
    progress('hashed', index + 1, digests.length)
  }
  const judged = await judgeHeld(files, await gatesOver(holdings), (done, all) => progress('judged', done, all))
  return judged.map(it => {
    const wrong = blobsOf(it.held).find(sha256 => damaged.has(sha256))
    if (wrong === undefined) return it
    const detail = `${it.file.filename}: the bytes with the sha256 ${wrong} are gone or were changed; import it again`
    return { ...it, outcome: new GateError('integrity-mismatch', detail), steps: [] }
  })
}

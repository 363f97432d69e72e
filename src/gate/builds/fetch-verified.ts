import { sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Admitted } from '../../domain/decide/verdict.ts'
import type { Origin } from '../../ports/outward.ts'

/**
 * The bytes of an admitted file, whole and compared with its sha256 before anybody looks into them. `undefined` where it has more
 * than `most` bytes. Throws integrity-mismatch, unknown-….
 */
export async function fetchVerified(
  { artifact }: Admitted,
  origin: Pick<Origin, 'file'>,
  most: number,
): Promise<Buffer | undefined> {
  const { filename, sha256, size } = artifact
  if (size !== undefined && size > most) return undefined
  const ended = new AbortController()
  const { body } = (await origin.file(artifact, ended.signal)).value
  const chunks: Buffer[] = []
  let came = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      came += chunk.length
      if (came > (size ?? most)) break
      chunks.push(chunk)
    }
  } finally {
    body.destroy()
  }
  if (size === undefined && came > most) return undefined
  const bytes = Buffer.concat(chunks)
  if (came > bytes.length || sha256Of(bytes) !== sha256)
    throw new GateError('integrity-mismatch', `${filename.text}: the bytes have not the sha256 ${sha256}`)
  return bytes
}

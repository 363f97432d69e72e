import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { Sha256 } from '../../domain/base/digest.ts'
import type { Bucket } from './bucket.ts'
import { digestOf } from './check-objects.ts'
import { LARGEST_OBJECT } from './uploads.ts'

/** Something that lies in a data folder. It is read twice: to be hashed, and to be brought. */
export interface FoundBlob {
  readonly sha256: Sha256
  /** bytes */
  readonly size: number
  read(): Readable | Buffer
}

export interface BroughtBlobs {
  /** how many the folder has */
  readonly found: number
  /** how many were not there yet, or wrongly, and are now */
  readonly brought: number
  /** how many the bucket had, each read and hashed */
  readonly there: number
  /** those that the folder itself has other bytes of, or no longer: left where they are */
  readonly wrong: readonly Sha256[]
  /** those that are too large for one object */
  readonly tooLarge: readonly Sha256[]
}

/**
 * Brings everything to the bucket that is not there yet; an object is right when the bucket took it under its digest, or was read back
 * and hashed. Whatever was interrupted is gone on with by doing it again. Throws `unknown-store` where the bucket does not answer.
 */
export async function bringBlobs(
  blobs: Iterable<FoundBlob>,
  { bucket, arrived }: { readonly bucket: Bucket; readonly arrived: (sha256: Sha256, bytes: number) => Promise<void> },
): Promise<BroughtBlobs> {
  const wrong: Sha256[] = []
  const tooLarge: Sha256[] = []
  let [found, brought, there] = [0, 0, 0]
  for (const blob of blobs) {
    const { sha256, size } = blob
    found += 1
    if (size > LARGEST_OBJECT) {
      tooLarge.push(sha256)
      continue
    }
    const before = await digestOf(bucket, sha256)
    if (before === sha256) there += 1
    else if ((await digestHere(blob)) === sha256) {
      const over = before === undefined ? 'nothing' : 'anything'
      await bucket.put(sha256, { body: blob.read(), size }, { over })
      brought += 1
    } else {
      wrong.push(sha256)
      continue
    }
    await arrived(sha256, size)
  }
  return { found, brought, there, wrong, tooLarge }
}

async function digestHere(blob: FoundBlob): Promise<string | undefined> {
  const hash = createHash('sha256')
  const body = blob.read()
  if (Buffer.isBuffer(body)) return hash.update(body).digest('hex')
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk)
    return hash.digest('hex')
  } catch {
    return undefined
  }
}

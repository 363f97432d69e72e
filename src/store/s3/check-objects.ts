import { createHash } from 'node:crypto'
import type { Sha256 } from '../../domain/base/digest.ts'
import type { Bucket } from './bucket.ts'

/** What became of the objects of a bucket. */
export interface CheckedObjects {
  /** how many were read to their end */
  readonly checked: number
  /** those that have other bytes than their key says */
  readonly spoilt: readonly Sha256[]
  /** those that should be there and are not */
  readonly gone: readonly Sha256[]
}

/**
 * Reads every object to its end and hashes it, and looks for those that should be there. Nothing is changed. Throws `unknown-store`
 * where the bucket cannot tell.
 */
export async function checkObjects(
  bucket: Bucket,
  expected: AsyncIterable<Sha256> | Iterable<Sha256>,
  progress: (checked: number) => void = () => {},
): Promise<CheckedObjects> {
  const there = new Set<Sha256>()
  const spoilt: Sha256[] = []
  for await (const { sha256 } of bucket.list()) {
    const found = await digestOf(bucket, sha256)
    // it was removed since it was listed
    if (found === undefined) continue
    there.add(sha256)
    if (found !== sha256) spoilt.push(sha256)
    progress(there.size)
  }
  const gone = new Set<Sha256>()
  for await (const sha256 of expected)
    if (!there.has(sha256) && (await bucket.head(sha256)) === undefined) gone.add(sha256)
  return { checked: there.size, spoilt, gone: [...gone] }
}

/** What an object really is; `undefined` where there is none. Throws `unknown-store` where it cannot be read to its end. */
export async function digestOf(bucket: Bucket, sha256: Sha256): Promise<string | undefined> {
  const object = await bucket.get(sha256)
  if (object === undefined) return undefined
  const hash = createHash('sha256')
  for await (const chunk of object.body as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest('hex')
}

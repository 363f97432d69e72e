import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { type BlobsInBucket, createBlobsInBucket } from '../../../src/store/s3/blobs-in-bucket.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { createS3Bucket } from '../../../src/store/s3/s3-bucket.ts'
import { type DiskSubject, diskSubject } from '../stores.ts'

export interface BucketSubject {
  readonly disk: DiskSubject
  blobs: BlobsInBucket
  readonly bucket: ReturnType<typeof createS3Bucket>
  readonly events: readonly GateEvent[]
  reopen(): Promise<void>
  close(): Promise<void>
  /** what was stored so far is in the bucket */
  brought(...digests: readonly Sha256[]): Promise<void>
}

interface Changes {
  readonly maxStale?: number
  readonly cacheBytes?: number
  readonly folder?: string
}

/** The data folder of one gate of several, over the bucket at this address. */
export async function bucketSubject(t: Test, address: string, changes: Changes = {}): Promise<BucketSubject> {
  const { maxStale = 60_000, cacheBytes = 1e9, folder = t.testdir() } = changes
  const disk = await diskSubject(t, { folder, cacheBytes })
  const bucket = createS3Bucket(bucketAddress(address))
  const open = () =>
    createBlobsInBucket({
      local: disk.blobs,
      bucket: createS3Bucket(bucketAddress(address)),
      folder: `${disk.folder}/uploads`,
      maxStale,
      events: { emit: event => void disk.events.push(event) },
    })
  const subject: BucketSubject = {
    disk,
    blobs: await open(),
    bucket,
    events: disk.events,
    async reopen() {
      await subject.blobs.close()
      await disk.reopen()
      subject.blobs = await open()
    },
    async close() {
      await subject.blobs.close()
      await disk.close()
    },
    async brought(...digests) {
      for (const sha256 of digests) {
        await subject.blobs.settled(sha256)
        // a first try may fail on a connection that the bucket has let go of
        while ((await bucket.head(sha256)) === undefined) await delay(50)
      }
    },
  }
  t.teardown(async () => {
    await subject.blobs.close().catch(() => {})
    bucket.close()
  })
  return subject
}

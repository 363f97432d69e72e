import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config/schema.ts'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { createSharedOrigin } from '../../gate/files/shared-origin.ts'
import type { Events } from '../../observe/events.ts'
import type { BucketState, Leases } from '../../ports/among-gates.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Holdings } from '../../ports/mirror.ts'
import type { Origin } from '../../ports/outward.ts'
import type { BroughtBlobs } from '../../store/s3/bring-blobs.ts'
import type { Bucket } from '../../store/s3/bucket.ts'
import type { CheckedObjects } from '../../store/s3/check-objects.ts'
import type { ObjectLedger } from '../../store/s3/object-ledger.ts'
import { Closing } from '../closing.ts'

/** Bytes as gates share them. */
export interface SharedBytes {
  /** Over what lies here: to be closed in its place. */
  readonly blobs: Blobs
  /** The same origin, asked once for all gates. */
  readonly origin: (origin: Origin) => Origin
  readonly state: () => BucketState
  /** What a mirror holds cannot be fetched again: that it waits for the bucket is on the disk before it is written down that it is held. */
  readonly held: (holdings: Holdings) => Holdings
  /** of those who share the database too */
  readonly leases: Leases | undefined
  close(): Promise<void>
}

interface Parts {
  /** what lies in the data folder */
  readonly local: Blobs
  readonly events: Events
}

function uploadsIn({ data }: Pick<Config, 'data'>): string {
  return join(data, 'uploads')
}

type StoreSettings = Config['store']

/** The bucket of `store.blobs`; `undefined` where none is configured, and then nothing of it is even loaded. */
export async function shareBytes(config: Config, { local, events }: Parts): Promise<SharedBytes | undefined> {
  const closing = new Closing()
  const open = await openBucket(config.store, closing)
  if (open === undefined) return undefined
  const { createBlobsInBucket } = await import('../../store/s3/blobs-in-bucket.ts')
  const { maxStale } = config.store
  const folder = uploadsIn(config)
  const { leases, ...bucket } = open
  const blobs = closing.add(await createBlobsInBucket({ local, ...bucket, folder, maxStale, events }))
  return {
    blobs,
    origin: origin => createSharedOrigin({ origin, shared: blobs, leases }),
    state: () => blobs.state(),
    held: holdings => ({
      ...holdings,
      async put(...files) {
        await blobs.queued()
        await holdings.put(...files)
      },
    }),
    leases: config.store.database === undefined ? undefined : leases,
    close: () => closing.close(),
  }
}

/**
 * Reads and hashes every object of the bucket of `store.blobs`, and looks for those that should be there: all that the gates' database
 * has a row of, and all that lies in this data folder. @throws GateError `usage` where no bucket is configured, `unknown-store`
 */
export async function checkBytes(
  config: Pick<Config, 'store' | 'data'>,
  progress?: (checked: number) => void,
): Promise<CheckedObjects> {
  return await withBucket(config, async ({ bucket, ledger }) => {
    const [{ checkObjects }, { blobsInFolder }] = await Promise.all([
      import('../../store/s3/check-objects.ts'),
      import('../../store/blobs-in-folder.ts'),
    ])
    async function* expected(): AsyncIterable<Sha256> {
      if (ledger !== undefined) yield* ledger.all()
      // what is still on its way there is not gone
      const waiting = new Set(await readdir(uploadsIn(config)).catch(() => []))
      for (const { sha256 } of blobsInFolder(config.data)) if (!waiting.has(sha256)) yield sha256
    }
    return await checkObjects(bucket, expected(), progress)
  })
}

/** Brings every blob of a data folder to the bucket of `store.blobs`; the folder is only read. @throws GateError as {@link checkBytes} */
export async function migrateBytes(config: Pick<Config, 'store'>, folder: string): Promise<BroughtBlobs> {
  return await withBucket(config, async ({ bucket, ledger }) => {
    const [{ bringBlobs }, { blobsInFolder }] = await Promise.all([
      import('../../store/s3/bring-blobs.ts'),
      import('../../store/blobs-in-folder.ts'),
    ])
    const arrived = async (sha256: Sha256, bytes: number): Promise<void> => await ledger?.add(sha256, bytes)
    return await bringBlobs(blobsInFolder(folder), { bucket, arrived })
  })
}

interface OpenBucket {
  readonly bucket: Bucket
  /** where gates share a database too */
  readonly ledger: ObjectLedger | undefined
  readonly leases: Leases
}

async function withBucket<Result>(
  config: Pick<Config, 'store'>,
  use: (open: OpenBucket) => Promise<Result>,
): Promise<Result> {
  const closing = new Closing()
  try {
    const open = await openBucket(config.store, closing)
    if (open === undefined) throw new GateError('usage', 'the configuration names no bucket (store.blobs)')
    closing.add({ close: () => open.bucket.close() })
    return await use(open)
  } finally {
    await closing.close()
  }
}

async function openBucket(settings: StoreSettings, closing: Closing): Promise<OpenBucket | undefined> {
  const { blobs: address, database } = settings
  if (address === undefined) return undefined
  const [{ bucketAddress }, { createS3Bucket }] = await Promise.all([
    import('../../store/s3/bucket-address.ts'),
    import('../../store/s3/s3-bucket.ts'),
  ])
  const bucket = createS3Bucket(bucketAddress(address))
  if (database !== undefined) return { bucket, ...(await openAgreed(database, closing)) }
  const { createInProcessLeases } = await import('../../store/leases/in-process.ts')
  return { bucket, ledger: undefined, leases: closing.add(createInProcessLeases()) }
}

/** What gates tell each other of the bucket, on the database of all of them. */
async function openAgreed(url: string, closing: Closing): Promise<Omit<OpenBucket, 'bucket'>> {
  const [{ createLeaseDatabase }, { createPostgresLeases, LEASE_TABLE }, { createObjectLedger, OBJECT_TABLE }] =
    await Promise.all([
      import('../../store/leases/lease-database.ts'),
      import('../../store/leases/on-postgres.ts'),
      import('../../store/s3/object-ledger.ts'),
    ])
  const database = closing.add(await createLeaseDatabase(url, [LEASE_TABLE, OBJECT_TABLE]))
  return { ledger: createObjectLedger(database), leases: closing.add(await createPostgresLeases(database)) }
}

import { createHash } from 'node:crypto'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { DiskBlobs } from '../../../src/store/disk/disk.ts'
import { type BlobsInBucket, createBlobsInBucket } from '../../../src/store/s3/blobs-in-bucket.ts'
import type { Bucket } from '../../../src/store/s3/bucket.ts'
import { openAt } from './power-child.ts'

/**
 * A process that stores files and documents while the bucket is away, so that all of them wait for it. It says `held <name>` of those of which
 * it may be written down that a mirror holds them: they can be had nowhere else.
 */

/** bytes of each; what is called a document is stored as one */
const SIZES = {
  'large-held': 900_000,
  file: 120_000,
  'a-document': 3_000,
  held: 70_000,
  'b-document': 9_000,
  last: 5_000,
}
export type Stored = keyof typeof SIZES
export const STORED = Object.keys(SIZES) as readonly Stored[]

export function bytesOf(name: Stored): Buffer {
  return Buffer.alloc(SIZES[name], createHash('sha256').update(name).digest())
}

export const digestOf = (name: Stored): Sha256 => sha256Of(bytesOf(name))

export interface WithBucket {
  readonly local: DiskBlobs
  readonly blobs: BlobsInBucket
  close(): Promise<void>
}

export async function openOver(
  bucket: Bucket,
  data: string,
  parts: { readonly emit: (event: GateEvent) => void; readonly arrived?: (sha256: Sha256) => void },
): Promise<WithBucket> {
  const { store, blobs: local } = await openAt(data, parts.emit)
  const ledger = {
    add: async (sha256: Sha256) => parts.arrived?.(sha256),
    async remove() {},
    async *all() {},
  }
  const blobs = await createBlobsInBucket({
    local,
    bucket,
    ledger,
    folder: `${data}/uploads`,
    maxStale: 60_000,
    events: { emit: parts.emit },
  })
  return {
    local: local as DiskBlobs,
    blobs,
    async close() {
      await blobs.close()
      await local.close()
      await store.close()
    },
  }
}

export async function store({ blobs }: WithBucket, name: Stored): Promise<void> {
  const [bytes, sha256] = [bytesOf(name), digestOf(name)]
  const writer = name.endsWith('document')
    ? await blobs.documentWriter(sha256)
    : await blobs.writer(sha256, { size: bytes.length })
  await writer.write(bytes)
  await writer.commit()
}

const away = async () => {
  throw new GateError('unknown-store', 'the bucket is away')
}

const AWAY: Bucket = {
  get: away,
  head: away,
  put: away,
  delete: away,
  list() {
    throw new GateError('unknown-store', 'the bucket is away')
  },
  ping: away,
  close() {},
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function hold(opened: WithBucket, ...names: readonly Stored[]): Promise<void> {
  for (const name of names) await store(opened, name)
  await opened.blobs.queued()
  await opened.local.synced()
  for (const name of names) say(`held ${name}`)
}

async function run(data: string): Promise<void> {
  const opened = await openOver(AWAY, data, { emit() {} })
  await hold(opened, 'a-document')
  await store(opened, 'file')
  await hold(opened, 'large-held', 'held')
  await hold(opened, 'b-document')
  await store(opened, 'last')
  process.kill(process.pid, 'SIGKILL')
}

const [, script = '', data] = process.argv
if (script.endsWith('uploads-child.ts') && data !== undefined) await run(data)

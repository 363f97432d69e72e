import { pipeline } from 'node:stream'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import { createOnce } from '../../flow/once.ts'
import type { Events } from '../../observe/events.ts'
import type { SharedBlobs } from '../../ports/among-gates.ts'
import type { Blobs, BlobWriter } from '../../ports/blobs.ts'
import { hashing } from './blob-body.ts'
import type { Bucket, BucketObject } from './bucket.ts'
import type { ObjectLedger } from './object-ledger.ts'
import { PendingUploads } from './pending-uploads.ts'
import { Reach } from './reach.ts'
import { Uploads } from './uploads.ts'

/** Bytes up to which a document is a row here; what is larger is a file anyhow. */
const SMALL = 64 * 1024
/** Digests of which it is remembered that the bucket has them. */
const REMEMBERED = 2 * 1024 * 1024

interface Options {
  /** what lies on this machine: a bounded cache of the bucket. For whoever opened it to close, afterwards */
  readonly local: Blobs
  readonly bucket: Bucket
  /** of what the bucket has, where gates share a database too */
  readonly ledger?: ObjectLedger | undefined
  /** for what is not in the bucket yet */
  readonly folder: string
  /** ms for which the bucket may be away before the gate is not ready */
  readonly maxStale: number
  readonly events: Events
}

export interface BlobsInBucket extends Blobs, SharedBlobs {
  /** What waits to be brought there is written down on the disk. Throws `unknown-store` where it is not. */
  queued(): Promise<void>
}

/**
 * Bytes that several gates share: a bucket has them all, the disk of each gate those that were used last. Whatever comes from the
 * bucket is hashed; an object with other bytes is as good as none, and replaced as soon as the right bytes are here. Nobody waits
 * for it while it is away.
 */
export async function createBlobsInBucket(options: Options): Promise<BlobsInBucket> {
  const { local, bucket, ledger, events } = options
  const once = createOnce<void>()
  const there = keptWithin<Sha256, true>({ bytes: REMEMBERED })
  /** objects with other bytes than their key says, by their tags */
  const wrong = keptWithin<Sha256, string>({ bytes: REMEMBERED })
  const reach = new Reach({ ping: bucket.ping, maxStale: options.maxStale, events, returned: () => uploads.go() })
  const pending = await PendingUploads.open(options.folder, events)
  const uploads: Uploads = new Uploads({
    open: sha256 => local.open(sha256),
    bucket,
    reach,
    pending,
    wrongObject: sha256 => wrong.get(sha256),
    async arrived(sha256, bytes) {
      await ledger?.add(sha256, bytes)
      wrong.delete(sha256)
      there.set(sha256, true)
      events.emit({ type: 'blob', action: 'uploaded', bytes, total: local.totalBytes() })
    },
    tooLarge(sha256, bytes) {
      const detail = `${sha256} has ${bytes} bytes, more than a bucket takes at once: the other gates fetch it themselves`
      events.emit({ type: 'config-warning', detail })
    },
  })

  /** `undefined`: it has none that is worth reading, or cannot be had. */
  async function get(sha256: Sha256, signal?: AbortSignal): Promise<BucketObject | undefined> {
    if (reach.isAway) return undefined
    const object = await reach
      .ask(
        () => bucket.get(sha256, signal),
        () => signal?.aborted === true,
      )
      .catch(() => undefined)
    if (object === undefined) there.delete(sha256)
    if (object === undefined || object.tag !== wrong.get(sha256)) return object
    object.body.destroy()
    return undefined
  }

  /** Tells it once; the object is replaced by whatever is stored here under its digest. */
  function isWrong(sha256: Sha256, tag: string, why: string): GateError {
    const detail = `the object of ${sha256} in the bucket was changed (${why}); it is replaced when the file is fetched again`
    if (wrong.get(sha256) !== tag) events.emit({ type: 'alarm', alarm: 'blob-corrupt', detail, untrusted: undefined })
    wrong.set(sha256, tag)
    there.delete(sha256)
    return new GateError('unknown-store', detail)
  }

  /** Afterwards it lies here, where the bucket has it. */
  async function bringHere(sha256: Sha256): Promise<void> {
    const object = await get(sha256)
    if (object === undefined) return
    const { body, size, tag } = object
    const writer = await (size <= SMALL ? local.documentWriter(sha256) : local.writer(sha256, { size })).catch(
      (error: unknown) => {
        body.destroy()
        throw error
      },
    )
    try {
      if (!(await isWhole(object, writer))) return
      const found = writer.digest()
      if (found !== sha256) return void isWrong(sha256, tag, `its bytes have the sha256 ${found}`)
      await writer.commit()
      there.set(sha256, true)
      events.emit({ type: 'blob', action: 'fetched', bytes: size, total: local.totalBytes() })
    } finally {
      body.destroy()
      await writer.abort().catch(() => {})
    }
  }

  /** False where the connection broke. */
  async function isWhole({ body, size }: BucketObject, writer: BlobWriter): Promise<boolean> {
    let taken = 0
    const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]()
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        reach.hasFailed(error)
        return { done: true, value: undefined } as const
      })
      if (next.done === true) return taken === size
      taken += next.value.byteLength
      await writer.write(next.value)
    }
  }

  const open: Blobs['open'] = async (sha256, where = 'anywhere') => {
    const here = await local.open(sha256)
    if (here !== undefined || where === 'here' || reach.isAway) return here
    await once(sha256, () => bringHere(sha256))
    return await local.open(sha256)
  }

  /** Written down as pending before it is stored, so that none is forgotten. */
  function behind(sha256: Sha256, writer: BlobWriter): BlobWriter {
    return {
      write: chunk => writer.write(chunk),
      get written() {
        return writer.written
      },
      digest: () => writer.digest(),
      abort: () => writer.abort(),
      read: (buffer, position, length) => writer.read(buffer, position, length),
      async commit() {
        if (there.has(sha256)) return await writer.commit()
        try {
          await pending.add(sha256)
        } catch (error) {
          await writer.abort()
          throw error
        }
        try {
          await writer.commit()
        } finally {
          await uploads.start(sha256)
        }
      },
    }
  }

  await uploads.resume()
  return {
    open,
    writer: async (sha256, arriving) => behind(sha256, await local.writer(sha256, arriving)),
    documentWriter: async sha256 => behind(sha256, await local.documentWriter(sha256)),
    async remove(sha256) {
      there.delete(sha256)
      await uploads.forget(sha256)
      await local.remove(sha256)
      await reach.ask(() => bucket.delete(sha256))
      await ledger?.remove(sha256)
    },
    async check(sha256) {
      if (await local.check(sha256)) return true
      const blob = await open(sha256)
      blob?.close()
      return blob !== undefined
    },
    totalBytes: () => local.totalBytes(),
    async close() {
      await uploads.close()
      await pending.close()
      reach.close()
      bucket.close()
    },
    isAway: () => reach.isAway,
    async stream(sha256, size, signal) {
      const object = await get(sha256, signal)
      if (object === undefined) return undefined
      const { body, size: length, tag } = object
      if (size !== undefined && size !== length) {
        isWrong(sha256, tag, `it has ${length} bytes, not ${size}`)
        body.destroy()
        return undefined
      }
      const checked = hashing(sha256, found => isWrong(sha256, tag, `its bytes have the sha256 ${found}`))
      body.once('error', error => {
        if (!signal.aborted) reach.hasFailed(error)
      })
      checked.once('end', () => there.set(sha256, true))
      pipeline(body, checked, () => {}) // whoever reads it sees how it ends
      return { body: checked, length }
    },
    settled: sha256 => uploads.settled(sha256),
    queued: () => pending.synced(),
    state() {
      const state = reach.state()
      if (uploads.size === 0) return state
      return { ...state, detail: `${state.detail}; ${uploads.size} files wait to be brought there` }
    },
  }
}

import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import type { Sha256 } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { type Clock, formatInstant } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Blobs, OpenBlob } from '../../ports/blobs.ts'
import { storeError } from '../failure/store-error.ts'
import type { BlobRecords } from '../sqlite/tables/blob-records-table.ts'
import { BlobPlaces } from './blob-places.ts'
import { Descriptor } from './descriptor.ts'
import { DiskWriter } from './disk-writer.ts'
import { createInTurn } from './in-turn.ts'
import { OpenBlobs } from './open-blobs.ts'
import { createScrub } from './scrub.ts'
import { statText } from './stat-record.ts'

/** Nothing is followed, and a pipe in a blob's place keeps nobody waiting. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const HASH_PIECE = 256 * 1024
/** How exactly the order of use is kept, ms. */
const TOUCH_EVERY = 60_000
const EVICT_AT_ONCE = 64

interface Options {
  readonly folder: string
  /** bytes that the blobs may have together, without what a mirror holds; the newest one may go beyond */
  readonly cacheBytes: number
  readonly records: BlobRecords
  readonly events: Events
  readonly clock: Clock
}

export interface DiskBlobs extends Blobs {
  /** Hashes every blob once, now and without pauses. */
  scrub(): Promise<void>
  /** Takes blobs into account that the database does not know. */
  takeStock(): Promise<void>
}

/**
 * Bytes by content on a local disk. A stored file that was changed is noticed when it is opened next (its stat record
 * differs), by the background scrub otherwise; a reader that has it open already keeps the descriptor it was given.
 */
export async function createDiskBlobs({ folder, cacheBytes, records, events, clock }: Options): Promise<DiskBlobs> {
  const places = new BlobPlaces(folder)
  await places.prepare()
  const inTurn = createInTurn<Sha256>()
  const touched = new Map<Sha256, number>()
  // its record is made void, so that the next opening hashes it
  const open = new OpenBlobs(sha256 => records.put(sha256, { stat: '', size: records.get(sha256)?.size ?? 0 }))
  let newest: Sha256 | undefined
  let evicting: Promise<void> | undefined
  let closed = false

  function touch(sha256: Sha256): void {
    const now = performance.now()
    const before = touched.get(sha256)
    if (before !== undefined && now - before < TOUCH_EVERY) return
    if (touched.size >= 10_000) touched.clear()
    touched.set(sha256, now)
    records.touch(sha256)
  }

  async function openAny(sha256: Sha256): Promise<OpenBlob | undefined> {
    const blob = open.open(sha256) ?? (await inTurn(sha256, async () => open.open(sha256) ?? (await openFile(sha256))))
    if (blob !== undefined) touch(sha256)
    return blob
  }

  /** Opens what stands in the blob's place, and believes it only when it is what was hashed before, or hashes right now. */
  async function openFile(sha256: Sha256): Promise<OpenBlob | undefined> {
    const path = places.pathOf(sha256)
    const descriptor = await descriptorOf(sha256, path)
    if (descriptor === undefined) return undefined
    let kept = false
    try {
      const stat = await descriptor.stat()
      if (stat.nlink === 0n) return undefined
      const wrong = strange(stat) ?? (await wrongBytes(sha256, descriptor, stat))
      if (wrong !== undefined) return await setAside(sha256, wrong)
      const blob = open.add({ sha256, path, size: Number(stat.size), stat, descriptor })
      kept = true
      return blob
    } catch (error) {
      throw storeError('a stored file could not be opened', error)
    } finally {
      if (!kept) descriptor.release()
    }
  }

  async function descriptorOf(sha256: Sha256, path: string): Promise<Descriptor | undefined> {
    try {
      return await Descriptor.open(path, FLAGS)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'ENOENT') records.delete(sha256)
      else if (code === 'ELOOP' || code === 'ENXIO') await setAside(sha256, 'it is not a regular file')
      else throw storeError('a stored file could not be opened', error)
      return undefined
    }
  }

  async function wrongBytes(sha256: Sha256, descriptor: Descriptor, stat: BigIntStats): Promise<string | undefined> {
    const text = statText(stat)
    if (records.get(sha256)?.stat === text) return undefined
    const found = await hashOf(descriptor)
    if (found !== sha256) return `its bytes have the sha256 ${found}`
    if (statText(await descriptor.stat()) !== text) return 'it changed while it was hashed'
    records.put(sha256, { stat: text, size: Number(stat.size) })
    return undefined
  }

  async function setAside(sha256: Sha256, why: string): Promise<undefined> {
    open.forget(sha256)
    await places.setAside(sha256, formatInstant(clock()).replace(/[:.]/g, '-'))
    records.delete(sha256)
    const detail = `the stored file ${sha256} was changed on disk (${why}); it was moved to ${folder}/quarantine`
    events.emit({ type: 'alarm', alarm: 'blob-corrupt', detail, untrusted: undefined })
  }

  async function publish(
    sha256: Sha256,
    temporary: string,
    { descriptor, size }: { readonly descriptor: Descriptor; readonly size: number },
  ): Promise<void> {
    await inTurn(sha256, async () => {
      await places.publish(temporary, sha256)
      const stat = await descriptor.stat()
      records.put(sha256, { stat: statText(stat), size })
      newest = sha256
      open.add({ sha256, path: places.pathOf(sha256), size, stat, descriptor }).close()
    })
    touched.set(sha256, performance.now())
    events.emit({ type: 'blob', action: 'stored', bytes: size, total: records.total() })
    // not at once: whoever waited for this blob opens it first, and a reader keeps what is evicted
    setImmediate(evict)
  }

  function isFull(): boolean {
    return records.total() - records.heldBytes > cacheBytes
  }

  function evict(): void {
    if (closed || !isFull()) return
    evicting ??= makeRoom()
      .catch((cause: unknown) => tell('the cache of files could not be kept within its bounds', cause)) // the next blob tries again
      .finally(() => {
        evicting = undefined
      })
  }

  /** For what fails while nobody waits for it. */
  function tell(detail: string, cause: unknown): void {
    const { code } = storeError(detail, cause)
    events.emit({ type: 'unknown', code, detail, route: 'background', untrusted: undefined, cause, id: '' })
  }

  async function makeRoom(): Promise<void> {
    while (isFull() && !closed) {
      const candidates = records.oldest(EVICT_AT_ONCE).filter(sha256 => sha256 !== newest)
      if (candidates.length === 0) return
      for (const sha256 of candidates) {
        if (!isFull()) return
        const bytes = records.get(sha256)?.size ?? 0
        await remove(sha256)
        events.emit({ type: 'blob', action: 'evicted', bytes, total: records.total() })
      }
    }
  }

  async function remove(sha256: Sha256): Promise<void> {
    await inTurn(sha256, async () => {
      open.forget(sha256)
      touched.delete(sha256)
      try {
        await unlink(places.pathOf(sha256))
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw storeError('a stored file could not be removed', error)
      }
      records.delete(sha256)
    })
  }

  async function takeStock(pause: () => Promise<void> = async () => {}): Promise<void> {
    for await (const names of places.folders()) {
      if (closed) return
      for (const sha256 of names) {
        if (records.get(sha256) !== undefined) continue
        const stat = await lstat(places.pathOf(sha256)).catch(() => undefined)
        // not hashed yet: that is for whoever opens it
        if (stat?.isFile() && records.get(sha256) === undefined) records.put(sha256, { stat: '', size: stat.size })
      }
      await pause()
    }
    evict()
  }

  async function isSound(sha256: Sha256, pause: (bytes: number) => Promise<void>): Promise<boolean> {
    const descriptor = await Descriptor.open(places.pathOf(sha256), FLAGS).catch(() => undefined)
    if (descriptor === undefined) return false
    try {
      return strange(await descriptor.stat()) === undefined && (await hashOf(descriptor, pause)) === sha256
    } finally {
      descriptor.release()
    }
  }

  /** Hashes a blob whatever its stat record says. */
  async function examine(sha256: Sha256, pause: (bytes: number) => Promise<void>): Promise<void> {
    if (await isSound(sha256, pause)) return
    // perhaps it was replaced meanwhile: the next opening decides, under the same lock as everything else
    const record = records.get(sha256)
    if (record === undefined) return
    open.forget(sha256)
    records.put(sha256, { ...record, stat: '' })
    const blob = await openAny(sha256)
    blob?.close()
  }

  const scrub = createScrub({ next: after => records.next(after), total: () => records.total(), examine, takeStock })

  return {
    open: openAny,
    async writer(sha256) {
      const temporary = places.temporary()
      return await DiskWriter.begin({ sha256, temporary, publish: written => publish(sha256, temporary, written) })
    },
    remove,
    async check(sha256) {
      await examine(sha256, async () => {})
      const blob = await openAny(sha256)
      blob?.close()
      return blob !== undefined
    },
    totalBytes: () => records.total(),
    scrub: scrub.all,
    takeStock: () => takeStock(),
    async close() {
      closed = true
      scrub.close()
      await evicting
      open.clear()
    },
  }
}

function strange(stat: BigIntStats): string | undefined {
  if (!stat.isFile()) return 'it is not a regular file'
  return stat.nlink === 1n ? undefined : 'it has a second name'
}

/** sha256 of the whole file, in pieces between which others have their turn. */
async function hashOf(descriptor: Descriptor, pause?: (bytes: number) => Promise<void>): Promise<string> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafeSlow(HASH_PIECE)
  for (let position = 0; ; ) {
    const count = await descriptor.read(buffer, position)
    if (count === 0) return hash.digest('hex')
    hash.update(buffer.subarray(0, count))
    position += count
    await pause?.(count)
  }
}

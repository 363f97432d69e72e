import type { Sha256 } from '../../domain/base/digest.ts'
import { type Clock, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { BlobRecords } from '../sqlite/tables/blob-records-table.ts'
import { BlobPlaces } from './blob-places.ts'
import { DiskWriter } from './disk-writer.ts'
import { createEviction } from './eviction.ts'
import { createScrub } from './scrub.ts'
import { createSpace, type Room } from './space.ts'
import { StoredFiles, type WrittenFile } from './stored-files.ts'

/** How long a file that comes in waits for room that others have, ms. */
const WAITS_FOR_ROOM = millis(10_000)
/** Bytes that are written at once: of files a few are under way, of documents many. */
const PIECE_OF_FILE = 1024 * 1024
const PIECE_OF_DOCUMENT = 128 * 1024
/** How exactly the order of use is kept, ms. */
const TOUCH_EVERY = 60_000
const MOST_TOUCHED = 10_000

interface Options {
  readonly folder: string
  /**
   * bytes that the blobs may have together, those that are being written too, without what a mirror holds; the newest one may go
   * beyond, and one that is being written
   */
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
  const files = new StoredFiles({ places, records, events, clock })
  const use = noteUse(records)
  const eviction = createEviction({ cacheBytes, promised: () => space.promised, records, remove, events })
  const space = createSpace({
    most: cacheBytes,
    stored: () => records.total() - records.heldBytes,
    makeRoom: eviction.makeRoom,
    patience: WAITS_FOR_ROOM,
  })
  const scrub = createScrub({
    next: after => records.next(after),
    total: () => records.total(),
    examine: (sha256, pause) => files.examine(sha256, pause),
    takeStock,
  })
  let closed = false

  async function open(sha256: Sha256): ReturnType<Blobs['open']> {
    const blob = await files.open(sha256)
    if (blob !== undefined) use.now(sha256)
    return blob
  }

  async function publish(sha256: Sha256, temporary: string, file: WrittenFile, room: Room): Promise<void> {
    await files.publish(sha256, temporary, file, () => {
      eviction.spare(sha256)
      room.end()
    })
    use.isKnown(sha256)
    events.emit({ type: 'blob', action: 'stored', bytes: file.size, total: records.total() })
    // not at once: whoever waited for this blob opens it first, and a reader keeps what is evicted
    setImmediate(eviction.start)
  }

  async function remove(sha256: Sha256): Promise<void> {
    await files.remove(sha256)
    use.forget(sha256)
  }

  async function takeStock(pause: () => Promise<void> = async () => {}): Promise<void> {
    for await (const names of places.folders()) {
      if (closed) return
      for (const sha256 of names) await files.record(sha256)
      await pause()
    }
    eviction.start()
  }

  return {
    open,
    async writer(sha256, arriving) {
      const temporary = places.temporary()
      const room = space.begin(arriving === undefined ? 'document' : 'arriving')
      try {
        await room.reach(arriving?.size ?? 0)
        const publishIt = (written: WrittenFile) => publish(sha256, temporary, written, room)
        const piece = arriving === undefined ? PIECE_OF_DOCUMENT : PIECE_OF_FILE
        return await DiskWriter.begin({ sha256, temporary, piece, room, publish: publishIt })
      } catch (error) {
        room.end()
        throw error
      }
    },
    remove,
    async check(sha256) {
      await files.examine(sha256, async () => {})
      const blob = await open(sha256)
      blob?.close()
      return blob !== undefined
    },
    totalBytes: () => records.total(),
    scrub: scrub.all,
    takeStock: () => takeStock(),
    async close() {
      closed = true
      scrub.close()
      await eviction.close()
      files.clear()
    },
  }
}

interface Use {
  now(sha256: Sha256): void
  /** Its use is on record already. */
  isKnown(sha256: Sha256): void
  forget(sha256: Sha256): void
}

/** The order of use, as exactly as it is worth a row. */
function noteUse(records: BlobRecords): Use {
  const noted = new Map<Sha256, number>()
  return {
    now(sha256) {
      const now = performance.now()
      const before = noted.get(sha256)
      if (before !== undefined && now - before < TOUCH_EVERY) return
      if (noted.size >= MOST_TOUCHED) noted.clear()
      noted.set(sha256, now)
      records.touch(sha256)
    },
    isKnown: sha256 => void noted.set(sha256, performance.now()),
    forget: sha256 => void noted.delete(sha256),
  }
}

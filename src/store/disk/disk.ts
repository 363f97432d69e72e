import type { Sha256 } from '../../domain/base/digest.ts'
import { type Clock, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import { type Blobs, type OpenBlob, openBytes } from '../../ports/blobs.ts'
import { DocumentWriter } from '../documents/document-writer.ts'
import { createKeptDocuments, recordsOfFiles } from '../documents/kept-documents.ts'
import type { BlobRecords } from '../sqlite/tables/blob-records-table.ts'
import { BlobPlaces } from './blob-places.ts'
import { DiskWriter } from './disk-writer.ts'
import { createEviction } from './eviction.ts'
import { createScrub } from './scrub.ts'
import { createSpace, type Room } from './space.ts'
import { isNothingAt } from './stat-record.ts'
import { type ReadableBy, StoredFiles, type WrittenFile } from './stored-files.ts'

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
  /** default: the owner */
  readonly readableBy?: ReadableBy
  readonly records: BlobRecords
  readonly events: Events
  readonly clock: Clock
}

export interface DiskBlobs extends Blobs {
  /** Hashes every blob once, now and without pauses. */
  scrub(): Promise<void>
  /** Takes blobs into account that the database does not know. */
  takeStock(): Promise<void>
  /** Everything that was stored until now is on the disk when this resolves. Throws `unknown-store` where some of it is not. */
  synced(): Promise<void>
}

/**
 * Bytes by content on a local disk. A stored file that was changed is noticed when it is opened next (its stat record
 * differs), by the background scrub otherwise; a reader that has it open already keeps the descriptor it was given.
 */
export async function createDiskBlobs(options: Options): Promise<DiskBlobs> {
  const { folder, cacheBytes, readableBy = 'owner', records, events, clock } = options
  const places = new BlobPlaces(folder)
  await places.prepare()
  const files = new StoredFiles({ places, readableBy, records: recordsOfFiles(records), events, clock })
  const documents = createKeptDocuments({ records, events })
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
    examine,
    takeStock,
  })
  let closed = false
  let isStockTaken = false

  async function open(sha256: Sha256): ReturnType<Blobs['open']> {
    const blob = files.atHand(sha256) ?? openDocument(sha256) ?? (await openFile(sha256))
    if (blob !== undefined) use.now(sha256)
    return blob
  }

  /** Every document that comes in was asked for twice before: to look costs 10 µs, to fail in another thread 35. */
  async function openFile(sha256: Sha256): ReturnType<Blobs['open']> {
    if (records.get(sha256) === undefined && isNothingAt(places.pathOf(sha256))) return undefined
    return await files.open(sha256)
  }

  function openDocument(sha256: Sha256): OpenBlob | undefined {
    const bytes = documents.read(sha256)
    return bytes === undefined ? undefined : openBytes(sha256, bytes)
  }

  const writer: Blobs['writer'] = async (sha256, arriving) => {
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
  }

  async function publish(sha256: Sha256, temporary: string, file: WrittenFile, room: Room): Promise<void> {
    await files.publish(sha256, temporary, file, () => {
      eviction.spare(sha256)
      room.end()
    })
    tellStored(sha256, file.size)
  }

  async function keepDocument(sha256: Sha256, bytes: Buffer): Promise<void> {
    // there already, as a file perhaps: one that is being removed, or is wrong, is absent when this resolves
    const stored = records.get(sha256) === undefined ? undefined : await open(sha256)
    stored?.close()
    if (stored !== undefined) return
    await documents.keep(sha256, bytes)
    eviction.spare(sha256)
    tellStored(sha256, bytes.byteLength)
  }

  function tellStored(sha256: Sha256, bytes: number): void {
    use.isKnown(sha256)
    events.emit({ type: 'blob', action: 'stored', bytes, total: records.total() })
    // not at once: whoever waited for this blob opens it first, and a reader keeps what is evicted
    setImmediate(eviction.start)
  }

  async function remove(sha256: Sha256): Promise<void> {
    if (!documents.forget(sha256)) await files.remove(sha256)
    use.forget(sha256)
  }

  async function examine(sha256: Sha256, pause: (bytes: number) => Promise<void>): Promise<void> {
    if (!documents.has(sha256)) return await files.examine(sha256, pause)
    await pause(records.get(sha256)?.size ?? 0)
    documents.examine(sha256)
  }

  async function takeStock(pause: () => Promise<void> = async () => {}): Promise<void> {
    for await (const names of places.folders()) {
      if (closed) return
      for (const sha256 of names) await files.record(sha256)
      await pause()
    }
    isStockTaken = true
    eviction.start()
  }

  return {
    open,
    writer,
    documentWriter: async sha256 =>
      new DocumentWriter({ sha256, keep: bytes => keepDocument(sha256, bytes), large: () => writer(sha256) }),
    remove,
    async check(sha256) {
      await examine(sha256, async () => {})
      const blob = await open(sha256)
      blob?.close()
      return blob !== undefined
    },
    totalBytes: () => records.total(),
    scrub: scrub.all,
    takeStock: () => takeStock(),
    async synced() {
      await files.synced()
      records.flush()
    },
    async close() {
      closed = true
      scrub.close()
      await eviction.close()
      await files.close({ isKnown: isStockTaken })
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

import { LRUCache } from 'lru-cache'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import type { Events } from '../../observe/events.ts'
import { type BlobRecords, IN_DATABASE } from '../sqlite/tables/blob-records-table.ts'

/** Bytes of documents that were read or written lately and stay in memory. */
const MEMORY = 4 * 1024 * 1024

interface Options {
  readonly records: BlobRecords
  readonly events: Events
}

/** Small documents by content, in the database. Throws `unknown-store`. */
export interface KeptDocuments {
  /** Whether one is on record, whatever its bytes are by now. */
  has(sha256: Sha256): boolean
  /** The bytes, hashed when they came from the database; of a row that fails there is an alarm, and it is absent. */
  read(sha256: Sha256): Buffer | undefined
  /** The bytes have this digest, and nobody changes them any more. */
  keep(sha256: Sha256, bytes: Buffer): Promise<void>
  /** False where none is on record. */
  forget(sha256: Sha256): boolean
  /** Hashes what lies in the database, whatever is in memory. */
  examine(sha256: Sha256): void
}

export function createKeptDocuments({ records, events }: Options): KeptDocuments {
  const memory = new LRUCache<Sha256, Buffer>({
    maxSize: MEMORY,
    sizeCalculation: bytes => Math.max(1, bytes.byteLength),
  })

  function has(sha256: Sha256): boolean {
    return records.get(sha256)?.stat === IN_DATABASE
  }

  function readRow(sha256: Sha256): Buffer | undefined {
    if (!has(sha256)) return undefined
    const bytes = records.content(sha256)
    const found = bytes === undefined ? undefined : sha256Of(bytes)
    if (bytes !== undefined && found === sha256) return bytes
    forget(sha256)
    const why = found === undefined ? 'it is gone' : `its bytes have the sha256 ${found}`
    const detail = `the stored document ${sha256} was changed in the database (${why}); it was dropped`
    events.emit({ type: 'alarm', alarm: 'blob-corrupt', detail, untrusted: undefined })
    return undefined
  }

  function forget(sha256: Sha256): boolean {
    memory.delete(sha256)
    if (!has(sha256)) return false
    records.delete(sha256)
    return true
  }

  return {
    has,
    read(sha256) {
      const atHand = memory.get(sha256)
      if (atHand !== undefined) return atHand
      const bytes = readRow(sha256)
      if (bytes !== undefined) memory.set(sha256, bytes)
      return bytes
    },
    async keep(sha256, bytes) {
      await records.putDocument(sha256, bytes)
      memory.set(sha256, bytes)
    },
    forget,
    examine: sha256 => void readRow(sha256),
  }
}

/** The records as whoever keeps files sees them: a document of the same digest is none of its business. */
export function recordsOfFiles(records: BlobRecords): BlobRecords {
  const get: BlobRecords['get'] = sha256 => {
    const record = records.get(sha256)
    return record?.stat === IN_DATABASE ? undefined : record
  }
  return {
    ...records,
    get,
    delete(sha256) {
      if (get(sha256) !== undefined) records.delete(sha256)
    },
  }
}

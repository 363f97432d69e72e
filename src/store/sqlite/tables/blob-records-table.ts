import { setTimeout } from 'node:timers/promises'
import type Database from 'better-sqlite3'
import type { Sha256 } from '../../../domain/base/digest.ts'
import type { Clock } from '../../../domain/base/instant.ts'
import type { WriteBehind } from '../write-behind.ts'

/** In the place of a stat record, of a document whose content is in the database. */
export const IN_DATABASE = 'database'

/** In place of a stat record: its bytes were right, and may never have reached the disk. Whoever opens it after an unclean stop hashes it. */
export const UNSETTLED = 'unsettled'

/** What is remembered of a stored blob. */
export interface BlobRecord {
  /** the stat record when it was on the disk and hashed; {@link UNSETTLED}; `''`: it is to be hashed, and ought to be right; or {@link IN_DATABASE} */
  readonly stat: string
  /** bytes */
  readonly size: number
}

/**
 * The list of stored blobs with their stat records, in order of use, and the content of documents. It stays on disk: a cache may hold a
 * million.
 */
export interface BlobRecords {
  get(sha256: Sha256): BlobRecord | undefined
  /** Of a file. */
  put(sha256: Sha256, record: BlobRecord): void
  /** Notes the stat record of a blob that is on record, which is no use of it. */
  confirm(sha256: Sha256, stat: string): void
  /** Of a document, with its content, which is not looked at. Waits while too much of them waits. Throws `unknown-store`. */
  putDocument(sha256: Sha256, content: Buffer): Promise<void>
  /** Content of a document, unchecked; `undefined` where there is none. */
  content(sha256: Sha256): Buffer | undefined
  delete(sha256: Sha256): void
  /** No stat record of it is in the database any more when this returns, so that none is taken for another file's. Throws `unknown-store`. */
  withdraw(sha256: Sha256): void
  /** Notes that the blob was used now. */
  touch(sha256: Sha256): void
  /** Everything that was noted until now is on the disk when this returns, documents as well. Throws `unknown-store`. */
  flush(): void
  /** bytes of all blobs */
  total(): number
  /** bytes of those that a mirror holds, as it was when the database was opened: they are never evicted */
  readonly heldBytes: number
  /** Those that were used least recently, without what a mirror holds. */
  oldest(limit: number): readonly Sha256[]
  /** The first digest after this one, in the order of digests. */
  next(after: string): Sha256 | undefined
}

interface PendingRecord {
  /** `undefined`: to be deleted */
  readonly record: BlobRecord | undefined
  readonly content: Buffer | undefined
  readonly used: number
}

/** What belongs to a record that is kept. */
interface Kept {
  readonly content?: Buffer
  /** default: now */
  readonly used?: number | undefined
}

/** Rows, as heavy as their documents are, that wait to be written where one more document waits for them: 4 MiB of documents. */
const MOST_WAITING = 1024
/** How long whoever finds more waits before he looks again, ms. */
const LOOK_AGAIN_MS = 10
/** So many bytes of a document are another row to whoever writes it: a page of the database. */
const BYTES_OF_A_ROW = 4096

/** Whether a mirror needs the blob. */
const HELD = ['sha256', 'core_metadata', 'provenance']
  .map(column => `exists (select 1 from held where held.${column} = blobs.sha256)`)
  .join(' or ')

function weightOf({ content }: PendingRecord): number {
  return 1 + Math.floor((content?.byteLength ?? 0) / BYTES_OF_A_ROW)
}

export function createBlobRecordsTable(database: Database.Database, writes: WriteBehind, clock: Clock): BlobRecords {
  const select = database.prepare<[string], BlobRecord>('select stat, size from blobs where sha256 = ?')
  const selectUsed = database.prepare<[string], number>('select used from blobs where sha256 = ?').pluck()
  const upsert = database.prepare<[string, string, number, number]>(
    `insert into blobs (sha256, stat, size, used) values (?, ?, ?, ?)
     on conflict do update set stat = excluded.stat, size = excluded.size, used = excluded.used`,
  )
  const remove = database.prepare<[string]>('delete from blobs where sha256 = ?')
  const use = database.prepare<[number, string]>('update blobs set used = ? where sha256 = ?')
  const selectOldest = database
    .prepare<[number], Sha256>(`select sha256 from blobs where not (${HELD}) order by used limit ?`)
    .pluck()
  const selectNext = database
    .prepare<[string], Sha256>('select sha256 from blobs where sha256 > ? order by sha256 limit 1')
    .pluck()
  const upsertContent = database.prepare<[string, Buffer]>(
    `insert into documents (sha256, content) values (unhex(?), ?) on conflict do update set content = excluded.content`,
  )
  const removeContent = database.prepare<[string]>('delete from documents where sha256 = unhex(?)')
  const selectContent = database
    .prepare<[string], Buffer>('select content from documents where sha256 = unhex(?)')
    .pluck()
  const pending = new Map<Sha256, PendingRecord>()
  let pendingWeight = 0
  const touched = new Map<Sha256, number>()
  let total = database.prepare<[], number>('select coalesce(sum(size), 0) from blobs').pluck().get() ?? 0
  const heldBytes =
    database.prepare<[], number>(`select coalesce(sum(size), 0) from blobs where ${HELD}`).pluck().get() ?? 0

  writes.add({
    size: () => pendingWeight,
    write(limit) {
      const written: Sha256[] = []
      let left = limit
      for (const [sha256, waiting] of pending) {
        left -= weightOf(waiting)
        if (left < 0) break
        writeRow(sha256, waiting)
        written.push(sha256)
      }
      return () => {
        for (const sha256 of written) noLongerPending(sha256)
      }
    },
  })
  writes.add({
    size: () => touched.size,
    write(limit) {
      const rows = [...touched.entries().take(limit)]
      for (const [sha256, used] of rows) use.run(used, sha256)
      return () => {
        for (const [sha256] of rows) touched.delete(sha256)
      }
    },
  })

  function asked<Result>(query: () => Result): Result {
    return writes.ask('the list of stored files could not be read', query)
  }

  function get(sha256: Sha256): BlobRecord | undefined {
    const waiting = pending.get(sha256)
    if (waiting !== undefined) return waiting.record
    return asked(() => select.get(sha256))
  }

  /** A record and the content that belongs to it change together. */
  function writeRow(sha256: Sha256, { record, content, used }: PendingRecord): void {
    if (record === undefined) remove.run(sha256)
    else upsert.run(sha256, record.stat, record.size, used)
    if (content === undefined) removeContent.run(sha256)
    else upsertContent.run(sha256, content)
  }

  function noLongerPending(sha256: Sha256): void {
    const before = pending.get(sha256)
    if (before !== undefined) pendingWeight -= weightOf(before)
    pending.delete(sha256)
  }

  function keep(sha256: Sha256, record: BlobRecord | undefined, { content, used = clock() }: Kept = {}): void {
    total += (record?.size ?? 0) - (get(sha256)?.size ?? 0)
    noLongerPending(sha256)
    const waiting: PendingRecord = { record, content, used }
    pending.set(sha256, waiting)
    pendingWeight += weightOf(waiting)
    writes.due()
  }

  return {
    get,
    put(sha256, record) {
      writes.assertWriting()
      keep(sha256, record)
    },
    confirm(sha256, stat) {
      const record = get(sha256)
      if (record === undefined) return
      keep(sha256, { ...record, stat }, { used: pending.get(sha256)?.used ?? asked(() => selectUsed.get(sha256)) })
    },
    async putDocument(sha256, content) {
      while (pendingWeight > MOST_WAITING) {
        writes.assertWriting()
        writes.hurry()
        await setTimeout(LOOK_AGAIN_MS)
      }
      writes.assertWriting()
      keep(sha256, { stat: IN_DATABASE, size: content.byteLength }, { content })
    },
    content(sha256) {
      const waiting = pending.get(sha256)
      return waiting === undefined ? asked(() => selectContent.get(sha256)) : waiting.content
    },
    delete(sha256) {
      if (get(sha256) !== undefined) keep(sha256, undefined)
    },
    withdraw(sha256) {
      const written = asked(() => select.get(sha256))
      if (written === undefined || written.stat === UNSETTLED) return
      const record = get(sha256)
      if (record !== undefined) keep(sha256, { ...record, stat: UNSETTLED })
      writes.flush()
    },
    touch(sha256) {
      touched.set(sha256, clock())
      writes.due()
    },
    flush: () => writes.flush(),
    total: () => total,
    heldBytes,
    oldest(limit) {
      writes.flush()
      return asked(() => selectOldest.all(limit))
    },
    next: after => asked(() => selectNext.get(after)),
  }
}

import type Database from 'better-sqlite3'
import type { Sha256 } from '../../../domain/base/digest.ts'
import type { Clock } from '../../../domain/base/instant.ts'
import type { WriteBehind } from '../write-behind.ts'

/** What is remembered of a stored blob. */
export interface BlobRecord {
  /** the stat record when it was hashed last; `''`: it is on disk, but nobody has hashed it yet */
  readonly stat: string
  /** bytes */
  readonly size: number
}

/** The list of stored blobs with their stat records, in order of use. It stays on disk: a cache may hold a million. */
export interface BlobRecords {
  get(sha256: Sha256): BlobRecord | undefined
  put(sha256: Sha256, record: BlobRecord): void
  delete(sha256: Sha256): void
  /** Notes that the blob was used now. */
  touch(sha256: Sha256): void
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
  readonly used: number
}

/** Whether a mirror needs the blob. */
const HELD = ['sha256', 'core_metadata', 'provenance']
  .map(column => `exists (select 1 from held where held.${column} = blobs.sha256)`)
  .join(' or ')

export function createBlobRecordsTable(database: Database.Database, writes: WriteBehind, clock: Clock): BlobRecords {
  const select = database.prepare<[string], BlobRecord>('select stat, size from blobs where sha256 = ?')
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
  const pending = new Map<Sha256, PendingRecord>()
  const touched = new Map<Sha256, number>()
  let total = database.prepare<[], number>('select coalesce(sum(size), 0) from blobs').pluck().get() ?? 0
  const heldBytes =
    database.prepare<[], number>(`select coalesce(sum(size), 0) from blobs where ${HELD}`).pluck().get() ?? 0

  writes.add({
    size: () => pending.size,
    write(limit) {
      const rows = [...pending.entries().take(limit)]
      for (const [sha256, { record, used }] of rows) {
        if (record === undefined) remove.run(sha256)
        else upsert.run(sha256, record.stat, record.size, used)
      }
      return () => {
        for (const [sha256] of rows) pending.delete(sha256)
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

  function keep(sha256: Sha256, record: BlobRecord | undefined): void {
    total += (record?.size ?? 0) - (get(sha256)?.size ?? 0)
    pending.set(sha256, { record, used: clock() })
    writes.due()
  }

  return {
    get,
    put(sha256, record) {
      writes.assertWriting()
      keep(sha256, record)
    },
    delete(sha256) {
      if (get(sha256) !== undefined) keep(sha256, undefined)
    },
    touch(sha256) {
      touched.set(sha256, clock())
      writes.due()
    },
    total: () => total,
    heldBytes,
    oldest(limit) {
      writes.flush()
      return asked(() => selectOldest.all(limit))
    },
    next: after => asked(() => selectNext.get(after)),
  }
}

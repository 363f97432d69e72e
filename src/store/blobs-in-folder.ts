import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Sha256 } from '../domain/base/digest.ts'
import { placeOf } from './disk/blob-places.ts'
import { storeError } from './failure/store-error.ts'
import type { FoundBlob } from './s3/bring-blobs.ts'
import { databaseIn } from './sqlite/schema.ts'
import { IN_DATABASE } from './sqlite/tables/blob-records-table.ts'

/** A blob that a data folder has on record. */
interface RecordedBlob {
  readonly sha256: Sha256
  /** bytes */
  readonly size: number
  /** of a document that lies in the database; `undefined`: it is a file */
  content(): Buffer | undefined
}

const AT_ONCE = 500

/** What a data folder has on record, in the order of digests, read beside whoever works with it. Throws `unknown-store`. */
function* readBlobs(folder: string): Generator<RecordedBlob, void, undefined> {
  const file = databaseIn(folder)
  if (!existsSync(file)) return
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 })
    try {
      const next = database.prepare<[string, number], { readonly sha256: Sha256; stat: string; size: number }>(
        'select sha256, stat, size from blobs where sha256 > ? order by sha256 limit ?',
      )
      const content = database
        .prepare<[string], Buffer>('select content from documents where sha256 = unhex(?)')
        .pluck()
      for (let after = ''; ; ) {
        const rows = next.all(after, AT_ONCE)
        for (const { sha256, stat, size } of rows)
          yield { sha256, size, content: () => (stat === IN_DATABASE ? content.get(sha256) : undefined) }
        const last = rows.at(-1)
        if (last === undefined) return
        after = last.sha256
      }
    } finally {
      database.close()
    }
  } catch (error) {
    throw storeError('the list of stored files could not be read', error)
  }
}

/** Every blob of a data folder, which is only read. Throws `unknown-store` where its database cannot be. */
export function* blobsInFolder(folder: string): Generator<FoundBlob, void, undefined> {
  for (const { sha256, size, content } of readBlobs(folder))
    yield {
      sha256,
      size,
      read: () => content() ?? createReadStream(join(folder, 'blobs', placeOf(sha256))),
    }
}

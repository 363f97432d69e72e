import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import { lockIfFree } from './disk/folder-lock.ts'
import { storeError } from './failure/store-error.ts'
import { prepareFolder } from './open.ts'
import { openDatabase } from './sqlite/database.ts'
import { databaseIn } from './sqlite/schema.ts'

/** How long is waited for a gate that writes. */
const PATIENCE_MS = 5_000

/**
 * The database of a data folder for one command, beside a gate that works there or without one; it is begun where there is none. What is
 * committed is on disk. `failed` says in our words what could not be done. Throws `unknown-store`, `config-invalid`.
 */
export async function withDatabaseIn<Result>(
  folder: string,
  { clock, failed }: { readonly clock: Clock; readonly failed: string },
  use: (database: Database.Database) => Result | Promise<Result>,
): Promise<Result> {
  prepareFolder(folder)
  const file = databaseIn(folder)
  const lock = lockIfFree(folder)
  try {
    // begins it, or brings it up to date, where that is ours to do
    if (lock !== undefined) (await openDatabase({ file, events: { emit() {} }, clock }, database => database)).close()
    else if (!existsSync(file))
      throw new GateError('unknown-store', 'the gate that starts in this folder has no database yet')
    const database = new Database(file, { fileMustExist: true, timeout: PATIENCE_MS })
    try {
      database.pragma('synchronous = full')
      return await use(database)
    } finally {
      database.close()
    }
  } catch (error) {
    throw storeError(failed, error)
  } finally {
    lock?.release()
  }
}

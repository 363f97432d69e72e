import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import type { Events } from '../observe/events.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Holdings, Misses } from '../ports/mirror.ts'
import type { Store } from '../ports/store.ts'
import { createDiskBlobs } from './disk/disk.ts'
import { closingWith, lockFolder } from './disk/folder-lock.ts'
import { databaseIn, openDatabase, suspect } from './sqlite/database.ts'
import type { JournalBounds } from './sqlite/retention.ts'
import { createSqliteStore } from './sqlite/sqlite.ts'

export interface StoreOptions {
  /** data folder; created when absent */
  readonly folder: string
  /** bytes that stored files may have together (files.cache) */
  readonly cacheBytes: number
  readonly journal: JournalBounds
  readonly events: Events
  readonly clock: Clock
}

interface OpenStore {
  readonly store: Store
  readonly blobs: Blobs
  /** what a mirror holds, and what was asked of it in vain; they end with the store */
  readonly holdings: Holdings
  readonly misses: Misses
}

/**
 * Opens the data folder: `portcullis.sqlite`, `blobs/` and the lock that keeps a second gate out. Throws
 * `config-invalid` naming what cannot be used. Store and blobs are to be closed, in either order.
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const { folder, cacheBytes, journal, events, clock } = options
  prepareFolder(folder)
  const lock = lockFolder(folder)
  const file = databaseIn(folder)
  try {
    const { store, blobRecords, holdings, misses } = await openDatabase({ file, events, clock }, database =>
      createSqliteStore({ database, events, clock, journal, failed: error => suspect(file, error) }),
    )
    const blobs = await createDiskBlobs({
      folder: join(folder, 'blobs'),
      cacheBytes,
      records: blobRecords,
      events,
      clock,
    }).catch(async (error: unknown) => {
      await store.close()
      throw unusable(folder, error)
    })
    return { blobs, holdings, misses, store: closingWith(store, lock) }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** @throws GateError `config-invalid` where the gate cannot write to the folder, or make it */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw unusable(folder, error)
  }
}

function unusable(folder: string, error: unknown): GateError {
  if (error instanceof GateError) return error
  return new GateError(
    'config-invalid',
    `the data folder ${folder} cannot be used (${errorCode(error) ?? 'unknown'}): the gate must be able to write there`,
    { cause: error },
  )
}

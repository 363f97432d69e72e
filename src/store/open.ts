import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Clock, Millis } from '../domain/base/instant.ts'
import type { Events } from '../observe/events.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { AuditLog, AuditRecords } from '../ports/console/audit-log.ts'
import type { NoticeQueue } from '../ports/console/notices.ts'
import type { Requests } from '../ports/console/requests.ts'
import type { SessionBook, Sessions } from '../ports/console/sessions.ts'
import type { Holdings, Misses } from '../ports/mirror.ts'
import type { Store } from '../ports/store.ts'
import type { Tokens } from '../ports/tokens.ts'
import { createDiskBlobs, type DiskBlobs } from './disk/disk.ts'
import { closingWith, lockFolder } from './disk/folder-lock.ts'
import { openDatabase, suspect } from './sqlite/database.ts'
import type { JournalBounds } from './sqlite/retention.ts'
import { databaseIn } from './sqlite/schema.ts'
import { createSqliteStore } from './sqlite/sqlite.ts'

export interface StoreOptions {
  /** data folder; created when absent */
  readonly folder: string
  /** bytes that stored files may have together (files.cache) */
  readonly cacheBytes: number
  /** who may read stored files; default: the owner */
  readonly readableBy?: 'owner' | 'group'
  readonly journal: JournalBounds
  /** where what is known lies, instead of in the data folder: PostgreSQL, by URL */
  readonly shared?: { readonly database?: string | undefined; readonly maxStale: Millis }
  readonly events: Events
  readonly clock: Clock
}

interface OpenStore {
  readonly store: Store
  readonly blobs: Blobs
  /** what a mirror holds, and what was asked of it in vain; they end with the store */
  readonly holdings: Holdings
  readonly misses: Misses
  readonly tokens: Tokens
  readonly requests: Requests
  readonly audit: AuditLog & AuditRecords
  /** what is told, on its way; ends with the store */
  notices(): Promise<NoticeQueue>
  readonly sessions: Sessions & SessionBook
  /** the one that all go by who share the store */
  readonly clock: Clock
}

/** What is known, wherever that lies. */
interface Known
  extends Pick<OpenStore, 'store' | 'holdings' | 'misses' | 'tokens' | 'requests' | 'audit' | 'notices' | 'sessions'> {
  readonly clock?: Clock
}

/**
 * Opens the data folder: `portcullis.sqlite`, `blobs/` and the lock that keeps a second gate out; with a database that is shared, the
 * folder holds bytes, what is known of them, and what waits for the database. Throws `config-invalid` naming what cannot be used.
 * Store and blobs are to be closed, in either order.
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const { folder, cacheBytes, readableBy = 'owner', journal, events, clock } = options
  prepareFolder(folder)
  const lock = lockFolder(folder)
  const file = databaseIn(folder)
  try {
    const local = await openDatabase({ file, events, clock }, database =>
      createSqliteStore({ database, events, clock, journal, failed: error => suspect(file, error) }),
    )
    const known = await knownTo(options, local)
    const { store, holdings, misses, tokens, requests, audit, notices, sessions, clock: common = clock } = known
    const { blobRecords } = local
    const blobs = await createDiskBlobs({
      folder: join(folder, 'blobs'),
      cacheBytes,
      readableBy,
      records: blobRecords,
      events,
      clock,
    }).catch(async (error: unknown) => {
      await store.close()
      throw unusable(folder, error)
    })
    return {
      blobs,
      holdings: heldOnDisk(holdings, blobs),
      misses,
      tokens,
      requests,
      audit,
      notices,
      sessions,
      clock: common,
      store: closingWith(store, lock),
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Loaded only where it is meant. */
async function knownTo(options: StoreOptions, local: Known): Promise<Known> {
  const { shared, folder, journal, events, clock } = options
  if (shared?.database === undefined) return local
  const { database, maxStale } = shared
  try {
    const { openPostgres } = await import('./postgres/postgres.ts')
    const known = await openPostgres({ database, folder, maxStale, journal, events, clock })
    return { ...known, store: closingBoth(known.store, local.store) }
  } catch (error) {
    await local.store.close()
    throw error
  }
}

function closingBoth(store: Store, local: Pick<Store, 'close'>): Store {
  return {
    ...store,
    async close() {
      try {
        await store.close()
      } finally {
        await local.close()
      }
    },
  }
}

/** What a mirror holds cannot be fetched again: its bytes are on the disk before it is written down that they are held. */
function heldOnDisk(holdings: Holdings, blobs: Pick<DiskBlobs, 'synced'>): Holdings {
  return {
    ...holdings,
    async put(...files) {
      await blobs.synced()
      await holdings.put(...files)
    },
  }
}

/** @throws GateError `config-invalid` where the gate cannot write to the folder, or make it */
export function prepareFolder(folder: string): void {
  try {
    makeFolder(folder)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw unusable(folder, error)
  }
}

/** Node’s own call with all its parents never ends where a folder that is there says ENOENT (below /proc, an automounter). */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(folder)
  if (parent !== folder && statSync(parent, { throwIfNoEntry: false }) === undefined) makeFolder(parent)
  mkdirSync(folder)
}

function unusable(folder: string, error: unknown): GateError {
  if (error instanceof GateError) return error
  return new GateError(
    'config-invalid',
    `the data folder ${folder} cannot be used (${errorCode(error) ?? 'unknown'}): the gate must be able to write there`,
    { cause: error },
  )
}

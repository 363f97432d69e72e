import { mkdirSync } from 'node:fs'
import { type Clock, millis } from '../domain/base/instant.ts'
import type { Events } from '../observe/events.ts'
import type { Store } from '../ports/store.ts'
import { closingWith, lockFolder } from './disk/folder-lock.ts'
import { createMemoryStore } from './memory.ts'
import { openDatabase, suspect } from './sqlite/database.ts'
import { databaseIn } from './sqlite/schema.ts'
import { createSqliteStore } from './sqlite/sqlite.ts'

/** Commands keep nothing in the journal; what they keep is kept. */
const JOURNAL = { keep: millis(400 * 86_400_000), maxSize: Number.POSITIVE_INFINITY }

/** A command looks at one project after the other; what it comes back to is read again. About bytes. */
const MEMORY_WEIGHT = 4 * 1024 * 1024

interface Options {
  /** in the user's cache; made when absent */
  readonly folder: string
  readonly clock: Clock
  readonly events: Events
}

/**
 * What commands remember between runs, so that one that was interrupted goes on where it was. A folder that another
 * command works in, or that cannot be used, is no reason to fail: then nothing outlives the run.
 */
export async function openCommandStore({ folder, clock, events }: Options): Promise<Store> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = lockFolder(folder)
    try {
      const file = databaseIn(folder)
      const { store } = await openDatabase({ file, events, clock }, database =>
        createSqliteStore({
          database,
          events,
          clock,
          journal: JOURNAL,
          memoryWeight: MEMORY_WEIGHT,
          failed: error => suspect(file, error),
        }),
      )
      return closingWith(store, lock)
    } catch (error) {
      lock.release()
      throw error
    }
  } catch {
    return createMemoryStore({ clock, events }).store
  }
}

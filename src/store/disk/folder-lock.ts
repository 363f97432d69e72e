import { join } from 'node:path'
import Database from 'better-sqlite3'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

export interface FolderLock {
  release(): void
}

/** Another gate, or a command of a mirror, has the data folder: what is told apart from a folder that cannot be locked at all. */
export class FolderInUse extends GateError {
  constructor(folder: string, cause: unknown) {
    super(
      'config-invalid',
      `the data folder ${folder} is in use by another gate or a mirror command: stop it first and start it again afterwards, or take a folder of its own (--data)`,
      { cause },
    )
  }
}

/**
 * One gate per data folder: two would overwrite each other's batches. The lock is the operating system's, held through
 * an empty SQLite file, so that it ends with the process however that ends.
 */
export function lockFolder(folder: string): FolderLock {
  const database = open(folder)
  try {
    database.pragma('locking_mode = exclusive')
    database.exec('begin exclusive')
  } catch (error) {
    database.close()
    if (errorCode(error)?.startsWith('SQLITE_BUSY') === true) throw new FolderInUse(folder, error)
    throw new GateError(
      'config-invalid',
      `the data folder ${folder} cannot be locked (${errorCode(error) ?? 'unknown'}): ${join(folder, LOCK)}`,
      { cause: error },
    )
  }
  return { release: () => void database.close() }
}

/** For whoever works beside a gate that has the folder, or without one: `undefined` where another has it. Throws `config-invalid`. */
export function lockIfFree(folder: string): FolderLock | undefined {
  try {
    return lockFolder(folder)
  } catch (error) {
    if (error instanceof FolderInUse) return undefined
    throw error
  }
}

/** What lets go of the lock when it is closed, whether or not that succeeds. */
export function closingWith<Part extends { close(): Promise<void> }>(part: Part, lock: FolderLock): Part {
  return {
    ...part,
    async close() {
      try {
        await part.close()
      } finally {
        lock.release()
      }
    },
  }
}

const LOCK = 'lock'

function open(folder: string): Database.Database {
  try {
    return new Database(join(folder, LOCK), { timeout: 0 })
  } catch (error) {
    throw new GateError(
      'config-invalid',
      `the data folder ${folder} cannot be locked (${errorCode(error) ?? 'unknown'})`,
      { cause: error },
    )
  }
}

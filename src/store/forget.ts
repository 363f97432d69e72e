import { existsSync } from 'node:fs'
import { GateError } from '../domain/base/errors.ts'
import type { Clock } from '../domain/base/instant.ts'
import { type FolderLock, lockFolder } from './disk/folder-lock.ts'
import { databaseIn } from './sqlite/database.ts'
import { type ForgetOrder, forgetIn } from './sqlite/forget.ts'

/**
 * Lets go of something that is remembered in a data folder, beside a gate that works there or without one. False where there was
 * nothing to let go of. Throws `unknown-store`.
 */
export async function forget(folder: string, order: ForgetOrder, clock: Clock): Promise<boolean> {
  if (!existsSync(databaseIn(folder))) return false
  const lock = lockIfFree(folder)
  try {
    return await forgetIn({ folder, isOurs: lock !== undefined, clock }, order)
  } finally {
    lock?.release()
  }
}

function lockIfFree(folder: string): FolderLock | undefined {
  try {
    return lockFolder(folder)
  } catch (error) {
    if (error instanceof GateError) return undefined
    throw error
  }
}

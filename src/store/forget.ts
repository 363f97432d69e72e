import { existsSync } from 'node:fs'
import type { Clock } from '../domain/base/instant.ts'
import { lockIfFree } from './disk/folder-lock.ts'
import { type ForgetOrder, forgetIn } from './sqlite/forget.ts'
import { databaseIn } from './sqlite/schema.ts'

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

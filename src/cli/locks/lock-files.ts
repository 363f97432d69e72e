import { GateError } from '../../domain/base/errors.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import { readLock } from '../../protocol/lockfiles/read-lock.ts'
import { readGiven } from '../terminal/read-given.ts'

/** Reads lock files, and what they include. Throws `usage` naming the file, and the line where there is one. */
export function readLocks(paths: readonly string[]): readonly Lock[] {
  return paths.map(path => readLock({ path, text: readText(path) }, readText))
}

function readText(path: string): string {
  const bytes = readGiven(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new GateError('usage', `${path} is not UTF-8`, { cause: error })
  }
}

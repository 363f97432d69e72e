import { readFileSync } from 'node:fs'
import { GateError } from '../domain/errors.ts'
import type { Lock } from '../protocol/lockfiles/lock.ts'
import { readLock } from '../protocol/lockfiles/read-lock.ts'

/** Reads lock files, and what they include. Throws `usage` naming the file, and the line where there is one. */
export function readLocks(paths: readonly string[]): readonly Lock[] {
  return paths.map(path => readLock({ path, text: readText(path) }, readText))
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8' : `cannot be read (${code})`
    throw new GateError('usage', `${path} ${why}`, { cause: error })
  }
}

import { readFileSync } from 'node:fs'
import { GateError } from '../../domain/base/errors.ts'

/** A file that somebody named. Throws `usage`. */
export function readGiven(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new GateError('usage', `${path} cannot be read (${code})`, { cause: error })
  }
}

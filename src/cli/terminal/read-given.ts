import { readFileSync } from 'node:fs'
import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

/** A file that somebody named. Throws `usage`. */
export function readGiven(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = errorCode(error) ?? 'unreadable'
    throw new GateError('usage', `${path} cannot be read (${code})`, { cause: error })
  }
}

import { readFileSync } from 'node:fs'
import { whyUnread } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

/** A file that somebody named. Throws `usage`. */
export function readGiven(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new GateError('usage', `${path} ${whyUnread(error)}`, { cause: error })
  }
}

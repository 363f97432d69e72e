import { errorCode } from '../../domain/base/error-code.ts'
import { GateError } from '../../domain/base/errors.ts'

/** "Cannot tell", for whatever the disk or the database says. `what` is in our own words; the cause goes to the log. */
export function storeError(what: string, cause: unknown): GateError {
  if (cause instanceof GateError) return cause
  const code = errorCode(cause)
  return new GateError('unknown-store', code === undefined ? what : `${what} (${code})`, { cause })
}

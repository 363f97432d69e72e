import { GateError } from '../domain/base/errors.ts'

/** "Cannot tell", for whatever the disk or the database says. `what` is in our own words; the cause goes to the log. */
export function storeError(what: string, cause: unknown): GateError {
  if (cause instanceof GateError) return cause
  const code = errorCode(cause)
  return new GateError('unknown-store', code === undefined ? what : `${what} (${code})`, { cause })
}

/** `ENOSPC`, `SQLITE_FULL` and the like, where the error has one. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** `ENOSPC`, `SQLITE_FULL` and the like: what Node and libraries call a failure, where they call it anything. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** `ENOSPC`, `SQLITE_FULL` and the like: what Node and libraries call a failure, where they call it anything. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Why a file that somebody named could not be read, to stand behind its name: `does not exist`, or `cannot be read (EACCES)`. */
export function whyUnread(error: unknown): string {
  return whyUnreadAs(errorCode(error) ?? 'unknown')
}

export function whyUnreadAs(code: string): string {
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'EISDIR') return 'is a folder'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8'
  return `cannot be read (${code})`
}

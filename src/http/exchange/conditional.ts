/** If-None-Match (RFC 9110 §13.1.2): a list of tags or `*`, compared weakly. */
export function noneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return true
  if (header === etag) return false
  if (header.trim() === '*') return false
  return !header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag)
}

/** What PostgreSQL has no text for: NUL, and halves of a character, which JSON writes as escapes. */
const UNTOLD = /\\u(?:0000|d[89a-f][0-9a-f]{2})/g

/** JSON whose every string the database can take; what it cannot becomes U+FFFD. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(UNTOLD, '\\ufffd')
}

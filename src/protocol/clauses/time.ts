import { type Instant, instant, parseInstant } from '../../domain/base/instant.ts'

/** A time of the file: RFC 3339 with Z or an offset, on a day that exists. */
export function parseTime(text: string): Instant | undefined {
  return isRealDay(text.slice(0, 10)) ? parseInstant(text) : undefined
}

const DAY = 86_400_000

/** A date ends at 00:00:00Z of the next day; a time ends at itself. */
export function parseEnd(text: string): Instant | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return parseTime(text)
  return isRealDay(text) ? instant(Date.parse(`${text}T00:00:00Z`) + DAY) : undefined
}

/** Engines roll the 30th of February over into March. */
function isRealDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day)
}

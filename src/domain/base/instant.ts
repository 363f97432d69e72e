import type { Brand } from './brand.ts'

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = Brand<number, 'Instant'>

/** A length of time in milliseconds. */
export type Millis = Brand<number, 'Millis'>

/** Where the time comes from: one place to read it, so that tests can hold it still. */
export type Clock = () => Instant

export const systemClock: Clock = () => Date.now() as Instant

export function instant(millis: number): Instant {
  return millis as Instant
}

export function millis(count: number): Millis {
  return count as Millis
}

export function formatInstant(at: Instant): string {
  return new Date(at).toISOString()
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/

/** Parses an RFC 3339 timestamp that names its offset; anything else is `undefined`. */
export function parseInstant(text: string): Instant | undefined {
  if (!RFC3339.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : (at as Instant)
}

import { InvalidArgumentError } from 'commander'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { TIMES, timeIn } from './options.ts'

/** A length of time up to now, or a moment. */
export type Since = { readonly ago: number } | { readonly from: Instant }

const LENGTHS = '14d, 36h or 90m'
const DAY = 86_400_000
const UNITS: Readonly<Record<string, number>> = { d: DAY, h: 3_600_000, m: 60_000 }

export function parseSince(text: string): Since {
  const ago = lengthIn(text)
  if (ago !== undefined) return { ago }
  const from = timeIn(text)
  if (from === undefined) throw new InvalidArgumentError(`Neither a length of time such as ${LENGTHS}, nor ${TIMES}.`)
  return { from }
}

/** ms; `undefined`: it is none */
export function lengthIn(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,5})([dhm])$/.exec(text) ?? []
  const size = UNITS[unit]
  return count === undefined || size === undefined ? undefined : Number(count) * size
}

export function sinceAt(since: Since, now: Instant): Instant {
  return 'from' in since ? since.from : instant(now - since.ago)
}

/** For options that take a length of time alone. */
export function parseLength(text: string): number {
  const length = lengthIn(text)
  if (length === undefined) throw new InvalidArgumentError(`Not a length of time such as ${LENGTHS}.`)
  return length
}

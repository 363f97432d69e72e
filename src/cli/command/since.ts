import { InvalidArgumentError } from 'commander'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { parseTimeOption } from './options.ts'

/** A length of time up to now, or a moment. */
export type Since = { readonly ago: number } | { readonly from: Instant }

const DAY = 86_400_000
const UNITS: Readonly<Record<string, number>> = { d: DAY, h: 3_600_000, m: 60_000 }

export function parseSince(text: string): Since {
  const [, count, unit = ''] = /^(\d{1,5})([dhm])$/.exec(text) ?? []
  const size = UNITS[unit]
  return count === undefined || size === undefined ? { from: parseTimeOption(text) } : { ago: Number(count) * size }
}

export function sinceAt(since: Since, now: Instant): Instant {
  return 'from' in since ? since.from : instant(now - since.ago)
}

/** For options that take a length of time alone. */
export function parseLength(text: string): number {
  const since = parseSince(text)
  if ('ago' in since) return since.ago
  throw new InvalidArgumentError('Not a length of time such as 14d.')
}

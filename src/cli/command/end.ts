import { InvalidArgumentError } from 'commander'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { parseEnd as endIn } from '../../protocol/clauses/time.ts'
import { lengthIn } from './since.ts'

/** When something ends that begins now. */
export type End = (now: Instant) => Instant

/** What {@link parseEnd} reads, for help. */
export const ENDS = '90d, 12h, a date (it ends with that day, UTC) or a time with its offset'

/** A length from now on, or a moment; a date as in a policy: with the end of that day. */
export function parseEnd(text: string): End {
  const length = lengthIn(text)
  if (length !== undefined && length > 0) return now => instant(now + length)
  const at = endIn(text)
  if (at === undefined)
    throw new InvalidArgumentError('Not a length such as 90d or 12h, nor a date such as 2027-03-31, nor a time.')
  return () => at
}

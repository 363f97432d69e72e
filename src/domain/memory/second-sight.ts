import { type Instant, type Millis, millis } from '../base/instant.ts'

/** What is read again at least this long after it was read first is no single sight any more: one odd answer does not last so long. */
export const SECOND_SIGHT: Millis = millis(10 * 60_000)

/** What is read again at least this long after it was read first, and stands in another document of the index too, is none either. */
export const SECOND_OPINION: Millis = millis(60_000)

/** So long a single sight stands against everything that contradicts it; after that it is let go of. */
export const SINGLE_SIGHT_LASTS: Millis = millis(86_400_000)

/** Something that one reading said, and since when it is said. */
export interface Sight<Value> {
  readonly value: Value
  readonly since: Instant
}

/** Whether it lasted. A time that lies ahead was written by a clock that was wrong: nothing has lasted since then. */
export function lasted({ since }: Sight<unknown>, at: Instant, least: Millis): boolean {
  return at - since >= least
}

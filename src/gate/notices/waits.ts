import { type Millis, millis } from '../../domain/base/instant.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** After the first attempt, the second, …: two days in all, then it is given up. */
const WAITS = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  12 * HOUR,
  12 * HOUR,
]
/** of a wait, more or less, so that what failed together does not come back together */
const JITTER = 0.2
/** what a receiver may ask for */
const LONGEST = 12 * HOUR
/** how long a receiver that is away is left alone, whatever else waits for it: at least, at most, and where it asked for it */
const PAUSE = 5 * SECOND
const LONGEST_PAUSE = MINUTE
const LONGEST_ASKED_PAUSE = HOUR

/** How long after the given attempt (from 1) the next one is; `undefined`: there is none. `random`: from 0 to 1. */
export function nextWait(attempt: number, retryAfter: Millis | undefined, random: number): Millis | undefined {
  const wait = WAITS[attempt - 1]
  if (wait === undefined) return undefined
  const jittered = wait * (1 - JITTER + 2 * JITTER * random)
  return millis(Math.round(Math.max(jittered, Math.min(retryAfter ?? 0, LONGEST))))
}

/** How long nothing is sent to a receiver that failed so many times in a row (from 1). */
export function pauseAfter(failures: number, retryAfter: Millis | undefined): Millis {
  const own = Math.min(LONGEST_PAUSE, PAUSE * 2 ** Math.min(failures - 1, 10))
  return millis(Math.max(own, Math.min(retryAfter ?? 0, LONGEST_ASKED_PAUSE)))
}

import { formatInstant, type Instant } from '../../domain/base/instant.ts'

const DAY = 86_400_000

/** An end as people say it: what ends with a day is said by that day, as policies and forms have it. */
export function lastMoment(ends: Instant): string {
  return ends % DAY === 0
    ? `the end of ${formatInstant((ends - 1) as Instant).slice(0, 10)} (UTC)`
    : `${formatInstant(ends).slice(0, 16).replace('T', ' ')} UTC`
}

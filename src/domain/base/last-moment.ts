import { formatInstant, type Instant, instant } from './instant.ts'

const DAY = 86_400_000

/** The day with which something ends, as policies and forms have it; `undefined` where it ends within one. */
export function lastDay(ends: Instant): string | undefined {
  return ends % DAY === 0 ? formatInstant(instant(ends - 1)).slice(0, 10) : undefined
}

/** An end as people say it. */
export function lastMoment(ends: Instant): string {
  const day = lastDay(ends)
  return day === undefined ? minuteOf(ends) : `the end of ${day} (UTC)`
}

/** `2027-01-31 09:00 UTC` */
export function minuteOf(at: Instant): string {
  return `${formatInstant(at).slice(0, 16).replace('T', ' ')} UTC`
}

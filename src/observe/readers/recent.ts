import { cut } from '../../domain/base/cut.ts'
import { type Clock, type Instant, instant } from '../../domain/base/instant.ts'
import type { Events, GateEvent } from '../events.ts'

export interface RecentAlarm {
  readonly at: Instant
  readonly alarm: Extract<GateEvent, { readonly type: 'alarm' }>['alarm']
  readonly detail: string
}

/** Answers of one code that were neither yes nor no. */
export interface RecentUnknown {
  readonly code: string
  readonly times: number
  readonly last: Instant
  /** of the last */
  readonly detail: string
}

/** What happened lately, kept at hand for whoever looks. It is bounded, and gone with the process: the log has all of it. */
export interface Recent extends Events {
  readonly began: Instant
  /** the latest first */
  alarms(): readonly RecentAlarm[]
  /** of the last day, to the hour; the most frequent first */
  unknowns(): readonly RecentUnknown[]
  /** when the policy of this digest came into force */
  inForceSince(digest: string): Instant | undefined
}

const MOST_ALARMS = 50
const MOST_POLICIES = 64
/** characters */
const LONGEST = 500
const HOUR = 3_600_000
const HOURS = 24

export function createRecent(clock: Clock): Recent {
  const alarms: RecentAlarm[] = []
  const policies = new Map<string, Instant>()
  const hours = new Map<number, Map<string, RecentUnknown>>()

  function noteUnknown(code: string, detail: string): void {
    const now = clock()
    const hour = Math.floor(now / HOUR)
    for (const before of hours.keys()) if (before <= hour - HOURS) hours.delete(before)
    const own = hours.get(hour) ?? new Map<string, RecentUnknown>()
    hours.set(hour, own)
    own.set(code, { code, times: (own.get(code)?.times ?? 0) + 1, last: now, detail: cut(detail, LONGEST) })
  }

  function notePolicy(digest: string): void {
    policies.delete(digest)
    policies.set(digest, clock())
    const [oldest] = policies.keys()
    if (policies.size > MOST_POLICIES && oldest !== undefined) policies.delete(oldest)
  }

  return {
    began: clock(),
    emit(event) {
      if (event.type === 'alarm') {
        alarms.unshift({ at: clock(), alarm: event.alarm, detail: cut(event.detail, LONGEST) })
        alarms.length = Math.min(alarms.length, MOST_ALARMS)
      } else if (event.type === 'unknown') noteUnknown(event.code, event.detail)
      else if (event.type === 'policy' && event.action !== 'rejected') notePolicy(event.digest)
    },
    alarms: () => [...alarms],
    unknowns() {
      const since = Math.floor(clock() / HOUR) - HOURS
      const sums = new Map<string, RecentUnknown>()
      for (const [hour, own] of hours)
        if (hour > since) for (const one of own.values()) sums.set(one.code, added(sums.get(one.code), one))
      return [...sums.values()].sort((one, other) => other.times - one.times)
    },
    inForceSince: digest => policies.get(digest),
  }
}

function added(before: RecentUnknown | undefined, one: RecentUnknown): RecentUnknown {
  if (before === undefined) return one
  const latest = before.last > one.last ? before : one
  return { ...latest, times: before.times + one.times, last: instant(latest.last) }
}

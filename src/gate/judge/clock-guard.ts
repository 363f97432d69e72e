import { GateError } from '../../domain/base/errors.ts'
import { type Clock, formatInstant, type Instant, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Watermark } from '../../ports/store.ts'

const TOLERANCE = millis(5 * 60_000)

export interface ClockGuard {
  /** The present, or `unknown-clock` when it lies more than five minutes behind the newest time ever recorded. */
  now(): Instant
  /** The present, unguarded: for pages and reports, which decide nothing. */
  read(): Instant
}

/** A clock that was set back would revive ended exemptions and make stale trust look fresh. */
export function createClockGuard(clock: Clock, watermark: Watermark, events: Events): ClockGuard {
  let alarmed = false
  return {
    read: clock,
    now() {
      const now = clock()
      const newest = watermark.newest()
      if (newest - now <= TOLERANCE) {
        alarmed = false
        return now
      }
      const detail = `the clock says ${formatInstant(now)}, but ${formatInstant(newest)} was already recorded`
      if (!alarmed) events.emit({ type: 'alarm', alarm: 'clock-behind', detail, untrusted: undefined })
      alarmed = true
      throw new GateError('unknown-clock', detail)
    },
  }
}

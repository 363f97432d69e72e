import { type Instant, instant } from '../base/instant.ts'

/** The newest time that was recorded, and one that lies far ahead of it and has to last first. */
export interface NewestTime {
  readonly newest: Instant
  readonly leap: { readonly at: Instant; readonly steadyMs: number } | undefined
}

/** A gate that was off for so long is no wonder; neither is a clock that is wrong. */
const FAR = 86_400_000
/** So long the clock must go on from a far leap, by a clock that nobody can set, before the leap is believed. */
const LASTS = 10 * 60_000
/** A clock that is set right by less goes on all the same. */
const DRIFT = 5 * 60_000

/**
 * After something was recorded at a time, `steadyMs` by a clock that nobody can set. The newest time only rises; by more than a
 * day it does so when the clock has gone on from there for ten minutes. The same object where nothing changes.
 */
export function recordedAt(known: NewestTime, at: Instant, steadyMs: number): NewestTime {
  const { newest, leap } = known
  if (at <= newest) return known
  if (newest === 0 || at - newest <= FAR) return { newest: at, leap: undefined }
  const passed = leap === undefined ? 0 : steadyMs - leap.steadyMs
  if (leap === undefined || Math.abs(at - instant(leap.at + passed)) > DRIFT) return { newest, leap: { at, steadyMs } }
  return passed < LASTS ? known : { newest: at, leap: undefined }
}

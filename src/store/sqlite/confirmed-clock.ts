import { type Clock, instant } from '../../domain/base/instant.ts'
import { type NewestTime, recordedAt } from '../../domain/memory/newest-time.ts'
import type { Watermark } from '../../ports/store.ts'

interface Options {
  readonly clock: Clock
  readonly watermark: Watermark
  /** ms, by a clock that nobody can set */
  readonly steady?: () => number
}

/**
 * The clock, never further on than it is believed: after a leap of more than a day it stands still until the clock has gone on from
 * there for ten minutes, as the newest time that is recorded does. It has to be read every minute or so, and goes on where nothing
 * is recorded.
 */
export function createConfirmedClock({ clock, watermark, steady = () => performance.now() }: Options): Clock {
  let seen: NewestTime = { newest: watermark.newest(), leap: undefined }
  return () => {
    const at = clock()
    const recorded = watermark.newest()
    // a clock that was set back begins anew at what is recorded
    const newest = at < seen.newest ? recorded : instant(Math.max(seen.newest, recorded))
    seen = recordedAt({ newest, leap: seen.leap }, at, steady())
    return instant(Math.min(at, seen.newest))
  }
}

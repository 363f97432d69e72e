import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, millis } from '../../domain/base/instant.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import type { Events } from '../../observe/events.ts'

/** How long bytes that did not match are not asked for again. */
const TTL = millis(600_000)

/** Bytes that were not what the index says, by where they came from and what they should have been: not asked for again for a while. */
export interface Mismatches {
  /** Throws `integrity-mismatch` where these bytes did not match a moment ago. */
  assertNone(url: string, sha256: Sha256): void
  /** Remembers an `integrity-mismatch` and raises the alarm; any other failure is nothing. */
  remember(url: string, sha256: Sha256, error: unknown): void
}

export function createMismatches(events: Events, clock: Clock): Mismatches {
  const known = keptWithin<string, { readonly until: Instant; readonly detail: string }>({
    bytes: 4 * 1024 * 1024,
    weigh: ({ detail }) => 64 + 2 * detail.length,
  })
  const keyOf = (url: string, sha256: Sha256): string => `${sha256} ${url}`
  return {
    assertNone(url, sha256) {
      const key = keyOf(url, sha256)
      const remembered = known.get(key)
      if (remembered === undefined) return
      const left = remembered.until - clock()
      if (left <= 0) return void known.delete(key)
      throw new GateError('integrity-mismatch', remembered.detail, { retryAfterMs: millis(left) })
    },
    remember(url, sha256, error) {
      if (!(error instanceof GateError) || error.code !== 'integrity-mismatch') return
      known.set(keyOf(url, sha256), { until: (clock() + TTL) as Instant, detail: error.detail })
      events.emit({ type: 'alarm', alarm: 'integrity-mismatch', detail: error.detail, untrusted: error.untrusted })
    },
  }
}

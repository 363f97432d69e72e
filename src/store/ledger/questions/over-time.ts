import { instant } from '../../../domain/base/instant.ts'
import type { Ledger, TimeSums } from '../../../ports/console/ledger.ts'
import { HOUR, HOUR_MS } from '../columns/segment.ts'
import { isOutside, isWhole, select } from '../columns/select.ts'
import { sumUp } from '../columns/sums.ts'
import { type Asked, within } from './wanted.ts'

const DAY_MS = 24 * HOUR_MS
/** What is told by the hour at most, ms. */
const BY_HOUR = 3 * DAY_MS
/** What is told at all: the latest. */
const MOST = 1_000

type Filter = Parameters<Ledger['overTime']>[0]
type Counts = { -readonly [Name in 'admitted' | 'attested' | 'refused' | 'watched']: number }

function bucketsOf({ since, until }: Pick<Filter, 'since' | 'until'>): {
  readonly from: number
  readonly step: number
  readonly count: number
} {
  const step = until - since <= BY_HOUR ? HOUR_MS : DAY_MS
  const end = Math.ceil(until / step)
  const count = Math.max(0, Math.min(MOST, end - Math.floor(since / step)))
  return { from: (end - count) * step, step, count }
}

/** Verdicts by hour or day. */
export function overTime(asked: Asked, filter: Filter): readonly TimeSums[] {
  const { from, step, count } = bucketsOf(filter)
  const counts = Array.from({ length: count }, (): Counts => ({ admitted: 0, attested: 0, refused: 0, watched: 0 }))
  addAll(asked, filter.index, { from, step, counts })
  return counts.map((its, place) => ({
    from: instant(from + place * step),
    until: instant(from + (place + 1) * step),
    ...its,
  }))
}

function addAll(
  { scene, source }: Asked,
  index: string | undefined,
  { from, step, counts }: { readonly from: number; readonly step: number; readonly counts: readonly Counts[] },
): void {
  const word = index === undefined || index === '' ? 0 : source.number(index)
  if (word === undefined) return
  const times = within(scene, { since: instant(from), until: instant(from + counts.length * step) })
  const all = within(scene, {})
  for (const segment of scene.segments) {
    if (isOutside(segment, times)) continue
    const { hours } = isWhole(segment, all)
      ? segment.sums()
      : sumUp(segment, its => source.text(its), select(segment, { ...all, conditions: [] }))
    for (let at = 0; at < hours.length; at += HOUR.length) {
      if (index !== undefined && hours[at + 1] !== word) continue
      const bucket = counts[Math.floor(((hours[at] ?? 0) * HOUR_MS - from) / step)]
      if (bucket === undefined) continue
      bucket.admitted += hours[at + 2] ?? 0
      bucket.attested += hours[at + 3] ?? 0
      bucket.refused += hours[at + 4] ?? 0
      bucket.watched += hours[at + 5] ?? 0
    }
  }
}

import type { Instant } from '../base/instant.ts'
import { lasted, SECOND_SIGHT, SINGLE_SIGHT_LASTS, type Sight } from './second-sight.ts'

/** What is known of the serials of a project's page (PEP 691, `_last-serial`). */
export interface SerialState {
  /** the highest that holds: a page with a lower one is not believed. 0 while none does. */
  readonly floor: number
  /** when it was read first */
  readonly since: Instant
  /** it was read again, {@link SECOND_SIGHT} after the first time */
  readonly confirmed: boolean
  /** the floor that this one took the place of */
  readonly before: number | undefined
  /**
   * A reading that one sight alone does not make the floor: a leap too far, or, below the floor, what contradicts one that was read
   * once
   */
  readonly doubt: Sight<number> | undefined
}

/** Higher than that no index has counted, as far as is known: more than the public one will in ten years. */
const HIGHEST_AT_FIRST = 100_000_000
/** Two years of the public index. What leaps further is believed when it is read a second time. */
const FARTHEST_LEAP = 10_000_000

/**
 * How a serial stands to what is known. `behind`: of a page that is one change behind, as another node of the same index may have
 * it; the bound is the floor before this one, or one less than the floor.
 */
export type Standing = 'current' | 'behind' | 'backwards'

export function standingOf(known: SerialState | undefined, serial: number): Standing {
  if (known === undefined || serial >= known.floor) return 'current'
  return serial >= (known.before ?? known.floor - 1) ? 'behind' : 'backwards'
}

/**
 * What is known after a page with this serial was read. The floor rises at once by any leap that an index could make, and by a
 * farther one when it was read twice, with {@link SECOND_SIGHT} between. It falls only where it was read once and never again,
 * while lower ones alone were read for {@link SINGLE_SIGHT_LASTS}. The same object where nothing changes.
 */
export function readSerial(known: SerialState | undefined, serial: number, at: Instant): SerialState {
  if (known === undefined) return firstRead(serial, at)
  if (serial === known.floor) return readAgain(known, at)
  return serial > known.floor ? readAbove(known, serial, at) : readBelow(known, serial, at)
}

const NOTHING = { floor: 0, confirmed: false, before: undefined, doubt: undefined } as const

function firstRead(serial: number, at: Instant): SerialState {
  if (serial > HIGHEST_AT_FIRST) return { ...NOTHING, since: at, doubt: { value: serial, since: at } }
  return { ...NOTHING, floor: serial, since: at }
}

function readAgain(known: SerialState, at: Instant): SerialState {
  const confirmed = known.confirmed || lasted({ value: known.floor, since: known.since }, at, SECOND_SIGHT)
  return confirmed === known.confirmed && known.doubt === undefined ? known : { ...known, confirmed, doubt: undefined }
}

function readAbove(known: SerialState, serial: number, at: Instant): SerialState {
  const { floor, doubt } = known
  const farthest = floor === 0 ? HIGHEST_AT_FIRST : floor + FARTHEST_LEAP
  const before = floor === 0 ? undefined : floor
  if (serial <= farthest) return { floor: serial, since: at, confirmed: false, before, doubt: undefined }
  if (doubt === undefined || doubt.value < floor || serial < doubt.value || at < doubt.since)
    return { ...known, doubt: { value: serial, since: at } }
  if (!lasted(doubt, at, SECOND_SIGHT)) return known
  const confirmed = { floor: doubt.value, since: doubt.since, confirmed: true, before, doubt: undefined }
  return readSerial(confirmed, serial, at)
}

function readBelow(known: SerialState, serial: number, at: Instant): SerialState {
  const { floor, confirmed, doubt } = known
  if (confirmed) return known
  if (doubt === undefined || doubt.value > floor || at < doubt.since)
    return { ...known, doubt: { value: serial, since: at } }
  if (!lasted(doubt, at, SINGLE_SIGHT_LASTS))
    return serial >= doubt.value ? known : { ...known, doubt: { value: serial, since: doubt.since } }
  const lowest = Math.min(serial, doubt.value)
  const fallen = { ...NOTHING, floor: lowest, since: doubt.since, confirmed: true }
  return readSerial(fallen, serial, at)
}

/** Of two that learned apart: the higher floor, then the one that is surer of it. Associative, commutative, nothing when repeated. */
export function mergeSerials(one: SerialState | undefined, other: SerialState | undefined): SerialState | undefined {
  if (one === undefined || other === undefined) return one ?? other
  if (one.floor !== other.floor) return one.floor > other.floor ? one : other
  if (one.confirmed !== other.confirmed) return one.confirmed ? one : other
  if (one.since !== other.since) return one.since < other.since ? one : other
  return textOf(one) <= textOf(other) ? one : other
}

function textOf({ before, doubt }: SerialState): string {
  return JSON.stringify([before, doubt?.value, doubt?.since])
}

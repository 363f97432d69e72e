import { type CodedNumbers, numberAt, SEGMENT, type Segment, type WordColumn } from './segment.ts'

/** What a word of a row must be. */
export interface Condition {
  readonly column: WordColumn
  accepts(word: number): boolean
  /** where it must be this one */
  readonly word?: number
}

/** Which rows of the journal are there at all. */
export interface Alive {
  /** the least id */
  readonly id: number
  /** the least time, and the least id of the rows that have it */
  readonly at: number
  readonly idAt: number
}

export interface Wanted {
  readonly conditions: readonly Condition[]
  /** from this id on, up to this id */
  readonly least: number
  readonly top: number
  /** from this time on, and before that */
  readonly since: number
  readonly until: number
  readonly alive: Alive
}

/** Whether every row of the segment is wanted, as far as ids and times go. */
export function isWhole(segment: Segment, { least, top, since, until, alive }: Omit<Wanted, 'conditions'>): boolean {
  return (
    segment.first >= Math.max(least, alive.id) &&
    segment.last <= top &&
    segment.since >= since &&
    segment.since > alive.at &&
    segment.until < until
  )
}

/** Whether no row of it can be. */
export function isOutside(segment: Segment, { least, top, since, until, alive }: Omit<Wanted, 'conditions'>): boolean {
  return (
    segment.last < Math.max(least, alive.id) ||
    segment.first > top ||
    segment.until < Math.max(since, alive.at) ||
    segment.since >= until
  )
}

const rows = new Uint32Array(SEGMENT)

/** The rows that are wanted, by their places in the segment, in order. Good until it is asked again. */
export function select(segment: Segment, wanted: Wanted): Uint32Array {
  if (isOutside(segment, wanted)) return rows.subarray(0, 0)
  let found = isWhole(segment, wanted) ? undefined : within(segment, wanted)
  for (const condition of wanted.conditions) {
    if (found === 0) break
    found = meeting(segment, condition, found)
  }
  if (found === undefined) {
    for (let row = 0; row < segment.rows; row += 1) rows[row] = row
    found = segment.rows
  }
  return rows.subarray(0, found)
}

function within(segment: Segment, { least, top, since, until, alive }: Wanted): number {
  const [ids, times]: readonly [CodedNumbers, CodedNumbers] = [segment.numbers('id'), segment.numbers('at')]
  const first = Math.max(least, alive.id)
  let found = 0
  for (let row = 0; row < segment.rows; row += 1) {
    const id = numberAt(ids, row)
    const at = numberAt(times, row)
    if (id < first || id > top || at < since || at >= until) continue
    if (at < alive.at || (at === alive.at && id < alive.idAt)) continue
    rows[found] = row
    found += 1
  }
  return found
}

/** Of the first so many that were found, or of all. `undefined`: all of them still. */
function meeting(segment: Segment, { column, accepts }: Condition, before: number | undefined): number | undefined {
  const { dictionary, codes } = segment.words(column)
  const good = new Uint8Array(dictionary.length)
  let many = 0
  for (let code = 0; code < dictionary.length; code += 1)
    if (accepts(dictionary[code] ?? 0)) {
      good[code] = 1
      many += 1
    }
  if (many === dictionary.length) return before
  if (codes === undefined || many === 0) return 0
  let found = 0
  if (before === undefined) {
    for (let row = 0; row < segment.rows; row += 1) {
      rows[found] = row
      found += good[codes[row] ?? 0] ?? 0
    }
    return found
  }
  for (let place = 0; place < before; place += 1) {
    const row = rows[place] ?? 0
    rows[found] = row
    found += good[codes[row] ?? 0] ?? 0
  }
  return found
}

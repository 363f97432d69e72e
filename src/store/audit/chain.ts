import { hash } from 'node:crypto'
import { cut } from '../../domain/base/cut.ts'
import { instant } from '../../domain/base/instant.ts'
import type { AuditAction, AuditEntry, AuditHead, AuditRow, AuditVerdict } from '../../ports/console/audit-log.ts'

/** A row as its table has it, column by column: what is hashed is what is stored. */
export interface StoredRow {
  readonly sequence: number
  readonly previous: string
  /** ms since 1970 */
  readonly at: number
  readonly action: string
  readonly actor: string
  /** from where */
  readonly origin: string
  readonly target: string
  readonly why: string | null
  /** an object of strings as RFC 8785 writes it */
  readonly detail: string
  readonly hash: string
}

/** Before the first row. */
export const NOTHING: AuditHead = { sequence: 0, hash: '0'.repeat(64) }

/** In which order they are hashed; `hash` stands behind them. */
export const COLUMNS = [
  'sequence',
  'previous',
  'at',
  'action',
  'actor',
  'origin',
  'target',
  'why',
  'detail',
  'hash',
] as const satisfies readonly (keyof StoredRow)[]

/** Characters of one text. */
const LONGEST = 4_096

/** The entry as the row of this sequence, behind the row whose hash is `previous`. */
export function chained(entry: AuditEntry, sequence: number, previous: string): StoredRow {
  const { at, action, actor, from, target, why, detail } = entry
  const row = {
    sequence,
    previous,
    at,
    action,
    actor: kept(actor),
    origin: kept(from),
    target: kept(target),
    why: why === undefined ? null : kept(why),
    detail: detailText(detail),
  }
  return { ...row, hash: hashOf(row) }
}

/**
 * sha256 of the UTF-8 of the array `[sequence, previous, at, action, actor, origin, target, why, detail]` as RFC 8785 writes it: no
 * space, `at` in ms, `why` a string or null, `detail` an object. `JSON.stringify` writes safe integers and whole strings just so.
 */
export function hashOf(row: Omit<StoredRow, 'hash'>): string {
  const { sequence, previous, at, action, actor, origin, target, why, detail } = row
  const before = JSON.stringify([sequence, previous, at, action, actor, origin, target, why])
  // as it is stored: another spelling of the same object is another row
  return hash('sha256', `${before.slice(0, -1)},${detail}]`, 'hex')
}

export function rowOf(row: StoredRow): AuditRow {
  const { sequence, previous, at, action, actor, origin, target, why, detail, hash: own } = row
  return {
    sequence,
    previous,
    hash: own,
    at: instant(at),
    action: action as AuditAction,
    actor,
    from: origin,
    target,
    why: why ?? undefined,
    detail: detailOf(detail),
  }
}

/** What a database has no text for: NUL, and halves of a character. */
function kept(text: string): string {
  return cut(text, LONGEST).toWellFormed().replaceAll('\0', '\ufffd')
}

/** Keys in the order of their UTF-16 code units; an object would put numbers first. */
function detailText(detail: AuditEntry['detail']): string {
  const members = new Map(Object.entries(detail).map(([key, value]) => [kept(key), kept(value)]))
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`
}

/** What somebody wrote over is shown as it is. */
function detailOf(text: string): AuditEntry['detail'] {
  try {
    const value: unknown = JSON.parse(text)
    if (isDetail(value)) return value
  } catch {
    // below
  }
  return { unreadable: text }
}

function isDetail(value: unknown): value is AuditEntry['detail'] {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(one => typeof one === 'string')
  )
}

/** How many rows there are to be, by what is on record beside them, and a place that somebody wrote down. */
export interface Expected {
  /** the highest sequence that was ever written; `undefined` where that is not on record */
  readonly written: number | undefined
  readonly place?: AuditHead | undefined
}

/** Takes rows in the order of their sequence, and says what is wrong with the first that is not as it was written. */
export class ChainCheck {
  readonly #expected: Expected
  #head = NOTHING
  #wrong: AuditVerdict['wrong']

  constructor(expected: Expected) {
    this.#expected = expected
  }

  /** False when there is no use in going on. */
  take(row: StoredRow): boolean {
    const why = this.#objection(row)
    if (why === undefined) {
      this.#head = { sequence: row.sequence, hash: row.hash }
      return true
    }
    const next = this.#head.sequence + 1
    this.#wrong = { sequence: Math.min(row.sequence, next), why }
    return false
  }

  /** After the last row. */
  verdict(): AuditVerdict {
    return { rows: this.#head.sequence, head: this.#head, wrong: this.#wrong ?? this.#lack() }
  }

  #objection(row: StoredRow): string | undefined {
    const { sequence, hash: before } = this.#head
    const next = sequence + 1
    if (row.sequence > next) return row.sequence === next + 1 ? 'it is gone' : `it is gone, up to ${row.sequence - 1}`
    if (row.sequence < next) return 'there is no such place: rows are numbered from 1'
    if (hashOf(row) !== row.hash) return 'it says something else than what was written, or its hash does'
    if (row.previous !== before)
      return `it was not written behind what row ${sequence} says now: one of them was changed`
    const { place } = this.#expected
    if (place?.sequence === next && place.hash !== row.hash) return 'it has another hash than the one that is expected'
    return undefined
  }

  #lack(): AuditVerdict['wrong'] {
    const { written, place } = this.#expected
    const { sequence } = this.#head
    const next = sequence + 1
    if (place !== undefined && place.sequence > sequence)
      return { sequence: next, why: `it is gone, up to ${place.sequence}, which is expected` }
    if (place?.sequence === 0 && place.hash !== NOTHING.hash)
      return { sequence: 0, why: 'there is no such place: rows are numbered from 1' }
    if (written === undefined)
      return sequence === 0 ? undefined : { sequence: next, why: 'how many rows were written is no longer on record' }
    if (written > sequence) return { sequence: next, why: `it is gone, up to ${written}, which was the last` }
    if (written < sequence) return { sequence: written + 1, why: 'no gate and no command wrote it' }
    return undefined
  }
}

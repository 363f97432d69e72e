import { admissionsOf } from '../shelves/admissions.ts'
import type { Entry } from '../shelves/entry.ts'
import type { FinishedSegment } from './ledger-file.ts'
import {
  type CodedNumbers,
  type CodedWords,
  codeNumbers,
  codeWords,
  type GroupKind,
  NUMBERS,
  type NumberColumn,
  type PlainRow,
  SEGMENT,
  type Sums,
  WORDS,
  type WordColumn,
} from './segment.ts'
import { shareOf, sumUp, sumUpBySubject, type Texts } from './sums.ts'

type Coded = CodedNumbers | CodedWords | Sums | ReturnType<typeof sumUpBySubject>

/** Rows in memory: more come to it while it is not full, and may be counted up. */
export class GrowingSegment implements FinishedSegment {
  readonly #texts: Texts
  readonly #most: number
  readonly #numbers: Readonly<Record<NumberColumn, Float64Array>>
  readonly #words: Readonly<Record<WordColumn, Uint32Array>>
  /** what was made of them, while nothing changes */
  readonly #coded = new Map<string, Coded>()
  #rows = 0
  #since = Number.POSITIVE_INFINITY
  #until = Number.NEGATIVE_INFINITY

  /** `most`: rows, {@link SEGMENT} at most */
  constructor(texts: Texts, most = SEGMENT) {
    this.#texts = texts
    this.#most = most
    const [float, integer] = [() => new Float64Array(most), () => new Uint32Array(most)]
    this.#numbers = { id: float(), at: float(), count: float() }
    this.#words = Object.fromEntries(WORDS.map(name => [name, integer()])) as Record<WordColumn, Uint32Array>
  }

  get rows(): number {
    return this.#rows
  }
  get first(): number {
    return this.#numbers.id[0] ?? 0
  }
  get last(): number {
    return this.#numbers.id[this.#rows - 1] ?? 0
  }
  get since(): number {
    return this.#since
  }
  get until(): number {
    return this.#until
  }
  get isFull(): boolean {
    return this.#rows === this.#most
  }

  /** While it is not full. */
  add(row: PlainRow): void {
    const place = this.#rows
    const at = row[1] ?? 0
    for (const [column, name] of NUMBERS.entries()) this.#numbers[name][place] = row[column] ?? 0
    for (const [column, name] of WORDS.entries()) this.#words[name][place] = row[NUMBERS.length + column] ?? 0
    this.#rows += 1
    this.#since = Math.min(this.#since, at)
    this.#until = Math.max(this.#until, at)
    this.#coded.clear()
  }

  /** False where it says so already, or has no such row. */
  recount(id: number, count: number): boolean {
    const place = this.#placeOf(id)
    if (place === undefined || this.#numbers.count[place] === count) return false
    this.#numbers.count[place] = count
    for (const name of ['count', 'sums', 'subjects']) this.#coded.delete(name)
    return true
  }

  words(column: WordColumn): CodedWords {
    return this.#once(column, () => codeWords(this.#words[column].subarray(0, this.#rows)))
  }

  numbers(column: NumberColumn): CodedNumbers {
    return this.#once(column, () => codeNumbers(this.#numbers[column].subarray(0, this.#rows)))
  }

  sums(): Sums {
    return this.#once('sums', () => sumUp(this, this.#texts))
  }

  ofSubject(kind: GroupKind, subject: number): Float64Array {
    const shares = this.#once('subjects', () => sumUpBySubject(this, this.#texts))
    return shares[kind][shareOf(subject)] ?? new Float64Array()
  }

  admissions(): Iterable<Entry> {
    return admissionsOf(this, this.#texts)
  }

  #once<Made extends Coded>(name: string, make: () => Made): Made {
    const made = (this.#coded.get(name) as Made | undefined) ?? make()
    this.#coded.set(name, made)
    return made
  }

  #placeOf(id: number): number | undefined {
    let [low, high] = [0, this.#rows - 1]
    while (low <= high) {
      const middle = (low + high) >> 1
      const its = this.#numbers.id[middle] ?? 0
      if (its === id) return middle
      if (its < id) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }
}

/** Words of a row, by number; 0: it has none. */
export const WORDS = [
  'project',
  'filename',
  'sha256',
  'outcome',
  'code',
  'rule',
  'identity',
  'subject',
  'index',
  'client',
  'source',
] as const
export const NUMBERS = ['id', 'at', 'count'] as const
export type WordColumn = (typeof WORDS)[number]
export type NumberColumn = (typeof NUMBERS)[number]

/** One row: its numbers, then its words, in the order of {@link NUMBERS} and {@link WORDS}. */
export type PlainRow = readonly (number | null)[]

/** Rows that are kept together; what stands for a word in one of them has two bytes at most. */
export const SEGMENT = 32_768

/** A column of words: the word of row `i` is `dictionary[codes[i]]`; without codes all have the first. */
export interface CodedWords {
  readonly dictionary: Uint32Array
  readonly codes: Uint8Array | Uint16Array | undefined
}

/** A column of numbers: row `i` has `base + deltas[i]`; without deltas, `base + i * step`. */
export interface CodedNumbers {
  readonly base: number
  readonly step: number
  readonly deltas: Uint8Array | Uint16Array | Uint32Array | Float64Array | undefined
}

/** Rows of the journal by their columns, in the order of their ids. */
export interface Segment {
  /** ids */
  readonly first: number
  readonly last: number
  readonly rows: number
  /** the least and the greatest time */
  readonly since: number
  readonly until: number
  words(column: WordColumn): CodedWords
  numbers(column: NumberColumn): CodedNumbers
  sums(): Sums
  /** What the rows of some subjects come to, those of this one among them: its word and what {@link GROUP} says, for each. */
  ofSubject(kind: GroupKind, subject: number): Float64Array
}

/** Of which subjects are kept together. */
export const SUBJECT_SHARES = 16

/** What was refused, and what was let through only because a policy watches. */
export const GROUP_KINDS = ['refused', 'watched'] as const
export type GroupKind = (typeof GROUP_KINDS)[number]

/**
 * What the rows of a segment come to, as numbers one after the other. `refused` and `watched`: {@link GROUP} for each of index, project, code and rule, and
 * then the words of its files and of its subjects; `projects`: {@link PROJECT} for each; `hours`: {@link HOUR} for each hour and index; `most`: {@link MOST} for each
 * word of what was refused.
 */
export interface Sums {
  readonly refused: Float64Array
  readonly watched: Float64Array
  readonly projects: Float64Array
  readonly hours: Float64Array
  readonly most: Float64Array
}

export const GROUP = [
  'index',
  'project',
  'code',
  'rule',
  'requests',
  'first',
  'last',
  'lastId',
  'filename',
  'sha256',
  'files',
  'subjects',
] as const
export const PROJECT = ['project', 'rows', 'admitted', 'refused', 'watched', 'attested', 'last'] as const
export const HOUR = ['hour', 'index', 'admitted', 'attested', 'refused', 'watched'] as const
/** `column`: its place in {@link MOST_OF} */
export const MOST = ['column', 'word', 'refused'] as const
export const MOST_OF = ['project', 'rule', 'subject', 'code'] as const
export const HOUR_MS = 3_600_000

export function numberAt({ base, step, deltas }: CodedNumbers, row: number): number {
  return base + (deltas === undefined ? row * step : (deltas[row] ?? 0))
}

export function wordAt({ dictionary, codes }: CodedWords, row: number): number {
  return dictionary[codes === undefined ? 0 : (codes[row] ?? 0)] ?? 0
}

export function codeWords(words: Uint32Array): CodedWords {
  const known = new Map<number, number>()
  const codes = new Uint16Array(words.length)
  let last = -1
  let code = 0
  for (let row = 0; row < words.length; row += 1) {
    const word = words[row] ?? 0
    if (word !== last) {
      const seen = known.get(word)
      code = seen ?? known.size
      if (seen === undefined) known.set(word, code)
      last = word
    }
    codes[row] = code
  }
  const dictionary = Uint32Array.from(known.keys())
  if (known.size <= 1) return { dictionary, codes: undefined }
  return { dictionary, codes: known.size <= 256 ? Uint8Array.from(codes) : codes }
}

export function codeNumbers(numbers: Float64Array): CodedNumbers {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const step = (numbers[1] ?? 0) - (numbers[0] ?? 0)
  let isEven = true
  for (let row = 0; row < numbers.length; row += 1) {
    const number = numbers[row] ?? 0
    least = Math.min(least, number)
    greatest = Math.max(greatest, number)
    isEven &&= number === (numbers[0] ?? 0) + row * step
  }
  if (isEven) return { base: numbers[0] ?? 0, step: numbers.length > 1 ? step : 0, deltas: undefined }
  const deltas = numbers.map(number => number - least)
  const span = greatest - least
  const coded =
    span < 2 ** 8
      ? Uint8Array.from(deltas)
      : span < 2 ** 16
        ? Uint16Array.from(deltas)
        : span < 2 ** 32
          ? Uint32Array.from(deltas)
          : deltas
  return { base: least, step: 0, deltas: coded }
}

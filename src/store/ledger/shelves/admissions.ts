import { type CodedNumbers, type CodedWords, numberAt, SEGMENT, type Segment, wordAt } from '../columns/segment.ts'
import { ENTRY_WORDS, type Entry } from './entry.ts'

/** What the admissions of a segment come to, in the order of their words. */
export function* admissionsOf(segment: Segment, texts: (word: number) => string): Generator<Entry> {
  const columns = ENTRY_WORDS.map(column => segment.words(column))
  const numbers = { ids: segment.numbers('id'), times: segment.numbers('at'), counts: segment.numbers('count') }
  const rows = inOrder(admitted(segment, texts), columns)
  const isLike = (row: number, other: number): boolean =>
    columns.every(({ codes }) => codes === undefined || codes[row] === codes[other])
  for (let from = 0; from < rows.length; ) {
    let upTo = from + 1
    while (upTo < rows.length && isLike(rows[from] ?? 0, rows[upTo] ?? 0)) upTo += 1
    yield { segment: segment.first, ...sumOf(rows.subarray(from, upTo), columns, numbers) }
    from = upTo
  }
}

function admitted(segment: Segment, texts: (word: number) => string): Uint32Array {
  const outcome = segment.words('outcome')
  const admissions = new Set([...outcome.dictionary].filter(word => texts(word) === 'admitted'))
  return Uint32Array.from({ length: segment.rows }, (_, row) => row).filter(row => admissions.has(wordAt(outcome, row)))
}

/** Sorted by their words, the first column first: by one column after the other from the last on, while those that are alike stay as they were. */
function inOrder(rows: Uint32Array, columns: readonly CodedWords[]): Uint32Array {
  return columns.reduceRight((sorted, { dictionary, codes }) => {
    if (codes === undefined) return sorted
    const ranks = ranksOf(dictionary)
    const places = new Uint32Array(dictionary.length + 1)
    const rankOf = (row: number): number => ranks[codes[row] ?? 0] ?? 0
    for (const row of sorted) places[rankOf(row) + 1] = (places[rankOf(row) + 1] ?? 0) + 1
    for (let rank = 1; rank < places.length; rank += 1) places[rank] = (places[rank] ?? 0) + (places[rank - 1] ?? 0)
    const next = new Uint32Array(sorted.length)
    for (const row of sorted) {
      const rank = rankOf(row)
      const place = places[rank] ?? 0
      next[place] = row
      places[rank] = place + 1
    }
    return next
  }, rows)
}

/** Where each word of a dictionary would stand if it was sorted. */
function ranksOf(dictionary: Uint32Array): Uint32Array {
  // a word with its code behind it is one number, and numbers are sorted without asking anybody
  const sorted = Float64Array.from(dictionary, (word, code) => word * SEGMENT + code).sort()
  const ranks = new Uint32Array(dictionary.length)
  for (let rank = 0; rank < sorted.length; rank += 1) ranks[(sorted[rank] ?? 0) % SEGMENT] = rank
  return ranks
}

interface Numbers {
  readonly ids: CodedNumbers
  readonly times: CodedNumbers
  readonly counts: CodedNumbers
}

/** Of rows that are alike, in the order of their ids. */
function sumOf(
  rows: Uint32Array,
  columns: readonly CodedWords[],
  { ids, times, counts }: Numbers,
): Omit<Entry, 'segment'> {
  let [requests, first, last] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const row of rows) {
    const at = numberAt(times, row)
    requests += numberAt(counts, row)
    first = Math.min(first, at)
    last = Math.max(last, at)
  }
  const latest = rows.at(-1) ?? 0
  return { words: columns.map(column => wordAt(column, latest)), requests, first, last, lastId: numberAt(ids, latest) }
}

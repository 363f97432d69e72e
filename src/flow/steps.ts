import type { Steps } from '../domain/base/in-steps.ts'

export { atOnce, type Steps } from '../domain/base/in-steps.ts'

/** How many entries of a list are looked at between two looks at the time: some tens of microseconds. */
const PIECE = 32

/** What `each` makes of every entry, in steps. */
export function* mapInSteps<Entry, Made>(entries: readonly Entry[], each: (entry: Entry) => Made): Steps<Made[]> {
  const made: Made[] = []
  for (const [at, entry] of entries.entries()) {
    made.push(each(entry))
    if (at % PIECE === PIECE - 1) yield
  }
  return made
}

/** Bytes one after the other, in steps: a large copy takes its time too. They are of their own: what is kept holds on to nothing else. */
export function* joinInSteps(pieces: readonly Uint8Array[]): Steps<Buffer> {
  const joined = Buffer.allocUnsafeSlow(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
    yield
  }
  return joined
}

/** Entries in groups, each small enough for one step. */
export function* inGroups<Entry>(entries: readonly Entry[]): Generator<readonly Entry[], void, undefined> {
  for (let at = 0; at < entries.length; at += PIECE) yield entries.slice(at, at + PIECE)
}

/** Sorted, in steps; what compares equal keeps its order. */
export function* sortInSteps<Entry>(
  entries: readonly Entry[],
  compare: (one: Entry, other: Entry) => number,
): Steps<readonly Entry[]> {
  let runs: Entry[][] = []
  for (let at = 0; at < entries.length; at += SORTED) {
    runs.push(entries.slice(at, at + SORTED).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: Entry[][] = []
    for (let at = 0; at < runs.length; at += 2) merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare))
    runs = merged
  }
  return runs[0] ?? []
}

/** entries that are sorted in one step: some hundreds of microseconds */
const SORTED = 512

function* merge<Entry>(
  left: readonly Entry[],
  right: readonly Entry[],
  compare: (one: Entry, other: Entry) => number,
): Steps<Entry[]> {
  const merged: Entry[] = []
  let other = 0
  for (const entry of left) {
    for (let next = right[other]; next !== undefined && compare(next, entry) < 0; next = right[other]) {
      merged.push(next)
      other += 1
    }
    merged.push(entry)
    if (merged.length % SORTED === 0) yield
  }
  for (; other < right.length; other += 1) merged.push(right[other] as Entry)
  return merged
}

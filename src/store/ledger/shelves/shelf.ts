import { BlockReader, BlockWriter } from './block.ts'
import { compareKeys, type Entry, KEY, type Shelved } from './entry.ts'

/** The entries of some segments, in the order of their keys, by blocks. */
export interface Shelf {
  readonly segments: readonly Shelved[]
  /** the keys that blocks begin with, one after the other */
  readonly begins: Uint32Array
  block(place: number): Uint8Array
}

/** Goes over a shelf, to what is later. */
export class ShelfReader {
  readonly #shelf: Shelf
  readonly #begins: Uint32Array
  readonly #blocks: number
  readonly #entry: BlockReader
  #block = -1
  #isThere = false

  constructor(shelf: Shelf) {
    this.#shelf = shelf
    this.#begins = shelf.begins
    this.#blocks = this.#begins.length / KEY.length
    this.#entry = new BlockReader(shelf.segments)
  }

  /** Good while {@link next} or {@link seek} said so, until they are asked again. */
  get entry(): Entry {
    return this.#entry
  }

  /** False after the last. */
  next(): boolean {
    this.#isThere = this.#entry.next()
    while (!this.#isThere && this.#block + 1 < this.#blocks) {
      this.#open(this.#block + 1)
      this.#isThere = this.#entry.next()
    }
    return this.#isThere
  }

  /** Whether there is an entry of this key, and goes to the first; keys are sought in their order. */
  seek(key: ArrayLike<number>): boolean {
    const block = this.#lastBefore(key)
    if (block > this.#block && block < this.#blocks) {
      this.#open(block)
      this.#isThere = this.#entry.next()
    }
    while (this.#isThere && compareKeys(this.#entry.words, key) < 0) this.next()
    return this.isAt(key)
  }

  isAt(key: ArrayLike<number>): boolean {
    return this.#isThere && compareKeys(this.#entry.words, key) === 0
  }

  #open(block: number): void {
    this.#block = block
    this.#entry.begin(this.#shelf.block(block))
  }

  /** The last block that begins before the key, or the first one. */
  #lastBefore(key: ArrayLike<number>): number {
    let [low, high] = [0, this.#blocks - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (compareKeys(key, this.#begins, middle * KEY.length) > 0) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Writes entries in their order, and answers with what the blocks begin with. */
export function writeShelf(
  entries: Iterable<Entry>,
  segments: readonly Shelved[],
  { block: full, write }: { readonly block: number; write(place: number, bytes: Uint8Array): void },
): Uint32Array {
  const block = new BlockWriter(full)
  const places = new Map(segments.map(({ first }, place) => [first, place] as const))
  const begins: number[] = []
  let blocks = 0
  const end = (): void => {
    write(blocks, block.take())
    blocks += 1
  }
  for (const entry of entries) {
    if (block.isFull) end()
    if (block.isEmpty) for (let place = 0; place < KEY.length; place += 1) begins.push(entry.words[place] ?? 0)
    const place = places.get(entry.segment) ?? 0
    block.add(entry, place, segments[place] ?? { first: 0, since: 0 })
  }
  if (!block.isEmpty) end()
  return Uint32Array.from(begins)
}

/** The entries of several shelves, in the order of their keys. Each is good until the next is asked for. */
export function* merged(shelves: readonly Shelf[]): Generator<Entry> {
  /** that of the least entry last */
  const readers: ShelfReader[] = []
  for (const shelf of shelves) {
    const reader = new ShelfReader(shelf)
    if (reader.next()) putInOrder(readers, reader)
  }
  for (let least = readers.pop(); least !== undefined; least = readers.pop()) {
    yield least.entry
    if (least.next()) putInOrder(readers, least)
  }
}

function putInOrder(readers: ShelfReader[], added: ShelfReader): void {
  const { words } = added.entry
  let place = readers.length
  readers.push(added)
  // most often it is the least again, or nearly so
  for (let next = readers[place - 1]; next !== undefined; next = readers[place - 1]) {
    if (compareKeys(next.entry.words, words) >= 0) break
    readers[place] = next
    place -= 1
  }
  readers[place] = added
}

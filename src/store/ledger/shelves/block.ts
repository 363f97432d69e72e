import { ENTRY_WORDS, type Entry, type Shelved } from './entry.ts'

/** What an entry takes at most: numbers of seven bits a byte. */
const ENTRY_BYTES = 128

/**
 * Entries one after the other: which of its words are not those of the entry before (a bit for each of {@link ENTRY_WORDS}), those words, which segment it is
 * of, its requests, how far its last id and its last time are from the first of its segment, and how long it was from its first time to its last.
 */
export class BlockWriter {
  readonly #bytes: Uint8Array
  readonly #full: number
  readonly #words = new Float64Array(ENTRY_WORDS.length)
  #end = 0

  /** `full`: bytes, after which it takes no more */
  constructor(full: number) {
    this.#full = full
    this.#bytes = new Uint8Array(full + ENTRY_BYTES)
  }

  get isEmpty(): boolean {
    return this.#end === 0
  }
  get isFull(): boolean {
    return this.#end >= this.#full
  }

  /** While it is not full. `place`: of its segment among those of the shelf. */
  add({ words, requests, first, last, lastId }: Entry, place: number, { first: firstId, since }: Shelved): void {
    const changed = this.#changed(words)
    this.#write(changed)
    for (let column = 0; column < ENTRY_WORDS.length; column += 1)
      if ((changed >> column) & 1) this.#write(words[column] ?? 0)
    this.#write(place)
    this.#write(requests)
    this.#write(lastId - firstId)
    this.#write(last - since)
    this.#write(last - first)
  }

  /** What was written, and begins anew. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#end)
    this.#end = 0
    this.#words.fill(0)
    return bytes
  }

  #changed(words: ArrayLike<number>): number {
    let changed = 0
    for (let column = 0; column < ENTRY_WORDS.length; column += 1) {
      const word = words[column] ?? 0
      if (word === this.#words[column]) continue
      changed |= 1 << column
      this.#words[column] = word
    }
    return changed
  }

  #write(number: number): void {
    let rest = number
    while (rest >= 128) {
      this.#bytes[this.#end] = (rest % 128) + 128
      this.#end += 1
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#end] = rest
    this.#end += 1
  }
}

/** Reads one entry after the other, each into the same place. */
export class BlockReader implements Entry {
  readonly words: Float64Array = new Float64Array(ENTRY_WORDS.length)
  segment = 0
  requests = 0
  first = 0
  last = 0
  lastId = 0
  readonly #shelved: readonly Shelved[]
  #bytes: Uint8Array = new Uint8Array()
  #at = 0

  constructor(shelved: readonly Shelved[]) {
    this.#shelved = shelved
  }

  /** Goes on with other bytes. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#at = 0
    this.words.fill(0)
  }

  /** False after the last. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false
    const changed = this.#read()
    for (let column = 0; column < ENTRY_WORDS.length; column += 1)
      if ((changed >> column) & 1) this.words[column] = this.#read()
    const { first, since } = this.#shelved[this.#read()] ?? { first: 0, since: 0 }
    this.segment = first
    this.requests = this.#read()
    this.lastId = first + this.#read()
    this.last = since + this.#read()
    this.first = this.last - this.#read()
    return true
  }

  #read(): number {
    let byte = this.#bytes[this.#at] ?? 0
    this.#at += 1
    if (byte < 128) return byte
    let [number, scale] = [byte - 128, 128]
    do {
      byte = this.#bytes[this.#at] ?? 0
      this.#at += 1
      number += (byte & 127) * scale
      scale *= 128
    } while (byte >= 128)
    return number
  }
}

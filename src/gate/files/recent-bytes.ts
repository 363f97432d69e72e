interface Chunk {
  readonly start: number
  readonly bytes: Buffer
}

/** The chunks of a stream that came last, by their position in it. */
export class RecentBytes {
  /** bytes that are kept; the newest chunk is kept whatever its size */
  readonly #most: number
  #chunks: Chunk[] = []
  #end = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Takes the next chunk, which nobody may write to from now on. */
  add(bytes: Buffer): void {
    this.#chunks.push({ start: this.#end, bytes })
    this.#end += bytes.byteLength
    const first = this.#chunks.findIndex(({ start }) => this.#end - start <= this.#most)
    if (first !== 0) this.#chunks.splice(0, first === -1 ? this.#chunks.length - 1 : first)
  }

  /** What is there from `position` to the end of its chunk, `end` at most; `undefined` when that is here no more, or not yet. */
  at(position: number, end: number): Buffer | undefined {
    const chunk = this.#chunkAt(position)
    return chunk?.bytes.subarray(position - chunk.start, Math.max(position, end) - chunk.start)
  }

  /** The start of the chunk that `position` lies in, so that readers are spared parts of it, unless it is more than `most` bytes back. */
  wholeUpTo(position: number, most: number): number {
    const start = this.#chunkAt(position)?.start ?? position
    return position - start > most ? position : start
  }

  clear(): void {
    this.#chunks = []
  }

  #chunkAt(position: number): Chunk | undefined {
    let low = 0
    let high = this.#chunks.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const chunk = this.#chunks[middle]
      if (chunk === undefined) return undefined
      if (position < chunk.start) high = middle - 1
      else if (position >= chunk.start + chunk.bytes.byteLength) low = middle + 1
      else return chunk
    }
    return undefined
  }
}

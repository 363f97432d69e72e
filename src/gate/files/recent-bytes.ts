import type { Recycle } from '../../ports/outward.ts'

interface Chunk {
  readonly start: number
  readonly bytes: Buffer
  /** who looks at it just now */
  readers: number
  /** it is here no more, and written down */
  isDone: boolean
}

/** Bytes of the stream that somebody looks at; he says when he does not any more. */
export interface Lent {
  readonly bytes: Buffer
  giveBack(): void
}

/**
 * The chunks of a stream that came last, by their position in it. Those that went, that nobody looks at and that are written down are given
 * back to where they came from.
 */
export class RecentBytes {
  /** bytes that are kept; the newest chunk is kept whatever its size */
  readonly #most: number
  #chunks: Chunk[] = []
  /** here no more, and not written down yet, in order */
  #leaving: Chunk[] = []
  #end = 0
  readonly #recycle: Recycle | undefined

  constructor(most: number, recycle?: Recycle) {
    this.#most = most
    this.#recycle = recycle
  }

  /** Takes the next chunk, which nobody may write to as long as it is here. */
  add(bytes: Buffer): void {
    this.#chunks.push({ start: this.#end, bytes, readers: 0, isDone: false })
    this.#end += bytes.byteLength
    const first = this.#chunks.findIndex(({ start }) => this.#end - start <= this.#most)
    if (first !== 0) this.#leave(first === -1 ? this.#chunks.length - 1 : first)
  }

  /** Everything before this position is written down. */
  isWritten(position: number): void {
    while (this.#leaving[0] !== undefined && this.#leaving[0].start + this.#leaving[0].bytes.byteLength <= position) {
      const chunk = this.#leaving.shift()
      if (chunk === undefined) return
      chunk.isDone = true
      this.#giveBack(chunk)
    }
  }

  /** What is there from `position` to the end of its chunk, `end` at most; `undefined` when that is here no more, or not yet. */
  lend(position: number, end: number): Lent | undefined {
    const chunk = this.#chunkAt(position)
    if (chunk === undefined) return undefined
    const bytes = chunk.bytes.subarray(position - chunk.start, Math.max(position, end) - chunk.start)
    chunk.readers += 1
    return {
      bytes,
      giveBack: () => {
        chunk.readers -= 1
        this.#giveBack(chunk)
      },
    }
  }

  /** The start of the chunk that `position` lies in, so that readers are spared parts of it, unless it is more than `most` bytes back. */
  wholeUpTo(position: number, most: number): number {
    const start = this.#chunkAt(position)?.start ?? position
    return position - start > most ? position : start
  }

  clear(): void {
    this.#leave(this.#chunks.length)
  }

  #leave(count: number): void {
    const left = this.#chunks.splice(0, count)
    if (this.#recycle !== undefined) this.#leaving.push(...left)
  }

  /** Who never says that he is done has it for himself: it is not used again. */
  #giveBack({ isDone, readers, bytes }: Chunk): void {
    if (isDone && readers === 0) this.#recycle?.(bytes)
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

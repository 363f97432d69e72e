/** bytes */
const LARGE = 256 * 1024
/** When many readers stall, each new buffer is a small one. */
const SMALL = 64 * 1024
/** bytes of large buffers that may be out at once */
const LARGE_OUT = 8 * 1024 * 1024
/** free buffers that are kept, by size */
const KEPT_LARGE = 32
const KEPT_SMALL = 128

/**
 * Buffers for file bodies, used again and again: allocating one per read costs more than the copy. A buffer comes back
 * only from the callback of the write that used it; where that write failed, when its connection is closed and nobody can look at it
 * any more.
 */
export class BufferPool {
  readonly #large: Buffer[] = []
  readonly #small: Buffer[] = []
  readonly #poison: number | undefined
  #largeOut = 0
  #smallOut = 0

  /** `poison` fills what comes back, so that a test sees a byte that was sent too late. */
  constructor(options: { readonly poison?: number } = {}) {
    this.#poison = options.poison
  }

  /** buffers that are out */
  get out(): number {
    return this.#largeOut + this.#smallOut
  }

  /** bytes of buffers that are out */
  get bytesOut(): number {
    return this.#largeOut * LARGE + this.#smallOut * SMALL
  }

  /** bytes of the buffer that would be taken next */
  get next(): number {
    return this.tight ? SMALL : LARGE
  }

  /** Many are out: readers that wait hold one buffer instead of reading ahead. */
  get tight(): boolean {
    return this.#largeOut * LARGE >= LARGE_OUT
  }

  take(): Buffer {
    if (this.tight) {
      this.#smallOut += 1
      return this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL)
    }
    this.#largeOut += 1
    return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE)
  }

  /** The buffer is nobody's any more. */
  give(buffer: Buffer): void {
    const isLarge = buffer.length === LARGE
    if (isLarge) this.#largeOut -= 1
    else this.#smallOut -= 1
    if (this.#poison !== undefined) buffer.fill(this.#poison)
    const free = isLarge ? this.#large : this.#small
    if (free.length < (isLarge ? KEPT_LARGE : KEPT_SMALL)) free.push(buffer)
  }
}

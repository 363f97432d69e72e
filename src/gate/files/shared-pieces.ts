/** bytes */
const PIECE = 256 * 1024
const MOST = 8

interface Piece {
  readonly bytes: Promise<Buffer>
  readers: number
}

/** A part of a piece that somebody looks at; he says when he does not any more. */
interface Lent {
  readonly bytes: Promise<Buffer>
  giveBack(): void
}

/**
 * Pieces of a file for readers that fell back: those who are at the same place share one. No more than a few are in memory; while somebody
 * looks at each of them there is none for anybody else, so that readers who stand still hold what these weigh, and no more.
 */
export class SharedPieces {
  readonly #read: (start: number, length: number) => Promise<Buffer>
  /** by their start, in the order of use */
  readonly #pieces = new Map<number, Piece>()

  constructor(read: (start: number, length: number) => Promise<Buffer>) {
    this.#read = read
  }

  /**
   * What there is from `position` to the end of its piece. `undefined` where that piece does not lie before `end`, as far as the file of
   * `size` bytes has one, or where there is no memory for it.
   */
  lend(position: number, end: number, size: number): Lent | undefined {
    const start = position - (position % PIECE)
    const piece = this.#pieces.get(start) ?? this.#begin(start, Math.min(PIECE, size - start), end)
    if (piece === undefined) return undefined
    piece.readers += 1
    this.#pieces.delete(start)
    this.#pieces.set(start, piece)
    return {
      bytes: piece.bytes.then(bytes => bytes.subarray(position - start)),
      giveBack() {
        piece.readers -= 1
      },
    }
  }

  clear(): void {
    this.#pieces.clear()
  }

  #begin(start: number, length: number, end: number): Piece | undefined {
    if (start + length > end || !this.#makeRoom()) return undefined
    const bytes = this.#read(start, length)
    const piece = { bytes, readers: 0 }
    bytes.catch(() => {
      if (this.#pieces.get(start) === piece) this.#pieces.delete(start)
    })
    return piece
  }

  #makeRoom(): boolean {
    if (this.#pieces.size < MOST) return true
    for (const [start, { readers }] of this.#pieces) if (readers === 0) return this.#pieces.delete(start)
    return false
  }
}

import { performance } from 'node:perf_hooks'
import type { Exchange } from './exchange.ts'

/** Who is being written to, and since when: a reader that takes a piece too slowly is cut, so that it holds no buffer for ever. */
export class Readers {
  readonly #waiting = new Map<Exchange, number>()
  readonly #pieceMs: number
  readonly #timer: NodeJS.Timeout

  constructor(pieceMs: number) {
    this.#pieceMs = pieceMs
    this.#timer = setInterval(() => this.#cutSlow(), Math.max(10, Math.min(5_000, pieceMs / 4)))
    this.#timer.unref()
  }

  /** how many have not taken their piece yet */
  get waiting(): number {
    return this.#waiting.size
  }

  /**
   * Writes one piece. `settle` is called once: `taken` when the kernel has a copy and the buffer is free again, `lost` when
   * the connection went away. Resolves then, too.
   */
  write(exchange: Exchange, piece: Buffer, settle: (how: 'taken' | 'lost') => void): Promise<void> {
    if (exchange.over || exchange.response.destroyed) {
      settle('lost')
      return Promise.resolve()
    }
    return new Promise(resolve => {
      let open = true
      const end = (how: 'taken' | 'lost'): void => {
        if (!open) return
        open = false
        this.#waiting.delete(exchange)
        settle(how)
        resolve()
      }
      this.#waiting.set(exchange, performance.now())
      exchange.wake = () => end('lost')
      exchange.response.write(piece, error => {
        if (open && error == null) exchange.bytes += piece.length
        end(error == null ? 'taken' : 'lost')
      })
    })
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #cutSlow(): void {
    const oldest = performance.now() - this.#pieceMs
    for (const [exchange, since] of this.#waiting) if (since < oldest) exchange.reset()
  }
}

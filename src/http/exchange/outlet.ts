import { performance } from 'node:perf_hooks'
import { GateError } from '../../domain/base/errors.ts'
import type { LimitName } from '../../domain/base/limits.ts'
import type { Events } from '../../observe/events.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { Exchange, Way } from './exchange.ts'

export interface OutletBounds {
  /** ms that a reader has for a piece, however short it is */
  readonly graceMs: number
  /** and besides, the time in which it takes so many bytes a second */
  readonly leastRate: number
  /** bytes that answers under way may hold in memory, all together */
  readonly answerBytes: number
  /** ms after which a reader that took nothing may be cut where memory is short */
  readonly stalledMs: number
}

/** A piece that a connection has not taken yet. */
interface Waiting {
  readonly since: number
  readonly deadline: number
  /** bytes in memory that are held for it */
  readonly holds: number
  readonly end: (how: 'taken' | 'lost') => void
}

/** Somebody who waits for room. */
interface InLine {
  readonly bytes: () => number
  /** Takes it up. */
  readonly enter: () => void
}

/** bytes that are handed to a connection at once */
const PIECE = 256 * 1024
/** bytes; so short an answer is never refused for want of memory: it says why others are */
const SHORT = 16 * 1024

/**
 * The way of every body to its connection. Memory is bounded: buffers of files and bodies that are whole, counted once however
 * many read them, have one budget. So is patience: a reader that takes its piece too slowly is reset, and where memory is short the one
 * that has stood still longest goes first, of the address that holds most.
 */
export class Outlet implements Way {
  readonly clean: (text: string) => string
  readonly #bounds: OutletBounds
  readonly #buffers: BufferPool
  readonly #events: Events
  /** in the order in which they began to wait */
  readonly #waiting = new Map<Exchange, Waiting>()
  /** bodies that are whole, and how many read each */
  readonly #whole = new Map<Buffer, number>()
  #wholeBytes = 0
  readonly #line: InLine[] = []
  /** bytes of buffers that come back as soon as connections that were cut are closed */
  #leaving = 0
  readonly #timer: NodeJS.Timeout

  constructor(options: {
    readonly bounds: OutletBounds
    readonly buffers: BufferPool
    readonly events: Events
    readonly clean: (text: string) => string
  }) {
    const { bounds, buffers, events, clean } = options
    this.#bounds = bounds
    this.#buffers = buffers
    this.#events = events
    this.clean = clean
    this.#timer = setInterval(() => this.#look(), Math.max(10, Math.min(1_000, bounds.graceMs / 4)))
    this.#timer.unref()
  }

  /** bytes that answers under way hold in memory */
  get held(): number {
    return this.#buffers.bytesOut + this.#wholeBytes
  }

  /** how many have not taken their piece yet */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Many buffers are out: readers that wait hold one instead of reading ahead. */
  get tight(): boolean {
    return this.#buffers.tight
  }

  /** A buffer to read a file into, as soon as there is room for one. */
  take(): Buffer | Promise<Buffer> {
    if (this.#line.length === 0 && this.#hasRoom(this.#buffers.next)) return this.#buffers.take()
    return new Promise(resolve => {
      this.#line.push({ bytes: () => this.#buffers.next, enter: () => resolve(this.#buffers.take()) })
      this.#serveLine()
    })
  }

  /** The buffer is nobody's any more. */
  give(buffer: Buffer): void {
    this.#buffers.give(buffer)
    this.#serveLine()
  }

  /** The write was lost: until its connection is closed, it may still be looked at. */
  #drop(buffer: Buffer, { request: { socket } }: Exchange): void {
    if (socket.closed) {
      this.give(buffer)
      return
    }
    this.#leaving += buffer.length
    socket.once('close', () => {
      this.#leaving -= buffer.length
      this.give(buffer)
    })
  }

  /** Writes a part of a buffer that was taken here, and gives it back. Resolves when the connection has it, or went away. */
  writeTaken(exchange: Exchange, buffer: Buffer, length: number): Promise<void> {
    return this.#write(exchange, buffer.subarray(0, length), how =>
      how === 'taken' ? this.give(buffer) : this.#drop(buffer, exchange),
    )
  }

  /** Writes a piece that may be shared with other readers. Resolves when the connection has it, or went away. */
  async writeShared(exchange: Exchange, piece: Buffer): Promise<void> {
    if (this.#whole.has(piece) || (this.#line.length === 0 && this.#hasRoom(piece.length))) this.#hold(piece)
    else
      await new Promise<void>(resolve => {
        const enter = (): void => {
          this.#hold(piece)
          resolve()
        }
        this.#line.push({ bytes: () => (this.#whole.has(piece) ? 0 : piece.length), enter })
        this.#serveLine()
      })
    await this.#write(exchange, piece, () => this.#release(piece))
  }

  reserve(exchange: Exchange, body: Buffer): () => void {
    if (!this.#whole.has(body)) {
      // what is leaving is as good as gone
      while (!this.#hasRoom(body.length, this.#leaving) && this.#cutStalled());
      if (body.length > SHORT && !this.#hasRoom(body.length, this.#leaving))
        throw new GateError('unknown-overloaded', 'answers under way hold as much memory as they may', {
          limit: 'answer-memory',
        })
    }
    return () => {
      this.#hold(body)
      if (body.length > PIECE) return void this.#sendInPieces(exchange, body)
      this.#wait(exchange, body, () => this.#release(body))
      exchange.bytes = body.length
      exchange.response.end(body)
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #sendInPieces(exchange: Exchange, body: Buffer): Promise<void> {
    let isLost = false
    const settle = (how: 'taken' | 'lost'): void => {
      if (how === 'taken' || isLost) return
      isLost = true
      this.#release(body)
    }
    for (let start = 0; start < body.length && !isLost; start += PIECE)
      await this.#write(exchange, body.subarray(start, start + PIECE), settle, body.length)
    if (isLost) return
    this.#release(body)
    exchange.response.end()
  }

  #write(
    exchange: Exchange,
    piece: Buffer,
    settle: (how: 'taken' | 'lost') => void,
    holds = piece.length,
  ): Promise<void> {
    if (exchange.isGone || exchange.response.destroyed) {
      settle('lost')
      return Promise.resolve()
    }
    return new Promise(resolve => {
      const settled = (how: 'taken' | 'lost'): void => {
        if (how === 'taken') exchange.bytes += piece.length
        settle(how)
        resolve()
      }
      const end = this.#wait(exchange, piece, settled, holds)
      exchange.response.write(piece, error => end(error == null ? 'taken' : 'lost'))
    })
  }

  /** From now on the reader has its time for a piece. `settle` is called once. */
  #wait(
    exchange: Exchange,
    piece: Buffer,
    settle: (how: 'taken' | 'lost') => void,
    holds = piece.length,
  ): Waiting['end'] {
    const { graceMs, leastRate } = this.#bounds
    const since = performance.now()
    let open = true
    const end = (how: 'taken' | 'lost'): void => {
      if (!open) return
      open = false
      this.#waiting.delete(exchange)
      exchange.wake = undefined
      settle(how)
    }
    this.#waiting.set(exchange, { since, deadline: since + graceMs + (piece.length / leastRate) * 1_000, holds, end })
    exchange.wake = () => end('lost')
    return end
  }

  #hasRoom(bytes: number, besides = 0): boolean {
    const { answerBytes } = this.#bounds
    // one that would hardly ever find room goes when half of it is free: a large page, which the gate keeps anyway
    return this.held - besides + Math.min(bytes, answerBytes / 2) <= answerBytes
  }

  #hold(body: Buffer): void {
    const readers = this.#whole.get(body) ?? 0
    if (readers === 0) this.#wholeBytes += body.length
    this.#whole.set(body, readers + 1)
  }

  #release(body: Buffer): void {
    const readers = this.#whole.get(body) ?? 0
    if (readers > 1) return void this.#whole.set(body, readers - 1)
    if (this.#whole.delete(body)) this.#wholeBytes -= body.length
    this.#serveLine()
  }

  /** Lets in who waits for room, in turn; where there is none, it is made. */
  #serveLine(): void {
    for (let [next] = this.#line; next !== undefined; [next] = this.#line) {
      if (this.#hasRoom(next.bytes())) {
        this.#line.shift()
        next.enter()
      } else if (this.#leaving > 0 || !this.#cutStalled()) return
    }
  }

  #look(): void {
    const now = performance.now()
    for (const [exchange, { deadline }] of this.#waiting) if (deadline < now) this.#cut(exchange, 'reader-rate')
    // somebody may have come to a standstill since
    this.#serveLine()
  }

  /** Makes room: false where nobody has stood still. */
  #cutStalled(): boolean {
    const before = performance.now() - this.#bounds.stalledMs
    const heldBy = new Map<string, number>()
    for (const [{ client }, { holds }] of this.#waiting)
      heldBy.set(client.address, (heldBy.get(client.address) ?? 0) + holds)
    let worst: Exchange | undefined
    for (const [exchange, { since }] of this.#waiting) {
      if (since > before) break
      const most = worst === undefined ? 0 : (heldBy.get(worst.client.address) ?? 0)
      if ((heldBy.get(exchange.client.address) ?? 0) > most) worst = exchange
    }
    if (worst === undefined) return false
    this.#cut(worst, 'answer-memory')
    return true
  }

  #cut(exchange: Exchange, limit: LimitName): void {
    const { address, subject } = exchange.client
    this.#events.emit({ type: 'limited', limit, subject, address })
    const waiting = this.#waiting.get(exchange)
    exchange.reset()
    waiting?.end('lost')
  }
}

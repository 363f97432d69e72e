import { performance } from 'node:perf_hooks'
import { GateError } from '../../domain/base/errors.ts'
import type { LimitName } from '../../domain/base/limits.ts'
import type { Events } from '../../observe/events.ts'
import type { BufferPool } from './buffer-pool.ts'
import { neighbourhoodOf } from './client.ts'
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

/** Memory that is held for whoever looks at it or at a part of it, counted once. */
interface Held {
  readonly bytes: number
  readers: number
}

/** A piece that a connection has not taken yet. */
interface Waiting {
  /** the neighbourhood of its address */
  readonly whose: string
  readonly since: number
  readonly deadline: number
  /** when a reader at the least rate would have taken it */
  readonly due: number
  /** in memory, for it */
  readonly holds: Held
  readonly end: (how: 'taken' | 'lost') => void
}

/** Somebody who waits for room. */
interface InLine {
  /** for whom */
  readonly exchange: Exchange
  /** the neighbourhood of his address */
  readonly whose: string
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
 * of an address (of IPv6 one /64, here and below) that holds more than another goes first that has stood still longest. Nobody who keeps the least rate goes for the sake of his own
 * address, and nobody at all while there is one who does not keep it.
 */
export class Outlet implements Way {
  readonly clean: (text: string) => string
  readonly #bounds: OutletBounds
  readonly #buffers: BufferPool
  readonly #events: Events
  /** in the order in which they began to wait */
  readonly #waiting = new Map<Exchange, Waiting>()
  /** memory that is shared, by what it is known by: a body that is whole, or what pieces are parts of */
  readonly #shared = new Map<Buffer | ArrayBufferLike, Held>()
  #sharedBytes = 0
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
    return this.#buffers.bytesOut + this.#sharedBytes
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
  take(exchange: Exchange): Buffer | Promise<Buffer> {
    if (this.#line.length === 0 && this.#hasRoom(this.#buffers.next)) return this.#buffers.take()
    return new Promise(resolve => {
      this.#queue(
        exchange,
        () => this.#buffers.next,
        () => resolve(this.#buffers.take()),
      )
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

  /**
   * Writes a piece that may be shared with other readers, or be a part of memory that is: what it is a part of is held, once. Resolves when
   * the connection has it, or went away: that may still look at it.
   */
  async writeShared(exchange: Exchange, piece: Buffer): Promise<'taken' | 'lost'> {
    const memory = piece.buffer
    const bytes = (): number => (this.#shared.has(memory) ? 0 : memory.byteLength)
    let held: Held
    if (bytes() === 0 || (this.#line.length === 0 && this.#hasRoom(bytes()))) held = this.#hold(memory)
    else
      held = await new Promise<Held>(resolve => {
        this.#queue(exchange, bytes, () => resolve(this.#hold(memory)))
      })
    let ended: 'taken' | 'lost' = 'lost'
    const settle = (how: 'taken' | 'lost'): void => {
      ended = how
      this.#release(memory)
    }
    await this.#write(exchange, piece, settle, held)
    return ended
  }

  reserve(exchange: Exchange, body: Buffer): () => void {
    if (!this.#shared.has(body)) {
      // what is leaving is as good as gone
      while (!this.#hasRoom(body.length, this.#leaving) && this.#cutStalled());
      if (body.length > SHORT && !this.#hasRoom(body.length, this.#leaving))
        throw new GateError('unknown-overloaded', 'answers under way hold as much memory as they may', {
          limit: 'answer-memory',
        })
    }
    return () => {
      const held = this.#hold(body)
      if (body.length > PIECE) return void this.#sendInPieces(exchange, body, held)
      this.#wait(exchange, body, () => this.#release(body), held)
      exchange.bytes = body.length
      exchange.response.end(body)
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #sendInPieces(exchange: Exchange, body: Buffer, held: Held): Promise<void> {
    let isLost = false
    const settle = (how: 'taken' | 'lost'): void => {
      if (how === 'taken' || isLost) return
      isLost = true
      this.#release(body)
    }
    for (let start = 0; start < body.length && !isLost; start += PIECE)
      await this.#write(exchange, body.subarray(start, start + PIECE), settle, held)
    if (isLost) return
    this.#release(body)
    exchange.response.end()
  }

  #write(
    exchange: Exchange,
    piece: Buffer,
    settle: (how: 'taken' | 'lost') => void,
    holds: Held = { bytes: piece.length, readers: 1 },
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
    holds: Held = { bytes: piece.length, readers: 1 },
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
    const due = since + (piece.length / leastRate) * 1_000
    const whose = neighbourhoodOf(exchange.client.address)
    this.#waiting.set(exchange, { whose, since, deadline: due + graceMs, due, holds, end })
    exchange.wake = () => end('lost')
    return end
  }

  #hasRoom(bytes: number, besides = 0): boolean {
    const { answerBytes } = this.#bounds
    // one that would hardly ever find room goes when half of it is free: a large page, which the gate keeps anyway
    return this.held - besides + Math.min(bytes, answerBytes / 2) <= answerBytes
  }

  #hold(memory: Buffer | ArrayBufferLike): Held {
    const held = this.#shared.get(memory) ?? { bytes: memory.byteLength, readers: 0 }
    if (held.readers === 0) {
      this.#sharedBytes += held.bytes
      this.#shared.set(memory, held)
    }
    held.readers += 1
    return held
  }

  #release(memory: Buffer | ArrayBufferLike): void {
    const held = this.#shared.get(memory)
    if (held === undefined) return
    held.readers -= 1
    if (held.readers > 0) return
    this.#shared.delete(memory)
    this.#sharedBytes -= held.bytes
    this.#serveLine()
  }

  #queue(exchange: Exchange, bytes: () => number, enter: () => void): void {
    this.#line.push({ exchange, whose: neighbourhoodOf(exchange.client.address), bytes, enter })
    this.#serveLine()
  }

  /** Lets in who waits for room, first whoever holds least; where there is none, it is made. */
  #serveLine(): void {
    if (this.#line.length === 0) return
    let held = this.#heldByNeighbourhood()
    for (let next = leastOf(this.#line, held); next !== undefined; next = leastOf(this.#line, held)) {
      const { whose } = next
      const bytes = next.bytes()
      if (next.exchange.isGone || this.#hasRoom(bytes)) {
        this.#line.splice(this.#line.indexOf(next), 1)
        held.set(whose, (held.get(whose) ?? 0) + bytes)
        next.enter()
      } else if (this.#leaving > 0 || !this.#cutStalled((held.get(whose) ?? 0) + bytes)) return
      else held = this.#heldByNeighbourhood()
    }
  }

  /** bytes; what is shared is held in parts */
  #heldByNeighbourhood(): Map<string, number> {
    const held = new Map<string, number>()
    for (const { whose, holds } of this.#waiting.values())
      held.set(whose, (held.get(whose) ?? 0) + holds.bytes / holds.readers)
    return held
  }

  #look(): void {
    const now = performance.now()
    for (const [exchange, { deadline }] of this.#waiting) if (deadline < now) this.#cut(exchange, 'reader-rate')
    // somebody may have come to a standstill since
    this.#serveLine()
  }

  /**
   * Makes room for whose address would hold so much with it: false where nobody has to give way. First goes whoever is slower than the least
   * rate, then who has stood still, of an address that holds more; of several the one of the address that holds most, and the first.
   */
  #cutStalled(wouldHold = 0): boolean {
    const now = performance.now()
    const held = this.#heldByNeighbourhood()
    let worst: { readonly exchange: Exchange; readonly isSlow: boolean; readonly held: number } | undefined
    for (const [exchange, { whose, since, due }] of this.#waiting) {
      if (since > now - this.#bounds.stalledMs) break
      const candidate = { exchange, isSlow: due < now, held: held.get(whose) ?? 0 }
      if (!candidate.isSlow && (worst?.isSlow === true || candidate.held <= wouldHold)) continue
      if (worst?.isSlow === candidate.isSlow && candidate.held <= worst.held) continue
      worst = candidate
    }
    if (worst === undefined) return false
    this.#cut(worst.exchange, 'answer-memory')
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

/** The first of those whose address holds least. */
function leastOf(line: readonly InLine[], held: ReadonlyMap<string, number>): InLine | undefined {
  let least: { readonly entry: InLine; readonly bytes: number } | undefined
  for (const entry of line) {
    const bytes = held.get(entry.whose) ?? 0
    if (least === undefined || bytes < least.bytes) least = { entry, bytes }
  }
  return least?.entry
}

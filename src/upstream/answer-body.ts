import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Millis } from '../domain/base/instant.ts'
import type { Recycle } from '../ports/outward.ts'
import { BodyPieces } from './landing.ts'
import { UpstreamStop } from './upstream-failure.ts'

/** A body slower than `bytes` in `window` is given up, as long as it is the upstream that makes us wait. */
export interface LeastRate {
  readonly window: Millis
  readonly bytes: number
}

const pieces = new BodyPieces()

/** For chunks of bodies that come in pieces; any other is nobody's concern. */
export const recycle: Recycle = chunk => pieces.give(chunk)

/**
 * The body of one answer, with back-pressure down to the socket. It ends cleanly only where the framing of HTTP says so:
 * a body shorter than its Content-Length, or chunked without a last chunk, is an error. A body with neither framing ends
 * when the connection does; that it is whole is known only once size and digest are compared.
 */
export class AnswerBody extends Readable {
  readonly #controller: Dispatcher.DispatchController
  readonly #explain: (error: unknown) => Error
  readonly #watch: NodeJS.Timeout
  #most: { readonly bytes: number; readonly error: () => Error } | undefined
  #total = 0
  /** in this window */
  #seen = 0
  /** back-pressure, ours, in this window */
  #held = false
  #complete = false
  /** what came is gathered in these, where the body is a large one */
  #piece: Buffer | undefined
  /** of the piece: bytes that came, and of them those that were handed on */
  #filled = 0
  #handed = 0
  #isLarge = false
  #flush: NodeJS.Immediate | undefined

  constructor(options: {
    readonly controller: Dispatcher.DispatchController
    readonly rate: LeastRate
    readonly explain: (error: unknown) => Error
  }) {
    // chunk by chunk: a stream of bytes would join those that wait, in memory of its own
    super({ objectMode: true, highWaterMark: 4 })
    this.#controller = options.controller
    this.#explain = options.explain
    // an error after the last reader left is nobody's business, and no reason to end the process
    this.on('error', () => {})
    this.#watch = setInterval(() => this.#assertRate(options.rate.bytes), options.rate.window).unref()
  }

  /** Ends in `error` as soon as more than `bytes` have come. */
  atMost(bytes: number, error: () => Error): void {
    this.#most = { bytes, error }
  }

  /** What comes from now on comes in large pieces, which whoever is done with them gives back. */
  inPieces(): void {
    this.#isLarge = true
  }

  /** Copies what is to be kept: the chunk is the caller's again afterwards. */
  receive(chunk: Buffer): void {
    // one that goes on where nothing waits says so with no bytes: a reader who took them for bytes would ask at once for the next such, for ever
    if (this.destroyed || chunk.length === 0) return
    this.#seen += chunk.length
    this.#total += chunk.length
    if (this.#most !== undefined && this.#total > this.#most.bytes) return void this.destroy(this.#most.error())
    if (this.#isLarge) this.#gather(chunk)
    else this.#handOn(Buffer.from(chunk))
  }

  #gather(chunk: Buffer): void {
    for (let done = 0; done < chunk.length && !this.destroyed; ) {
      this.#piece ??= pieces.take()
      const count = chunk.copy(this.#piece, this.#filled, done)
      this.#filled += count
      done += count
      if (this.#filled === this.#piece.length) this.#handOnPiece()
    }
    // what comes in one turn goes on together: records of TLS are short
    this.#flush ??= setImmediate(() => this.#handOnPiece())
  }

  #handOn(bytes: Buffer): void {
    if (this.push(bytes)) return
    this.#held = true
    this.#controller.pause()
  }

  #handOnPiece(): void {
    clearImmediate(this.#flush)
    this.#flush = undefined
    const piece = this.#piece
    if (piece === undefined || this.destroyed) return
    const bytes = piece.subarray(this.#handed, this.#filled)
    this.#handed = this.#filled
    if (this.#filled === piece.length) {
      this.#piece = undefined
      this.#filled = 0
      this.#handed = 0
    }
    if (bytes.length > 0) this.#handOn(bytes)
  }

  finish(): void {
    this.#complete = true
    clearInterval(this.#watch)
    this.#handOnPiece()
    const rest = this.#piece?.subarray(this.#filled)
    this.#piece = undefined
    this.push(null)
    if (rest !== undefined) pieces.give(rest)
  }

  fail(error: unknown): void {
    this.#complete = true
    this.destroy(this.#explain(error))
  }

  /** Only a window in which nobody but the upstream was slow counts. */
  #assertRate(least: number): void {
    const slow = !this.#held && this.#seen < least
    this.#seen = 0
    this.#held = this.#controller.paused
    if (slow) this.destroy(this.#explain(new UpstreamStop('UPSTREAM_TOO_SLOW', 'the body came too slowly')))
  }

  override _read(): void {
    if (this.#controller.paused) this.#controller.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#watch)
    clearImmediate(this.#flush)
    // a body that nobody wants any more costs its connection
    if (!this.#complete) this.#controller.abort(error ?? new UpstreamStop('UPSTREAM_GIVEN_UP', 'nobody wants the rest'))
    done(error)
  }
}

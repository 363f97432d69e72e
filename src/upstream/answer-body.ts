import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Millis } from '../domain/base/instant.ts'
import { UpstreamStop } from './upstream-failure.ts'

/** A body slower than `bytes` in `window` is given up, as long as it is the upstream that makes us wait. */
export interface LeastRate {
  readonly window: Millis
  readonly bytes: number
}

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

  constructor(options: {
    readonly controller: Dispatcher.DispatchController
    readonly rate: LeastRate
    readonly explain: (error: unknown) => Error
  }) {
    super({ highWaterMark: 256 * 1024 })
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

  receive(chunk: Buffer): void {
    if (this.destroyed) return
    this.#seen += chunk.length
    this.#total += chunk.length
    if (this.#most !== undefined && this.#total > this.#most.bytes) return void this.destroy(this.#most.error())
    if (this.push(chunk)) return
    this.#held = true
    this.#controller.pause()
  }

  finish(): void {
    this.#complete = true
    clearInterval(this.#watch)
    this.push(null)
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
    // a body that nobody wants any more costs its connection
    if (!this.#complete) this.#controller.abort(error ?? new UpstreamStop('UPSTREAM_GIVEN_UP', 'nobody wants the rest'))
    done(error)
  }
}

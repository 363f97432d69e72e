import { GateError } from '../../domain/base/errors.ts'
import type { Events } from '../../observe/events.ts'
import type { BucketState } from '../../ports/among-gates.ts'

/** How soon after it failed it is looked whether it is back, and how often then, ms. */
const LOOKS_AFTER = 250
const LOOKS_EVERY = 1_000
/** How often whoever asks for readiness makes it look, ms. */
const ASKED_EVERY = 5_000

interface Options {
  /** Throws where the bucket does not answer. */
  readonly ping: () => Promise<void>
  /** ms for which it may be away before the gate is not ready */
  readonly maxStale: number
  readonly events: Events
  /** for whoever waits for it to come back */
  readonly returned: () => void
}

/** Whether the bucket can be had. While it is away nobody waits for it: one looks for all, until it is back. */
export class Reach {
  readonly #options: Options
  /** on the monotonic clock, ms */
  #away: { readonly since: number; why: string } | undefined
  #timer: NodeJS.Timeout | undefined
  #answered = Number.NEGATIVE_INFINITY
  #looking = false
  #closed = false

  constructor(options: Options) {
    this.#options = options
  }

  get isAway(): boolean {
    return this.#away !== undefined
  }

  /** Throws `unknown-store` at once while it is away. What was broken off by whoever asked says nothing of the bucket. */
  async ask<Answer>(call: () => Promise<Answer>, isBrokenOff: () => boolean = () => false): Promise<Answer> {
    if (this.#away !== undefined) throw new GateError('unknown-store', `the bucket is away: ${this.#away.why}`)
    try {
      const answer = await call()
      this.#hasAnswered()
      return answer
    } catch (error) {
      if (!isBrokenOff()) this.hasFailed(error)
      throw error
    }
  }

  /** It was asked past this, and did not answer. */
  hasFailed(error: unknown): void {
    if (this.#closed) return
    const why = error instanceof GateError ? error.detail : 'it broke off'
    if (this.#away !== undefined) {
      this.#away.why = why
      return
    }
    this.#away = { since: performance.now(), why }
    const detail = `the bucket is away: ${why}`
    this.#options.events.emit({
      type: 'unknown',
      code: 'unknown-store',
      detail,
      route: 'background',
      untrusted: undefined,
      cause: error,
      id: '',
    })
    this.#lookIn(LOOKS_AFTER)
  }

  /** What is known by now; it is looked again beside that, where that is a while ago. */
  state(): BucketState {
    if (performance.now() - this.#answered > ASKED_EVERY && this.#away === undefined) this.#look().catch(() => {})
    if (this.#away === undefined) return { ok: true, warning: false, detail: 'the bucket answers' }
    const ms = performance.now() - this.#away.since
    const detail = `${this.#away.why}, for ${Math.floor(ms / 1_000)} s`
    return { ok: ms <= this.#options.maxStale && this.#options.maxStale > 0, warning: true, detail }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #hasAnswered(): void {
    this.#answered = performance.now()
    if (this.#away === undefined) return
    this.#away = undefined
    clearTimeout(this.#timer)
    this.#options.returned()
  }

  #lookIn(ms: number): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#look(), ms).unref()
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#closed) return
    this.#looking = true
    try {
      await this.#options.ping()
      this.#hasAnswered()
    } catch (error) {
      const wasAway = this.isAway
      this.hasFailed(error)
      if (wasAway) this.#lookIn(LOOKS_EVERY)
    } finally {
      this.#looking = false
    }
  }
}

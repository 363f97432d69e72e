import { GateError } from '../../domain/base/errors.ts'
import type { Millis } from '../../domain/base/instant.ts'

interface Options {
  /** what is reached, in a sentence: `the database` */
  readonly what: string
  /** how long what is at hand is used while it is away */
  readonly maxStale: Millis
  /** what changed is read from time to time, and nothing that is at hand is used for longer without; default: nothing is missed */
  readonly catchesUp?: boolean
  /** ms of a clock that nobody can set; default: the process's */
  readonly steady?: () => number
  /** told when it goes, and when it is there again */
  readonly changed?: (away: GateError | undefined) => void
}

/** Looks that take so long are no reason to use nothing, however short what is shared may be away, ms. */
const UNREAD_MS = 8_000

/** Whether what is shared can be asked, and for how long it could not be. */
export class Reach {
  readonly #options: Required<Options>
  #last: number
  #away: GateError | undefined
  /** when what changed was read last */
  #read: number
  /** it is there again, and what changed meanwhile is not read yet */
  #behind = false

  constructor({ steady = () => performance.now(), changed = () => {}, catchesUp = false, ...options }: Options) {
    this.#options = { ...options, steady, changed, catchesUp }
    this.#last = steady()
    this.#read = this.#last
  }

  /** It answered. */
  reached(): void {
    if (this.#options.catchesUp && this.isStale) this.#behind = true
    this.#last = this.#options.steady()
    if (this.#away === undefined) return
    this.#away = undefined
    this.#options.changed(undefined)
  }

  /** What changed while it was away has been read. */
  caughtUp(): void {
    this.#behind = false
    this.#read = this.#options.steady()
  }

  /** It did not. */
  lost(error: GateError): void {
    const first = this.#away === undefined
    this.#away = error
    if (first) this.#options.changed(error)
  }

  get isAway(): boolean {
    return this.#away !== undefined
  }

  /** ms since it answered last, while it is away; 0 otherwise */
  get awayFor(): number {
    return this.#away === undefined ? 0 : this.#options.steady() - this.#last
  }

  /** What is at hand is not to be used: it is away for longer than anybody said it may be, or was, and what it missed is not read yet. */
  get isStale(): boolean {
    if (this.#behind || this.#isUnread) return true
    return this.#away !== undefined && this.awayFor >= this.#options.maxStale
  }

  /** It answers, but what changed could not be read for as long as it may be away; or the process itself stood still. */
  get #isUnread(): boolean {
    const { catchesUp, maxStale, steady } = this.#options
    return catchesUp && steady() - this.#read >= Math.max(maxStale, UNREAD_MS)
  }

  /** @throws GateError `unknown-store` where what is at hand is not to be used any more */
  assertUsable(): void {
    if (this.isStale) throw this.failure()
  }

  failure(): GateError {
    if (this.#away === undefined && (this.#behind || this.#isUnread))
      return new GateError(
        'unknown-store',
        `${this.#options.what} is there, and what changed meanwhile is not read yet`,
      )
    const seconds = Math.round(this.awayFor / 1_000)
    const why = this.#away === undefined ? '' : `: ${this.#away.detail}`
    return new GateError('unknown-store', `${this.#options.what} is away for ${seconds} s${why}`, { cause: this.#away })
  }
}

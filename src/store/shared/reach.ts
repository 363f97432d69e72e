import { GateError } from '../../domain/base/errors.ts'
import type { Millis } from '../../domain/base/instant.ts'

interface Options {
  /** what is reached, in a sentence: `the database` */
  readonly what: string
  /** how long what is at hand is used while it is away */
  readonly maxStale: Millis
  /** whoever was away for too long reads what it missed before what is at hand is used again; default: it misses nothing */
  readonly catchesUp?: boolean
  /** ms of a clock that nobody can set; default: the process's */
  readonly steady?: () => number
  /** told when it goes, and when it is there again */
  readonly changed?: (away: GateError | undefined) => void
}

/** Whether what is shared can be asked, and for how long it could not be. */
export class Reach {
  readonly #options: Required<Options>
  #last: number
  #away: GateError | undefined
  /** it is there again, and what changed meanwhile is not read yet */
  #behind = false

  constructor({ steady = () => performance.now(), changed = () => {}, catchesUp = false, ...options }: Options) {
    this.#options = { ...options, steady, changed, catchesUp }
    this.#last = steady()
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
    if (this.#behind) return true
    return this.#away !== undefined && this.awayFor >= this.#options.maxStale
  }

  /** @throws GateError `unknown-store` where what is at hand is not to be used any more */
  assertUsable(): void {
    if (this.isStale) throw this.failure()
  }

  failure(): GateError {
    if (this.#behind && this.#away === undefined)
      return new GateError(
        'unknown-store',
        `${this.#options.what} is there again, and what changed meanwhile is not read yet`,
      )
    const seconds = Math.round(this.awayFor / 1_000)
    const why = this.#away === undefined ? '' : `: ${this.#away.detail}`
    return new GateError('unknown-store', `${this.#options.what} is away for ${seconds} s${why}`, { cause: this.#away })
  }
}

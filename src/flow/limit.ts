import { GateError } from '../domain/base/errors.ts'
import type { Millis } from '../domain/base/instant.ts'
import type { LimitName } from '../domain/base/limits.ts'
import { type Asker, OURSELVES } from './asker.ts'
import { Turns } from './turns.ts'

/** How one waits. */
export interface Waiting {
  readonly asker?: Asker
  /** in line, instead of what is usual */
  readonly patience?: Millis
}

/**
 * So many at once, and a bounded line in front of them. Those who wait have turns by whom they wait for, so that whoever wants
 * much waits behind himself; where the line is full, it is the last of the longest who goes.
 */
export interface Limit {
  /**
   * Resolves to the call that gives the place back; a second call of it does nothing. Throws `unknown-overloaded` when there is
   * no room in line, when it does not move for as long as one has patience, when nobody waits any more, or `signal` ends the
   * wait; the signal's reason where it had ended before.
   */
  enter(signal?: AbortSignal, waiting?: Waiting): Promise<() => void>
  /** Runs `call` in a place of its own, which it gives back when it settles. Throws `unknown-overloaded` as above. */
  run<Result>(call: () => Promise<Result>, asker?: Asker): Promise<Result>
}

interface LimitOptions {
  /** at once */
  readonly running: number
  /** at once for one client, or the gate itself; the rest is for others, however little there is to do for them. Default: all */
  readonly each?: number
  /** in line */
  readonly waiting: number
  /** how long one waits in line; without end where nothing is said */
  readonly patience?: Millis
  /** what is under way, as a person calls it */
  readonly what: string
  /** what metrics and logs call it, where clients meet it */
  readonly name?: LimitName
}

export function createLimit(options: LimitOptions): Limit {
  return new FairLimit(options)
}

class FairLimit implements Limit {
  readonly #options: LimitOptions
  readonly #line = new Turns<Waiter>()
  readonly #waiters = new Set<Waiter>()
  /** places by the name that they were given to */
  readonly #held = new Map<string, number>()
  #free: number

  constructor(options: LimitOptions) {
    this.#options = options
    this.#free = options.running
  }

  async enter(signal?: AbortSignal, { asker = OURSELVES, patience = this.#options.patience }: Waiting = {}) {
    signal?.throwIfAborted()
    if (asker.gone) throw this.#overloaded()
    const name = this.#free > 0 ? asker.names.find(this.#mayEnter) : undefined
    if (name !== undefined) return this.#take(name)
    this.#makeRoom(asker)
    return await this.#waitInLine(asker, signal, patience)
  }

  async run<Result>(call: () => Promise<Result>, asker: Asker = OURSELVES): Promise<Result> {
    const leave = await this.enter(undefined, { asker })
    try {
      return await call()
    } finally {
      leave()
    }
  }

  readonly #mayEnter = (name: string): boolean => {
    const { running, each = running } = this.#options
    return (this.#held.get(name) ?? 0) < each
  }

  readonly #overloaded = (): GateError => {
    const { what, name: limit } = this.#options
    return new GateError('unknown-overloaded', `too many ${what} are under way`, { limit })
  }

  #take(name: string): () => void {
    this.#free -= 1
    this.#held.set(name, (this.#held.get(name) ?? 0) + 1)
    return oneTime(() => {
      this.#free += 1
      const left = (this.#held.get(name) ?? 1) - 1
      if (left === 0) this.#held.delete(name)
      else this.#held.set(name, left)
      this.#letIn()
    })
  }

  readonly #letIn = (): void => {
    while (this.#free > 0) {
      const next = this.#line.next(this.#mayEnter)
      if (next === undefined) return
      next.item.proceed(this.#take(next.key))
    }
  }

  /** Throws where nobody's line is longer than that of whoever comes would be. */
  #makeRoom({ names }: Asker): void {
    while (this.#waiters.size >= this.#options.waiting) {
      const longest = this.#line.longest()
      const own = Math.min(...names.map(name => this.#line.count(name)))
      if (longest === undefined || longest.size <= own + 1) throw this.#overloaded()
      longest.last.sendAway(longest.key)
    }
  }

  #waitInLine(asker: Asker, signal: AbortSignal | undefined, patience: Millis | undefined): ReturnType<Limit['enter']> {
    const { promise, resolve, reject } = Promise.withResolvers<() => void>()
    const settle = (how: () => void) => {
      this.#waiters.delete(waiter)
      waiter.leave()
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      unwatch()
      how()
    }
    const giveUp = () => settle(() => reject(this.#overloaded()))
    const waiter = new Waiter(this.#line, asker, { giveUp, proceed: leave => settle(() => resolve(leave)) })
    this.#waiters.add(waiter)
    const timer = patience === undefined ? undefined : setTimeout(giveUp, patience)
    const unwatch = asker.watch(() => {
      waiter.stand()
      this.#letIn()
    })
    signal?.addEventListener('abort', giveUp)
    waiter.stand()
    this.#letIn()
    return promise
  }
}

/** Somebody in line: once for each name that he waits for. */
class Waiter {
  /** with the call that gives the place back */
  readonly proceed: (leave: () => void) => void
  readonly #giveUp: () => void
  readonly #line: Turns<Waiter>
  readonly #asker: Asker
  readonly #names = new Set<string>()
  /** where there was no room for him */
  readonly #sentAway = new Set<string>()

  constructor(
    line: Turns<Waiter>,
    asker: Asker,
    ends: { readonly proceed: (leave: () => void) => void; readonly giveUp: () => void },
  ) {
    this.#line = line
    this.#asker = asker
    this.proceed = ends.proceed
    this.#giveUp = ends.giveUp
  }

  /** Stands for whoever waits now, and gives up where nobody does. */
  stand(): void {
    const { gone } = this.#asker
    const names = new Set(this.#asker.names)
    for (const name of this.#names) if (!names.has(name)) this.#leave(name)
    for (const name of names) {
      if (this.#sentAway.has(name)) continue
      this.#names.add(name)
      this.#line.add(this, [name])
    }
    if (gone || this.#names.size === 0) this.#giveUp()
  }

  sendAway(name: string): void {
    this.#sentAway.add(name)
    this.#leave(name)
    if (this.#names.size === 0) this.#giveUp()
  }

  leave(): void {
    for (const name of this.#names) this.#leave(name)
  }

  #leave(name: string): void {
    this.#line.remove(this, [name])
    this.#names.delete(name)
  }
}

/** Giving a place back twice would make room for one too many. */
function oneTime(call: () => void): () => void {
  let called = false
  return () => {
    if (called) return
    called = true
    call()
  }
}

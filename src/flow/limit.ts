import { GateError } from '../domain/base/errors.ts'
import type { Millis } from '../domain/base/instant.ts'

/** So many at once, and a bounded line in front of them; whoever came first goes first. */
export interface Limit {
  /**
   * Resolves to the call that gives the place back; a second call of it does nothing. Throws `unknown-overloaded` when the
   * line is full, does not move for as long as one has patience, or `signal` ends the wait; the signal's reason where it
   * had ended before.
   */
  enter(signal?: AbortSignal): Promise<() => void>
  /** Runs `call` in a place of its own, which it gives back when it settles. Throws `unknown-overloaded` as above. */
  run<Result>(call: () => Promise<Result>): Promise<Result>
}

interface LimitOptions {
  /** at once */
  readonly running: number
  /** in line */
  readonly waiting: number
  /** how long one waits in line; without end where nothing is said */
  readonly patience?: Millis
  /** what is under way, as a person calls it */
  readonly what: string
}

export function createLimit({ running, waiting, patience, what }: LimitOptions): Limit {
  const line = new Set<() => void>()
  let free = running
  const overloaded = () => new GateError('unknown-overloaded', `too many ${what} are under way`)

  function leave(): void {
    const [next] = line
    if (next === undefined) free += 1
    else next()
  }

  function waitInLine(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        line.delete(proceed)
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        how()
      }
      const proceed = () => settle(resolve)
      const giveUp = () => settle(() => reject(overloaded()))
      const timer = patience === undefined ? undefined : setTimeout(giveUp, patience)
      signal?.addEventListener('abort', giveUp)
      line.add(proceed)
    })
  }

  async function enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (free > 0) free -= 1
    else {
      if (line.size >= waiting) throw overloaded()
      await waitInLine(signal)
    }
    return oneTime(leave)
  }

  return {
    enter,
    async run(call) {
      const leaveAfter = await enter()
      try {
        return await call()
      } finally {
        leaveAfter()
      }
    },
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

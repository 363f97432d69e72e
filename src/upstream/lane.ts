import { GateError } from '../domain/base/errors.ts'
import type { Millis } from '../domain/base/instant.ts'
import { stopOf } from './upstream-failure.ts'

/** A bounded number of requests at once, and a bounded line in front of them. */
export interface Lane {
  /** Resolves to the call that gives the place back. Throws `unknown-overloaded` when the line is full or does not move. */
  enter(signal: AbortSignal): Promise<() => void>
}

export function createLane(options: {
  readonly running: number
  readonly waiting: number
  readonly patience: Millis
  readonly what: string
}): Lane {
  const { running, waiting, patience, what } = options
  const line = new Set<() => void>()
  let free = running

  function leave(): void {
    const [next] = line
    if (next === undefined) free += 1
    else next()
  }

  /** Giving a place back twice would make room for one too many. */
  function once(call: () => void): () => void {
    let called = false
    return () => {
      if (called) return
      called = true
      call()
    }
  }

  function waitInLine(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        line.delete(proceed)
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
        how()
      }
      const proceed = () => settle(resolve)
      const giveUp = () => settle(() => reject(new GateError('unknown-overloaded', `too many ${what} are under way`)))
      const timer = setTimeout(giveUp, patience)
      signal.addEventListener('abort', giveUp)
      line.add(proceed)
    })
  }

  return {
    async enter(signal) {
      if (signal.aborted) throw stopOf(signal)
      if (free > 0) free -= 1
      else {
        if (line.size >= waiting) throw new GateError('unknown-overloaded', `too many ${what} are under way`)
        await waitInLine(signal)
      }
      return once(leave)
    },
  }
}

import { performance } from 'node:perf_hooks'
import { LRUCache } from 'lru-cache'
import { neighbourhoodOf } from '../exchange/client.ts'

/** Credentials that were wrong, from one neighbour within a window, before he is told to wait. */
const MOST = 20
const WINDOW_MS = 60_000
/** neighbours whose attempts are counted; the one that was quiet for the longest is forgotten first */
const NEIGHBOURS = 10_000

/**
 * Counts credentials that were wrong, by where they come from. Whoever has the right ones is never counted, whoever else comes
 * from the same place; a request without any is none, because clients ask first without.
 */
export class Attempts {
  readonly #counts = new LRUCache<string, { count: number; readonly until: number }>({ max: NEIGHBOURS })
  readonly #now: () => number

  /** `now` in ms, of a clock that nobody sets */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** One more. How long to wait, in ms, where that were too many; else 0. */
  wrong(address: string): number {
    const key = neighbourhoodOf(address)
    const now = this.#now()
    const known = this.#counts.get(key)
    const entry = known === undefined || known.until <= now ? { count: 0, until: now + WINDOW_MS } : known
    entry.count += 1
    this.#counts.set(key, entry)
    return entry.count > MOST ? entry.until - now : 0
  }
}

import { type Millis, millis } from '../domain/base/instant.ts'
import type { Lease, Leases } from '../ports/among-gates.ts'

interface Options<Result> {
  readonly leases: Leases
  readonly key: string
  /** how long one waits for what another gate does, before one does it too */
  readonly patience: Millis
  /** Whether there is anything to wait for; default: always. */
  readonly isWorthWaiting?: () => boolean
  /** What another one has done; `undefined`: nothing yet. */
  readonly look: () => Promise<Result | undefined>
  /** Does it, and lets go of the lease when others can see it. Without one, whoever has it took too long. */
  readonly work: (lease: Lease | undefined) => Promise<Result>
}

/** How long after the last look the next one comes, where nobody says that there is something new, ms. */
const LOOK_EVERY = 400

/** Work that one gate does for all: the others wait for what comes of it, as long as their clients can. */
export async function oneForAll<Result>(options: Options<Result>): Promise<Result> {
  const { leases, key, patience, isWorthWaiting = () => true, look, work } = options
  const until = performance.now() + patience
  for (;;) {
    const lease = await leases.take(key)
    let found: Result | undefined
    try {
      found = await look()
    } catch (error) {
      await lease?.release()
      throw error
    }
    if (found !== undefined) {
      await lease?.release()
      return found
    }
    const left = until - performance.now()
    if (lease !== undefined || left <= 0 || !isWorthWaiting()) return await work(lease)
    await leases.change(key, millis(Math.min(LOOK_EVERY, left)))
  }
}

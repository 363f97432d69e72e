import { millis } from '../../domain/base/instant.ts'
import { oneForAll } from '../../flow/one-for-all.ts'
import type { Lease, Leases, SharedBlobs } from '../../ports/among-gates.ts'
import { type Origin, untrusted } from '../../ports/outward.ts'

/** How long one waits for what another gate fetches: pip gives up an answer that says nothing for 15 s. */
const PATIENCE = millis(10_000)

interface Options {
  readonly origin: Origin
  readonly shared: SharedBlobs
  readonly leases: Leases
}

/**
 * An origin behind the bucket of all gates: what one of them has fetched the others take from there, and of those who want the
 * same at once one fetches it. Nothing that comes from either is trusted.
 */
export function createSharedOrigin({ origin, shared, leases }: Options): Origin {
  return {
    metadata: origin.metadata,
    async file(artifact, signal, asking) {
      const { sha256, size } = artifact

      async function look(): Promise<Awaited<ReturnType<Origin['file']>> | undefined> {
        const found = await shared.stream(sha256, size, signal)
        return found && untrusted(found)
      }

      /** The others may look when it is in the bucket, or did not come. */
      async function fetch(lease: Lease | undefined): ReturnType<Origin['file']> {
        try {
          const source = await origin.file(artifact, signal, asking)
          const release = (): void => void shared.settled(sha256).then(() => lease?.release())
          if (lease !== undefined) signal.addEventListener('abort', release, { once: true })
          return source
        } catch (error) {
          await lease?.release()
          throw error
        }
      }

      if (shared.isAway()) return await origin.file(artifact, signal, asking)
      return await oneForAll({
        leases,
        key: `file ${sha256}`,
        patience: PATIENCE,
        isWorthWaiting: () => !shared.isAway(),
        look,
        work: fetch,
      })
    },
  }
}

import type { Lease, Leases } from '../../ports/among-gates.ts'
import { createReleases } from './releases.ts'

/** Leases among the indexes of one gate. */
export function createInProcessLeases(): Leases {
  const held = new Map<string, Lease>()
  const releases = createReleases()
  let fence = 0

  function hold(key: string): Lease {
    fence += 1
    const lease: Lease = {
      fence,
      async release() {
        if (held.get(key) !== lease) return
        held.delete(key)
        releases.tell(key)
      },
    }
    held.set(key, lease)
    return lease
  }

  return {
    take: async key => (held.has(key) ? undefined : hold(key)),
    change: releases.next,
    async close() {
      held.clear()
      releases.tellAll()
    },
  }
}

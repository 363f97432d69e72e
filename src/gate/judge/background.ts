import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'

/**
 * Judges attested files that a listing showed and nobody asked for yet, so that the next page can tell. Bounded: what
 * does not fit is dropped and comes back with the next page. Newest uploads first. A failure is not remembered; the file
 * is tried again only after a while.
 */
export interface Background {
  add(artifacts: readonly Artifact[]): void
  /** Resolves when nothing is queued or under way (for shutdown and tests). */
  idle(): Promise<void>
  close(): void
}

const LONGEST_QUEUE = 2_000
const AT_ONCE = 2

export function createBackground(
  judge: (artifact: Artifact) => Promise<unknown>,
  report: (error: unknown) => void,
): Background {
  let queue: Artifact[] = []
  let running = 0
  let closed = false
  let idlers: (() => void)[] = []
  const queued = new Set<string>()
  /** tried lately, without an answer that lasts */
  const tried = new LRUCache<string, true>({ max: 20_000, ttl: 60_000 })

  function keyOf(artifact: Artifact): string {
    return `${artifact.sha256} ${artifact.filename.text}`
  }

  function pump(): void {
    while (running < AT_ONCE && queue.length > 0 && !closed) {
      const artifact = queue.shift()
      if (artifact === undefined) break
      running += 1
      judge(artifact)
        .catch(error => {
          if (!(error instanceof GateError)) report(error)
        })
        .finally(() => {
          running -= 1
          queued.delete(keyOf(artifact))
          pump()
        })
        .catch(report)
    }
    if (running > 0 || (queue.length > 0 && !closed)) return
    const resolved = idlers
    idlers = []
    for (const resolve of resolved) resolve()
  }

  return {
    add(artifacts) {
      if (closed) return
      for (const artifact of artifacts) {
        const key = keyOf(artifact)
        if (queued.has(key) || tried.has(key)) continue
        queued.add(key)
        tried.set(key, true)
        queue.push(artifact)
      }
      queue.sort((a, b) => (b.uploaded ?? 0) - (a.uploaded ?? 0))
      for (const dropped of queue.splice(LONGEST_QUEUE)) {
        queued.delete(keyOf(dropped))
        tried.delete(keyOf(dropped))
      }
      pump()
    },
    idle() {
      if (running === 0 && queue.length === 0) return Promise.resolve()
      return new Promise(resolve => idlers.push(resolve))
    },
    close() {
      closed = true
      queue = []
      queued.clear()
      pump()
    },
  }
}

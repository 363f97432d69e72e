import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'

/** A file that is to be judged some time. */
export interface UnjudgedFile {
  /** two with the same key are the same */
  readonly key: string
  readonly uploaded: Instant | undefined
  judge(): Promise<unknown>
}

/**
 * Judges attested files that a listing showed and nobody asked for yet, so that the next page can tell. Bounded: what
 * does not fit is dropped and comes back with the next page. Newest uploads first. A failure is not remembered; the file
 * is tried again only after a while.
 */
export interface Background {
  add(files: readonly UnjudgedFile[]): void
  /** Resolves when nothing is queued or under way (for shutdown and tests). */
  idle(): Promise<void>
  close(): void
}

const LONGEST_QUEUE = 2_000
const AT_ONCE = 2

export function createBackground(report: (error: unknown) => void): Background {
  let queue: UnjudgedFile[] = []
  let running = 0
  let closed = false
  let idlers: (() => void)[] = []
  const queued = new Set<string>()
  /** tried lately, without an answer that lasts */
  const tried = new LRUCache<string, true>({ max: 20_000, ttl: 60_000 })

  function pump(): void {
    while (running < AT_ONCE && queue.length > 0 && !closed) {
      const file = queue.shift()
      if (file === undefined) break
      running += 1
      file
        .judge()
        .catch(error => {
          if (!(error instanceof GateError)) report(error)
        })
        .finally(() => {
          running -= 1
          queued.delete(file.key)
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
    add(files) {
      if (closed) return
      for (const file of files) {
        if (queued.has(file.key) || tried.has(file.key)) continue
        queued.add(file.key)
        tried.set(file.key, true)
        queue.push(file)
      }
      queue.sort((a, b) => (b.uploaded ?? 0) - (a.uploaded ?? 0))
      for (const dropped of queue.splice(LONGEST_QUEUE)) {
        queued.delete(dropped.key)
        tried.delete(dropped.key)
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

import type { Millis } from '../../domain/base/instant.ts'

/** Who waits for a lease to be let go of. */
export interface Releases {
  /** Resolves at the next word of this key, after `most` at the latest. */
  next(key: string, most: Millis): Promise<void>
  tell(key: string): void
  tellAll(): void
}

export function createReleases(): Releases {
  const waiting = new Map<string, Set<() => void>>()

  function tell(key: string): void {
    const resumes = [...(waiting.get(key) ?? [])]
    for (const resume of resumes) resume()
  }

  return {
    next(key, most) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resume, most)
      const resumes = waiting.get(key) ?? new Set()
      waiting.set(key, resumes.add(resume))
      function resume(): void {
        clearTimeout(timer)
        resumes.delete(resume)
        if (resumes.size === 0 && waiting.get(key) === resumes) waiting.delete(key)
        resolve()
      }
      return promise
    },
    tell,
    tellAll() {
      for (const resumes of Array.from(waiting.values())) for (const resume of Array.from(resumes)) resume()
    },
  }
}

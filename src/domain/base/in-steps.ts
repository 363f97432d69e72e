/** Work that can be laid down between two steps: it yields wherever it may be, and returns what came of it. */
export type Steps<Result> = Generator<undefined, Result, undefined>

/** All at once: for work that is known to be small, and where nobody else waits. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

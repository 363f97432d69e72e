/** ms that a stop waits for a store that cannot be written to */
export const LAST_MS = 3_000

/** Resolves when it has ended, well or not, after `ms` at the latest. */
export async function within(work: Promise<unknown> | undefined, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([promise, Promise.resolve(work).catch(() => {})])
  clearTimeout(timer)
}

import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** ms: no limit of what is waited for, which may take as long as a busy machine makes it, but of what will never be */
const LONGEST = 120_000
/** Where each look has to wait for its own turn, time alone says little: so many looks are made in any case. */
const LEAST_LOOKS = 500

/** Waits until something is so, looked at every so many ms; fails loudly when it never is. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, every = 10): Promise<void> {
  await comesTo(what, holds, isSo => isSo, every)
}

/** Looks until what is seen is what is waited for, which it returns. */
export async function comesTo<Seen>(
  what: string,
  look: () => Seen | Promise<Seen>,
  isIt: (seen: Seen) => boolean,
  every = 50,
): Promise<Seen> {
  const end = performance.now() + LONGEST
  for (let looks = 0; looks < LEAST_LOOKS || performance.now() < end; looks += 1) {
    const seen = await look()
    if (isIt(seen)) return seen
    await sleep(every)
  }
  throw new Error(`it never came to pass that ${what}`)
}

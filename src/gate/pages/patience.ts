import { performance } from 'node:perf_hooks'
import { millis } from '../../domain/base/instant.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Foreseen, Foresight } from './foresight.ts'
import { isUnjudged } from './listing.ts'

/**
 * How long a page may be in the making, from when it was asked for, ms. Clients hang up after 15 s of silence (pip, poetry, pdm;
 * pipenv's look-up of hashes after 10, uv after 30), and the answer itself has to get there. Hundreds of files are judged in
 * that time: a question to the Integrity API takes tens of milliseconds, and sixteen are under way.
 */
const LONGEST = 8_000
/** However long the upstream took for its own page, ms. */
const LEAST = 1_000

/**
 * How long the newest file is judged alone, ms: of signers who changed in a project's life it is then the newest who is proved
 * first, and not whoever was quicker, which a rule with `identity: first-seen` goes by.
 */
const FIRST = 4_000

/** Waits for verdicts, where a page cannot be made without them. */
export interface Patience {
  /** Whether there is something to wait for. */
  isNeeded(foreseen: Foreseen): boolean
  /**
   * What is foreseen once every file of what was foreseen before was judged, or the time since `started` (of `performance.now()`) was over: the rest goes on
   * beside and stands on a later page. `failure` is why a file that is still unjudged could not be.
   */
  settle(
    before: Foreseen,
    started: number,
    asker?: Asker,
  ): Promise<{ readonly foreseen: Foreseen; readonly failure: Error | undefined }>
}

export function createPatience({
  foresight,
  memory,
}: {
  readonly foresight: Foresight
  readonly memory: Memory
}): Patience {
  return {
    isNeeded({ ground, files }) {
      for (const [file, outcome] of files)
        if (isUnjudged(outcome) && foresight.failureOf(ground, [file]) === undefined) return true
      return false
    },
    async settle(before, started, asker) {
      const { ground } = before
      const files = await foresight.unjudged(before)
      const end = Math.max(performance.now() + LEAST, started + LONGEST)
      const left = () => Math.max(0, end - performance.now())
      await foresight.judge(ground, files.slice(0, 1), millis(Math.min(FIRST, left())), asker)
      await foresight.judge(ground, files, millis(left()), asker)
      const { page } = ground
      const foreseen = await foresight.foreseeAnew(foresight.ground(page, await memory.of(page.index.name)))
      await foresight.judgeBeside(foreseen)
      return { foreseen, failure: foresight.failureOf(foreseen.ground, await foresight.unjudged(foreseen)) }
    },
  }
}

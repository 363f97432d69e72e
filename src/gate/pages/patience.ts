import { performance } from 'node:perf_hooks'
import { GateError } from '../../domain/base/errors.ts'
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

/** What is foreseen when nobody waits for it any longer. */
export interface Settled {
  readonly foreseen: Foreseen
  /**
   * Whether it is more than what was known when patience ran out. What is not stands for nobody but those who waited for it: whoever
   * asks next waits as if he were the first.
   */
  readonly isWhole: boolean
  /** why a file that is still unjudged is so; `undefined` where none is */
  readonly failure: Error | undefined
}

/** Whoever waits for an answer: since when (of `performance.now()`), and with whom. */
export interface Waits {
  readonly started: number
  readonly asker: Asker | undefined
}

/** Waits for verdicts, where a page cannot be made without them. */
export interface Patience {
  /**
   * What is foreseen once every file of what was foreseen before was judged, or the time of whoever waits was over: the rest goes on
   * beside and stands on a later page. Throws `unknown-overloaded` when nobody waits any more, and the judging goes on beside: what
   * is known by then is nobody's answer.
   */
  settle(before: Foreseen, waits: Waits): Promise<Settled>
  /**
   * What `fly` comes to, which joins whoever is at the same and calls `begin` where it is the first to be. What somebody else began
   * ends with his patience, and not with that of whoever joined him late: he has it made again while he has time himself.
   */
  share<Made extends { readonly isWhole: boolean }>(
    started: number,
    fly: (begin: () => void) => Promise<Made>,
  ): Promise<Made>
}

export function createPatience({
  foresight,
  memory,
}: {
  readonly foresight: Foresight
  readonly memory: Memory
}): Patience {
  function settled(foreseen: Foreseen): Settled {
    const { ground, files } = foreseen
    let failure: Error | undefined
    for (const [file, outcome] of files) {
      if (!isUnjudged(outcome)) continue
      const why = foresight.failureOf(ground, [file])
      if (why === undefined) return { foreseen, isWhole: false, failure: outOfTime(foreseen) }
      failure ??= why
    }
    return { foreseen, isWhole: true, failure }
  }

  return {
    async settle(before, { started, asker }) {
      const atOnce = settled(before)
      const { ground } = before
      if (atOnce.isWhole) {
        await foresight.judgeBeside(before)
        return atOnce
      }
      const files = await foresight.unjudged(before)
      const end = Math.max(performance.now() + LEAST, started + LONGEST)
      const left = () => Math.max(0, end - performance.now())
      await foresight.judge(ground, files.slice(0, 1), millis(Math.min(FIRST, left())), asker)
      await foresight.judge(ground, files, millis(left()), asker)
      if (asker?.gone === true) throw new GateError('unknown-overloaded', 'nobody waits for this page any more')
      const { page } = ground
      const foreseen = await foresight.foreseeAnew(foresight.ground(page, await memory.of(page.index.name)), asker)
      await foresight.judgeBeside(foreseen)
      return settled(foreseen)
    },
    async share(started, fly) {
      for (;;) {
        let isFirst = false
        const made = await fly(() => {
          isFirst = true
        })
        if (isFirst || made.isWhole || performance.now() >= started + LONGEST) return made
      }
    },
  }
}

function outOfTime({ ground }: Foreseen): GateError {
  const { name } = ground.page.index
  return new GateError('unknown-upstream-timeout', `nobody could tell in time which files of ${name} pass`)
}

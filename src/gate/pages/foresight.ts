import { type Clock, type Instant, instant, type Millis } from '../../domain/base/instant.ts'
import { Admitted, type Verdict } from '../../domain/decide/verdict.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Asker } from '../../flow/asker.ts'
import { stepsFor } from '../../flow/slices.ts'
import { mapInSteps, type Steps } from '../../flow/steps.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import { type Background, LONGEST_LINE, TRIED_AGAIN } from '../judge/background.ts'
import type { Judge } from '../judge/judge.ts'
import type { UnjudgedFile } from '../judge/waiting-files.ts'
import type { Weigh } from '../judge/weigh.ts'
import type { Policies } from '../policy/policies.ts'
import { createFlights } from './flights.ts'
import { type ForeseenFile, foreseePage, isUnjudged, newestFirst, openFiles } from './listing.ts'
import { nextChange } from './next-change.ts'

/** What an answer about a project is made from. */
export interface Ground {
  readonly page: KnownPage
  readonly policy: Policy
  readonly memory: ProjectMemory
  readonly now: Instant
  /** of the explanations that an answer leads to */
  readonly edition: number
}

/** What was foreseen of every file of a page, and on what ground. */
export interface Foreseen {
  readonly ground: Ground
  readonly files: ReadonlyMap<IndexFile, ForeseenFile>
  /** until then no verdict in it can change by the passing of time alone, and no explanation can go */
  readonly until: Instant
}

export interface Foresight {
  /** The ground on which an answer stands that is made now. */
  ground(page: KnownPage, memory: ProjectMemory): Ground
  /**
   * What is known of every file, without waiting for anybody: what was foreseen before where it still stands, and else once
   * for all who ask, a large page in slices.
   */
  foresee(ground: Ground, asker?: Asker): Promise<Foreseen>
  /** As `foresee`, after files were judged: that may be known here without being remembered. */
  foreseeAnew(ground: Ground, asker?: Asker): Promise<Foreseen>
  /** Judges beside what has to be judged, for the next page. */
  judgeBeside(foreseen: Foreseen): Promise<void>
  /** Files of which nothing can be said before they were judged, the newest versions first. */
  unjudged(foreseen: Foreseen): Promise<readonly IndexFile[]>
  /** Judges these files of a page before all others, for `within` at most; what is left is judged beside. */
  judge(ground: Ground, files: readonly IndexFile[], within: Millis, asker?: Asker): Promise<void>
  /** Why one of these files could not be judged a moment ago. */
  failureOf(ground: Ground, files: readonly IndexFile[]): Error | undefined
}

interface Options {
  readonly sound: Sound
  readonly weigh: Weigh
  readonly judge: Judge
  readonly policies: Policies
  readonly background: Background
  /** of what is foreseen, at most: how long failures are remembered, and no explanation goes */
  readonly lasts: Millis
  readonly edition: () => number
  /** unguarded: a page decides nothing */
  readonly clock: Clock
}

export function createForesight(options: Options): Foresight {
  const { sound, weigh, judge, policies, background, lasts, edition, clock } = options

  /** What came of it here, of entries that cannot be judged again without waiting although they were just now. */
  const judged = new WeakMap<IndexFile, Verdict>()
  /** The last that was foreseen of a page. */
  const standing = new WeakMap<KnownPage, Foreseen>()
  const shared = createFlights<KnownPage, Foreseen>()
  /** What is judged beside already. */
  const handedOn = new WeakSet<Foreseen>()

  async function judgeListed(page: KnownPage, file: IndexFile): Promise<void> {
    const artifact = await sound.artifact(page, file)
    judged.set(file, 'kind' in artifact ? artifact : await judge.judge(artifact))
  }

  function pending({ page }: Ground, file: IndexFile): UnjudgedFile {
    return { key: keyOf(page, file), uploaded: file.uploaded, judge: () => judgeListed(page, file) }
  }

  /** By the policy in force alone: another one may say the opposite. */
  function lastOf(file: IndexFile, policy: Policy): Verdict | undefined {
    const verdict = judged.get(file)
    const digest = Admitted.is(verdict) ? verdict.facts.policyDigest : verdict?.policyDigest
    return digest === policy.digest ? verdict : undefined
  }

  function* foreseeInSteps(ground: Ground): Steps<Foreseen> {
    const { policy, now, page, memory } = ground
    yield* memory.historyInSteps()
    const files = yield* foreseePage(page, { ...ground, sound, weigh })
    let isSettled = true
    for (const [file, outcome] of files) {
      if (outcome.kind !== 'open') continue
      isSettled = false
      if (isUnjudged(outcome)) files.set(file, { kind: 'open', last: lastOf(file, policy) })
    }
    yield
    const change = nextChange(page.index, { policy, now, lasts })
    return { ground, files, until: isSettled ? change : instant(Math.min(change, now + TRIED_AGAIN)) }
  }

  async function foreseeAnew(ground: Ground, asker?: Asker): Promise<Foreseen> {
    const { page } = ground
    const foreseen = await stepsFor(page.index.files.length, foreseeInSteps(ground), asker)
    standing.set(page, foreseen)
    return foreseen
  }

  return {
    ground: (page, memory) => ({ page, memory, policy: policies.current(), now: clock(), edition: edition() }),
    async foresee(ground, asker) {
      const before = standing.get(ground.page)
      if (before !== undefined && stillStands(before, ground)) return before
      return await shared(ground.page, ground, everybody => foreseeAnew(ground, everybody), asker)
    },
    foreseeAnew,
    async judgeBeside(foreseen) {
      if (handedOn.has(foreseen)) return
      handedOn.add(foreseen)
      const { ground, files } = foreseen
      background.add(
        await stepsFor(
          files.size,
          mapInSteps(openFiles(files), file => pending(ground, file)),
        ),
      )
    },
    unjudged: async ({ files }) => await stepsFor(files.size, newestFirst(files)),
    judge: (ground, files, within, asker) =>
      background.soon(
        files.slice(0, LONGEST_LINE).map(file => pending(ground, file)),
        within,
        asker,
      ),
    failureOf({ page }, files) {
      for (const file of files) {
        const failure = background.failureOf(keyOf(page, file))
        if (failure !== undefined) return failure
      }
      return undefined
    },
  }
}

function keyOf({ index }: KnownPage, { sha256, filename }: IndexFile): string {
  return `${index.name} ${sha256} ${filename}`
}

/** Whether what was foreseen before may be told again on the ground of now. */
export function stillStands({ ground: before, until }: Foreseen, fresh: Ground): boolean {
  return (
    before.page === fresh.page &&
    before.policy === fresh.policy &&
    before.memory.knowsAs(fresh.memory) &&
    before.edition === fresh.edition &&
    fresh.now < until
  )
}

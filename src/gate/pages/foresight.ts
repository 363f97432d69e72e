import { type Clock, type Instant, instant, type Millis } from '../../domain/base/instant.ts'
import { Admitted, type Verdict } from '../../domain/decide/verdict.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Asker } from '../../flow/asker.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import { uploadedAt } from '../find/artifacts.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import { type Background, TRIED_AGAIN } from '../judge/background.ts'
import type { Judge } from '../judge/judge.ts'
import type { UnjudgedFile } from '../judge/waiting-files.ts'
import type { Weigh } from '../judge/weigh.ts'
import type { Policies } from '../policy/policies.ts'
import { type ForeseenFile, foreseePage, openFiles, unjudgedFiles } from './listing.ts'
import { nextChange } from './next-change.ts'

/** What an answer about a project is made from. */
export interface Ground {
  readonly page: KnownPage
  readonly policy: Policy
  readonly memory: ProjectMemory
  readonly now: Instant
}

/** What was foreseen of every file of a page, and on what ground. */
export interface Foreseen {
  readonly ground: Ground
  readonly files: ReadonlyMap<IndexFile, ForeseenFile>
  /** until then no verdict in it can change by the passing of time alone */
  readonly until: Instant
}

export interface Foresight {
  /** The ground on which an answer stands that is made now. */
  ground(page: KnownPage, memory: ProjectMemory): Ground
  /** What is known of every file, without waiting. */
  foresee(ground: Ground): Foreseen
  /** Judges beside what has to be judged, for the next page. */
  judgeBeside(foreseen: Foreseen): void
  /** Files of which nothing can be said before they were judged, the newest versions first. */
  unjudged(foreseen: Foreseen): readonly IndexFile[]
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
  readonly negativeTtl: Millis
  /** unguarded: a page decides nothing */
  readonly clock: Clock
}

export function createForesight(options: Options): Foresight {
  const { sound, weigh, judge, policies, background, negativeTtl, clock } = options

  /** What came of it here, of entries that cannot be judged again without waiting although they were just now. */
  const judged = new WeakMap<IndexFile, Verdict>()

  async function judgeListed(page: KnownPage, file: IndexFile): Promise<void> {
    const artifact = await sound.artifact(page, file)
    judged.set(file, 'kind' in artifact ? artifact : await judge.judge(artifact))
  }

  function pending({ page }: Ground, file: IndexFile): UnjudgedFile {
    return { key: keyOf(page, file), uploaded: uploadedAt(file), judge: () => judgeListed(page, file) }
  }

  /** By the policy in force alone: another one may say the opposite. */
  function lastOf(file: IndexFile, policy: Policy): Verdict | undefined {
    const verdict = judged.get(file)
    const digest = Admitted.is(verdict) ? verdict.facts.policyDigest : verdict?.policyDigest
    return digest === policy.digest ? verdict : undefined
  }

  function recall(foreseen: ReadonlyMap<IndexFile, ForeseenFile>, policy: Policy): Foreseen['files'] {
    const files = new Map(foreseen)
    for (const file of unjudgedFiles(foreseen)) files.set(file, { kind: 'open', last: lastOf(file, policy) })
    return files
  }

  return {
    ground: (page, memory) => ({ page, memory, policy: policies.current(), now: clock() }),
    foresee(ground) {
      const { policy, now, page } = ground
      const files = recall(foreseePage(page, { ...ground, sound, weigh }), policy)
      const change = nextChange(page.index.name, { policy, now, negativeTtl })
      const isSettled = openFiles(files).length === 0
      return { ground, files, until: isSettled ? change : instant(Math.min(change, now + TRIED_AGAIN)) }
    },
    judgeBeside({ ground, files }) {
      background.add(openFiles(files).map(file => pending(ground, file)))
    },
    unjudged: ({ files }) => unjudgedFiles(files),
    judge: (ground, files, within, asker) =>
      background.soon(
        files.map(file => pending(ground, file)),
        within,
        asker,
      ),
    failureOf({ page }, files) {
      return files.map(file => background.failureOf(keyOf(page, file))).find(failure => failure !== undefined)
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
    fresh.now < until
  )
}

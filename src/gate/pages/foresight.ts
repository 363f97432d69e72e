import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import { uploadedAt } from '../find/artifacts.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import type { Background } from '../judge/background.ts'
import type { Judge } from '../judge/judge.ts'
import type { Weigh } from '../judge/weigh.ts'
import type { Policies } from '../policy/policies.ts'
import { type ForeseenFile, foreseePage, openFiles } from './listing.ts'
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
  /** What is known of every file, without waiting; what nobody has judged yet is judged beside it. */
  foresee(ground: Ground): Foreseen
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

  async function judgeListed(page: KnownPage, file: IndexFile): Promise<void> {
    const artifact = await sound.artifact(page, file)
    if (!('kind' in artifact)) await judge.judge(artifact)
  }

  function judgeBeside({ page }: Ground, files: readonly IndexFile[]): void {
    background.add(
      files.map(file => ({
        key: `${page.index.name} ${file.sha256} ${file.filename}`,
        uploaded: uploadedAt(file),
        judge: () => judgeListed(page, file),
      })),
    )
  }

  return {
    ground: (page, memory) => ({ page, memory, policy: policies.current(), now: clock() }),
    foresee(ground) {
      const files = foreseePage(ground.page, { ...ground, sound, weigh })
      judgeBeside(ground, openFiles(files))
      const { policy, now, page } = ground
      return { ground, files, until: nextChange(page.index.name, { policy, now, negativeTtl }) }
    },
  }
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

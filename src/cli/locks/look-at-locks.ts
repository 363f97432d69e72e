import type { Policy } from '../../domain/policy/policy.ts'
import { type BuildDependencies, type BuildOrder, NO_BUILDS } from '../../gate/builds/builds.ts'
import type { Aside, Choice } from '../../gate/explain/choice.ts'
import type { Survey } from '../../gate/explain/survey.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import type { OpenExplain } from '../command/services.ts'
import type { Output } from '../terminal/output.ts'
import { createProgress, drawBar } from '../terminal/progress.ts'
import { surveyLocks } from './survey-locks.ts'

export interface LookOptions {
  readonly choice: Choice
  /** whether what source distributions need to be built is looked for too */
  readonly buildDeps: boolean
  /** of what builds take, what this admits already goes before what is newer */
  readonly prefer?: Policy | undefined
}

/** What there is to say of a look besides its files. */
export type Beside = Omit<Look, 'survey'>

/** What was judged of locks for some targets. */
export interface Look {
  /** every file that the targets take, and what builds take besides */
  readonly survey: Survey
  /** what the locks let in and no target takes: it was not judged */
  readonly aside: readonly Aside[]
  readonly builds: BuildDependencies
}

/** Judges what the targets take of every lock, and what their builds take besides, with a bar while it lasts. */
export async function lookAtLocks(
  locks: readonly Lock[],
  explain: Pick<OpenExplain, 'locked' | 'builds'>,
  output: Output,
  { choice, buildDeps, prefer }: LookOptions,
): Promise<Look> {
  const look = await surveyLocks(locks, explain, output, choice)
  const builds = buildDeps
    ? await findBuilds({ locks, look, targets: choice.targets, prefer }, explain, output)
    : NO_BUILDS
  return { survey: [...look, ...builds.added], aside: choice.aside(), builds }
}

async function findBuilds(
  order: Omit<BuildOrder, 'progress'>,
  { builds }: Pick<OpenExplain, 'builds'>,
  output: Output,
): Promise<BuildDependencies> {
  const progress = createProgress(output)
  try {
    return await builds.of({
      ...order,
      progress: (done, all) =>
        progress.show(`${drawBar(done, all)} ${done} of ${all} source distributions looked into`),
    })
  } finally {
    progress.clear()
  }
}

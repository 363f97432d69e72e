import type { Explain } from '../../gate/explain/explain.ts'
import { type Survey, survey } from '../../gate/explain/survey.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import type { Output } from '../terminal/output.ts'
import { createProgress, drawBar } from '../terminal/progress.ts'

/** Judges every file of every lock, with a bar while it lasts. */
export async function surveyLocks(
  locks: readonly Lock[],
  explain: Pick<Explain, 'locked'>,
  output: Output,
): Promise<Survey> {
  const progress = createProgress(output)
  try {
    return await survey(locks, explain, (done, all) =>
      progress.show(`${drawBar(done, all)} ${done} of ${all} releases judged`),
    )
  } finally {
    progress.clear()
  }
}

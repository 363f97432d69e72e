import type { Choice } from '../../gate/explain/choice.ts'
import type { Explain } from '../../gate/explain/explain.ts'
import { type Survey, survey } from '../../gate/explain/survey.ts'
import type { Lock } from '../../protocol/lockfiles/lock.ts'
import type { Output } from '../terminal/output.ts'
import { createProgress, drawBar } from '../terminal/progress.ts'

/** Judges every file of every lock, or what is wanted of them, with a bar while it lasts. */
export async function surveyLocks(
  locks: readonly Lock[],
  explain: Pick<Explain, 'locked'>,
  output: Output,
  choice?: Pick<Choice, 'wanted'>,
): Promise<Survey> {
  const progress = createProgress(output)
  try {
    return await survey(
      locks,
      explain,
      (done, all) => progress.show(`${drawBar(done, all)} ${done} of ${all} releases judged`),
      choice,
    )
  } finally {
    progress.clear()
  }
}

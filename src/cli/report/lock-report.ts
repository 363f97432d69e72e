import type { Surveyed } from '../../gate/explain/survey.ts'
import type { UnjudgedEntry } from './unjudged.ts'

/** What is told of locks for machines: what was judged, and what was not and should not pass for it. */
export interface LockReport {
  readonly surveyed: readonly Surveyed[]
  readonly findings: readonly UnjudgedEntry[]
}

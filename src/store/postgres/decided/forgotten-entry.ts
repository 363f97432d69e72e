import { randomUUID } from 'node:crypto'
import type { Instant } from '../../../domain/base/instant.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Ask } from '../connection.ts'
import { writeVerdict } from '../journal/journal.ts'

interface Entry {
  readonly at: Instant
  readonly project: ProjectName | undefined
  readonly filename: string | undefined
  readonly what: string
  readonly reason: string
  /** the command */
  readonly by: string
}

/** What a person decided, in the journal of all gates, with what else is written of it. The month is there (`ensurePartitions`). */
export async function writeForgotten(
  ask: Ask,
  { at, project = '' as ProjectName, filename = '', what, reason, by }: Entry,
): Promise<void> {
  const entry = { at, filename, project, code: what, rule: reason, policyDigest: '', client: by }
  await writeVerdict(ask, randomUUID(), { ...entry, outcome: 'forgotten' })
}

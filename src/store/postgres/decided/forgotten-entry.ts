import { randomUUID } from 'node:crypto'
import type { Instant } from '../../../domain/base/instant.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Connection } from '../connection.ts'
import { sendRows } from '../journal/journal.ts'

interface Entry {
  readonly at: Instant
  readonly project: ProjectName | undefined
  readonly filename: string | undefined
  readonly what: string
  readonly reason: string
  /** the command */
  readonly by: string
}

/** What a person decided, in the journal of all gates. */
export async function writeForgotten(
  connection: Connection,
  { at, project = '' as ProjectName, filename = '', what, reason, by }: Entry,
): Promise<void> {
  const entry = { at, filename, project, outcome: 'forgotten', code: what, rule: reason, policyDigest: '', client: by }
  const body = JSON.stringify({ entry, count: 1 })
  await sendRows(connection, randomUUID(), [{ number: 1, kind: 'verdict', body }])
}

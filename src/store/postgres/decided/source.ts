import type { Clock } from '../../../domain/base/instant.ts'
import type { SourceName } from '../../../domain/base/source-name.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Doer } from '../../../ports/console/audit-log.ts'
import { sourceDecided } from '../../audit/entries.ts'
import { appendShared } from '../audit/audit-log.ts'
import type { Connection } from '../connection.ts'
import { ensurePartitions } from '../journal/partitions.ts'
import { writeForgotten } from './forgotten-entry.ts'

/** Whose a name is from now on at an index, by a person's word. */
export interface SourceDecision {
  readonly index: string
  readonly project: ProjectName
  readonly source: SourceName
  readonly reason: string
  readonly by: Doer
}

/** Answers with whose it was. Throws `unknown-store`. */
export async function decideShared(
  connection: Connection,
  { index, project, source, reason, by }: SourceDecision,
  clock: Clock,
): Promise<SourceName | undefined> {
  const at = clock()
  await ensurePartitions(connection, [at])
  return await connection.transaction('whose a name is could not be written down', async ask => {
    const [was] = await ask<{ source: SourceName }>(
      'select source_name as source from belongings where index_name = $1 and project = $2 for update',
      [index, project],
    )
    await ask(
      `insert into belongings (index_name, project, source_name, since) values ($1, $2, $3, $4)
       on conflict (index_name, project) do update set source_name = excluded.source_name, since = excluded.since,
         changed = pg_current_xact_id()`,
      [index, project, source, at],
    )
    await writeForgotten(ask, { at, project, filename: undefined, what: 'source', reason, by: 'policy approve' })
    await appendShared(ask, sourceDecided({ index, project, source }, at, by))
    return was?.source
  })
}

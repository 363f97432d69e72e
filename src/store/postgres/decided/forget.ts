import type { Clock } from '../../../domain/base/instant.ts'
import { type LetGo, letGo } from '../../../domain/memory/letting-go.ts'
import type { Source } from '../../../domain/memory/source.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Doer } from '../../../ports/console/audit-log.ts'
import { forgotten } from '../../audit/entries.ts'
import type { SourceId } from '../../sqlite/tables/sources-table.ts'
import { appendShared } from '../audit/audit-log.ts'
import type { Ask, Connection } from '../connection.ts'
import { ensurePartitions } from '../journal/partitions.ts'
import { holdProject, replaceMemory } from '../memory/ledger.ts'
import { writeForgotten } from './forgotten-entry.ts'

/** What somebody lets go of, and why. */
export interface ForgetOrder {
  readonly what: LetGo
  /** `undefined`: the clock, which is of no project */
  readonly of: { readonly source: Source; readonly project: ProjectName } | undefined
  readonly filename: string | undefined
  readonly reason: string
  readonly by: Doer
}

const WHAT = 'what is remembered could not be let go of'

/** False where there was nothing to let go of, and then nothing is written. What is written of it is written at once. Throws `unknown-store`. */
export async function forgetShared(connection: Connection, order: ForgetOrder, clock: Clock): Promise<boolean> {
  const { what, of, filename, reason, by } = order
  const at = clock()
  await ensurePartitions(connection, [at])
  return await connection.transaction(WHAT, async ask => {
    const done = what === 'clock' ? await forgetClock(ask, at) : await forgetFacts(ask, order)
    if (!done) return false
    await writeForgotten(ask, { at, project: of?.project, filename, what, reason, by: 'history forget' })
    await ask(
      `insert into forgotten (at, what, source, project, filename, reason)
       values ($1, $2, (select id from sources where source = $3), $4, $5, $6)`,
      [at, what, of?.source ?? null, of?.project ?? null, filename ?? null, reason],
    )
    await appendShared(ask, forgotten(order, at, by))
    return true
  })
}

async function forgetFacts(ask: Ask, { what, of, filename }: ForgetOrder): Promise<boolean> {
  if (of === undefined || what === 'clock') return false
  const { source, project } = of
  // to hold a project is to begin it: one that nobody asked for leaves no row
  const [known] = await ask<{ id: SourceId }>(
    `select s.id from sources s join projects p on p.source = s.id where s.source = $1 and p.project = $2`,
    [source, project],
  )
  if (known === undefined) return false
  const before = await holdProject(ask, known.id, project)
  const after = letGo(before.memory, { what, filename })
  if (after === before.memory) return false
  await replaceMemory(ask, known.id, before, after)
  return true
}

/** Gates take the time as it stands there wherever somebody let go of it once more. */
async function forgetClock(ask: Ask, at: number): Promise<boolean> {
  const [newest] = await ask<{ value: number }>(`select value from facts where name = 'newest' for update`)
  if (newest === undefined || newest.value <= at) return false
  await ask(`update facts set value = $1 where name = 'newest'`, [at])
  await ask(
    `insert into facts as f (name, value) values ('newest_let_go', 1)
     on conflict (name) do update set value = f.value + 1`,
  )
  return true
}

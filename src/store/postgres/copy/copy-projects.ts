import type Database from 'better-sqlite3'
import { GateError } from '../../../domain/base/errors.ts'
import { mergeMemories, type ProjectMemory } from '../../../domain/memory/project-memory.ts'
import type { Source } from '../../../domain/memory/source.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import { type FindingRow, prepareFindingRows } from '../../sqlite/tables/findings-table.ts'
import { prepareProjectTables } from '../../sqlite/tables/project-tables.ts'
import type { SourceId } from '../../sqlite/tables/sources-table.ts'
import type { Connection } from '../connection.ts'
import { holdProject, isAllOf, mergeInto } from '../memory/ledger.ts'
import { sourceNumber } from '../source-number.ts'
import { type Copied, count, countThere } from './counts.ts'

interface Known {
  readonly source: SourceId
  readonly project: ProjectName
}

/**
 * What was learned of projects, source by source. What is nobody's yet counts against every source of the folder: each is given it, as what
 * decides of it does there.
 *
 * @throws GateError `config-invalid` where there is no source that it could be given to; `unknown-store` where the database does not know then
 * all that the folder knows
 */
export async function copyProjects(database: Database.Database, connection: Connection): Promise<readonly Copied[]> {
  const tables = prepareProjectTables(database)
  const findings = prepareFindingRows(database)
  const sources = database.prepare<[], { id: SourceId; source: Source | null }>('select id, source from sources').all()
  const given = database.prepare<[string], number>('select count(*) from given where project = ?').pluck()
  const nobodys = sources.find(({ source }) => source === null)?.id
  assertSomebodys(database, sources)
  let [projects, there] = [0, 0]
  for (const { id, source } of sources) {
    if (source === null) continue
    const number = await sourceNumber(connection, source)
    const unclaimed =
      nobodys === undefined ? [] : knownOf(database, nobodys).filter(name => (given.get(name) ?? 0) === 0)
    for (const project of new Set([...knownOf(database, id), ...unclaimed])) {
      const own = tables.loadSeen(id, project)
      const isNobodys = nobodys !== undefined && unclaimed.includes(project)
      const seen = isNobodys ? mergeMemories(own, tables.loadSeen(nobodys, project)) : own
      const found = findings(id, project).map((row): FindingRow => ({ ...row, source: number }))
      const merged = await bring(connection, { source: number, project }, seen, found)
      projects += 1
      if (isAllOf(mergeMemories(merged, seen), merged)) there += 1
    }
  }
  if (there < projects)
    throw new GateError(
      'unknown-store',
      `${projects - there} of ${projects} projects are not in the database as they are here`,
    )
  return [
    { what: 'projects', inFolder: projects, inDatabase: there },
    {
      what: 'files',
      inFolder: count(
        database,
        'select count(*) from files where source in (select id from sources where source is not null)',
      ),
      inDatabase: await countThere(connection, 'select count(*) from files'),
    },
    {
      what: 'proofs',
      inFolder: count(
        database,
        'select count(*) from proofs where source in (select id from sources where source is not null)',
      ),
      inDatabase: await countThere(connection, 'select count(*) from proofs'),
    },
    {
      what: 'findings',
      inFolder: count(
        database,
        'select count(*) from findings where source in (select id from sources where source is not null)',
      ),
      inDatabase: await countThere(connection, 'select count(*) from findings'),
    },
  ]
}

/** What was learned before sources were told apart is given to those of the folder, which the first start of a gate writes down. */
function assertSomebodys(
  database: Database.Database,
  sources: readonly { readonly id: SourceId; readonly source: Source | null }[],
): void {
  if (sources.some(({ source }) => source !== null)) return
  const known = new Set(sources.flatMap(({ id }) => knownOf(database, id))).size
  if (known > 0)
    throw new GateError(
      'config-invalid',
      `what this folder knows of ${known} projects was learned before sources were told apart: start a gate of this version on it once, so that it is known whose that is`,
    )
}

function knownOf(database: Database.Database, source: SourceId): readonly ProjectName[] {
  return database
    .prepare<SourceId[], ProjectName>(
      `select project from files where source = ? union select project from pages where source = ?
       union select project from proofs where source = ? union select project from serials where source = ?
       union select project from findings where source = ? union select project from settled where source = ?`,
    )
    .pluck()
    .all(source, source, source, source, source, source)
}

/** Answers with what the database knows then. */
async function bring(
  connection: Connection,
  { source, project }: Known,
  seen: ProjectMemory,
  found: readonly FindingRow[],
): Promise<ProjectMemory> {
  return await connection.transaction('a project could not be brought into the database', async ask => {
    const before = await holdProject(ask, source, project)
    await mergeInto(ask, source, before, mergeMemories(before.memory, seen), found)
    const { memory } = await holdProject(ask, source, project)
    return memory
  })
}

import { hash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { candidateProjects } from '../../../../domain/packaging/filename.ts'
import type { ProjectName } from '../../../../domain/packaging/name.ts'

/**
 * Everything that was learned gets the source that it was learned from into its key. What is there was learned from one, and is
 * nobody's until there is evidence whose: see `domain/memory/unclaimed.ts`.
 */
export function tellSourcesApart(database: Database.Database): Migration {
  return {
    async up(builder: Kysely<unknown>) {
      await createSources(builder)
      for (const table of REBUILT) await builder.schema.alterTable(table).renameTo(`${table}_before`).execute()
      await createTables(builder)
      await copySightings(builder)
      copyFindings(database)
      for (const table of REBUILT) await builder.schema.dropTable(`${table}_before`).execute()
      await builder.schema.createIndex('files_place').on('files').column('place').execute()
    },
  }
}

const REBUILT = ['files', 'pages', 'serials', 'proofs', 'findings'] as const
const UNCLAIMED = 1

async function createSources(builder: Kysely<unknown>): Promise<void> {
  await builder.schema
    .createTable('sources')
    .addColumn('id', 'integer', column => column.primaryKey())
    // null: of nobody yet
    .addColumn('source', 'text', column => column.unique())
    .modifyEnd(sql`strict`)
    .execute()
  const anything = REBUILT.map(table => `exists (select 1 from ${table})`).join(' or ')
  await sql.raw(`insert into sources (id, source) select ${UNCLAIMED}, null where ${anything}`).execute(builder)
}

async function createTables({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('files')
    .addColumn('source', 'integer', column => column.notNull())
    .addColumn('project', 'text', column => column.notNull())
    .addColumn('filename', 'text', column => column.notNull())
    .addColumn('sha256', 'blob')
    .addColumn('place', 'blob', column => column.notNull())
    .addColumn('first_seen', 'integer', column => column.notNull())
    .addColumn('version', 'text')
    .addColumn('uploaded', 'integer')
    .addColumn('offered', 'integer')
    .addColumn('absent', 'integer')
    .addColumn('gone', 'integer')
    .addColumn('yanked', 'integer')
    // the reading that place, version, gone and yanked are as of
    .addColumn('as_of', 'integer', column => column.notNull())
    .addPrimaryKeyConstraint('files_key', ['source', 'project', 'filename'])
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await schema
    .createTable('pages')
    .addColumn('source', 'integer', column => column.notNull())
    .addColumn('project', 'text', column => column.notNull())
    .addColumn('last_read', 'integer', column => column.notNull())
    .addColumn('status', 'text', column => column.notNull())
    .addColumn('status_since', 'integer', column => column.notNull())
    .addPrimaryKeyConstraint('pages_key', ['source', 'project'])
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await schema
    .createTable('serials')
    .addColumn('source', 'integer', column => column.notNull())
    .addColumn('project', 'text', column => column.notNull())
    .addColumn('serial', 'integer', column => column.notNull())
    .addPrimaryKeyConstraint('serials_key', ['source', 'project'])
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await schema
    .createTable('proofs')
    .addColumn('source', 'integer', column => column.notNull())
    .addColumn('project', 'text', column => column.notNull())
    .addColumn('filename', 'text', column => column.notNull())
    .addColumn('version', 'text', column => column.notNull())
    .addColumn('signer', 'integer', column => column.notNull())
    .addColumn('at', 'integer', column => column.notNull())
    .addColumn('signed_at', 'integer', column => column.notNull())
    .addPrimaryKeyConstraint('proofs_key', ['source', 'project', 'filename'])
    .modifyEnd(sql`strict, without rowid`)
    .execute()
  await createFindings(schema)
}

async function createFindings(schema: Kysely<unknown>['schema']): Promise<void> {
  await schema
    .createTable('findings')
    .addColumn('source', 'integer', column => column.notNull())
    .addColumn('project', 'text', column => column.notNull())
    .addColumn('sha256', 'blob', column => column.notNull())
    .addColumn('filename', 'text', column => column.notNull())
    .addColumn('trust', 'text', column => column.notNull())
    .addColumn('finding', 'text', column => column.notNull())
    .addColumn('found', 'integer', column => column.notNull())
    // sha256 over the row: a row that was edited, damaged or moved to another file or source is absent
    .addColumn('seal', 'blob', column => column.notNull())
    .addPrimaryKeyConstraint('findings_key', ['source', 'project', 'sha256', 'filename', 'trust'])
    .modifyEnd(sql`strict`)
    .execute()
}

/** A row is written when it changes: what it says held until its page was read last. */
async function copySightings(builder: Kysely<unknown>): Promise<void> {
  const copies = [
    `insert into files (source, project, filename, sha256, place, first_seen, version, uploaded, offered, absent, gone, yanked, as_of)
     select ${UNCLAIMED}, files_before.project, filename, sha256, place, first_seen, version, uploaded, offered, absent, gone, yanked,
       max(first_seen, coalesce(last_read, first_seen))
     from files_before left join pages_before on pages_before.project = files_before.project
     order by files_before.project, filename`,
    `insert into pages (source, project, last_read, status, status_since)
     select ${UNCLAIMED}, project, last_read, status, status_since from pages_before`,
    `insert into serials (source, project, serial) select ${UNCLAIMED}, project, serial from serials_before`,
    `insert into proofs (source, project, filename, version, signer, at, signed_at)
     select ${UNCLAIMED}, project, filename, version, signer, at, signed_at from proofs_before`,
  ]
  for (const copy of copies) await sql.raw(copy).execute(builder)
}

interface FindingBefore {
  readonly id: number
  readonly sha256: string
  readonly filename: string
  readonly trust: string
  readonly finding: string
  readonly found: number
  readonly seal: Buffer
}

/** Rows that are taken at once. */
const PIECE = 1_000

/** A finding was that of every project that lists its file. A row whose seal is wrong was absent, and stays so. */
function copyFindings(database: Database.Database): void {
  const ownersOf = prepareOwners(database)
  const select = database.prepare<[number, number], FindingBefore>(
    `select rowid as id, lower(hex(sha256)) as sha256, filename, trust, finding, found, seal
     from findings_before where rowid > ? order by rowid limit ?`,
  )
  const insert = database.prepare<[number, string, string, string, string, string, number, Buffer]>(
    `insert into findings (source, project, sha256, filename, trust, finding, found, seal)
     values (?, ?, unhex(?), ?, ?, ?, ?, ?)`,
  )
  for (let rows = select.all(0, PIECE); rows.length > 0; rows = select.all(rows.at(-1)?.id ?? 0, PIECE))
    for (const row of rows) {
      if (!sealBefore(row).equals(row.seal)) continue
      const { sha256, filename, trust, finding, found } = row
      for (const project of ownersOf(row))
        insert.run(UNCLAIMED, project, sha256, filename, trust, finding, found, sealNow(project, row))
    }
}

/**
 * The projects that list a file with these bytes, all of which its name could belong to; of one that no page lists so, the
 * likeliest.
 */
function prepareOwners(
  database: Database.Database,
): (file: Pick<FindingBefore, 'sha256' | 'filename'>) => readonly ProjectName[] {
  const select = database
    .prepare<[number, string, string], string>(
      'select lower(hex(sha256)) from files where source = ? and project = ? and filename = ?',
    )
    .pluck()
  return ({ sha256, filename }) => {
    const candidates = candidateProjects(filename).map(project => ({
      project,
      listed: select.get(UNCLAIMED, project, filename),
    }))
    const owners = candidates.filter(({ listed }) => listed === sha256)
    const likeliest = owners[0] ?? candidates.find(({ listed }) => listed !== undefined) ?? candidates[0]
    return (owners.length > 0 || likeliest === undefined ? owners : [likeliest]).map(({ project }) => project)
  }
}

/** As the code of that time sealed a row; whatever seals are made of later, this stays. */
function sealBefore({ sha256, filename, trust, found, finding }: FindingBefore): Buffer {
  return hash('sha256', `${sha256} ${filename} ${trust} ${found} ${finding}`, 'buffer')
}

function sealNow(project: ProjectName, { sha256, filename, trust, found, finding }: FindingBefore): Buffer {
  return hash('sha256', [UNCLAIMED, project, sha256, filename, trust, found, finding].join('\n'), 'buffer')
}

import type pg from 'pg'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { type Instant, instant, millis } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { Identity } from '../../domain/identity/attestation.ts'
import type { RememberedFinding } from '../../domain/memory/findings.ts'
import { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { nameNow } from '../../domain/sources/lasting-name.ts'
import type { JournalRow, Miss, Records } from '../../ports/records.ts'
import { storeError } from '../failure/store-error.ts'
import { Reach } from '../shared/reach.ts'
import type { RecordedIndex } from '../sqlite/read-records.ts'
import { OF_A_ROOT, readSealed } from '../sqlite/tables/findings-table.ts'
import type { SourceId } from '../sqlite/tables/sources-table.ts'
import { type Connection, createConnection } from './connection.ts'
import { createRequests } from './console/requests.ts'
import { readRefusal } from './journal/journal.ts'
import { createLedger } from './memory/ledger.ts'
import { migrate } from './migrate.ts'

const WHAT = 'what the gates have written down could not be read'
/** Rows that are read at once. */
const PIECE = 500

/** What gates have written of an index into a database that they share. Throws `unknown-store`. */
export async function readSharedRecords(url: string, of: RecordedIndex): Promise<Records> {
  const { index, sources: asked, everywhere = [], owner = () => undefined } = of
  const connection = createConnection(url, new Reach({ what: 'the database', maxStale: millis(0) }))
  try {
    await migrate(connection)
    const ids = await sourceIds(connection)
    const belongings = await belongingsOf(connection, index)
    const whose = (project: ProjectName): SourceName | undefined => {
      const written = belongings.get(project)
      return owner(project) ?? (written && nameNow(written, everywhere))
    }
    return createRecords(connection, { asked, ids, whose })
  } catch (error) {
    await connection.close()
    throw error
  }
}

interface Known {
  readonly asked: RecordedIndex['sources']
  readonly ids: ReadonlyMap<string, SourceId>
  /** whose a name is, by what the sources are called now */
  readonly whose: (project: ProjectName) => SourceName | undefined
}

function createRecords(connection: Connection, { asked, ids, whose }: Known): Records {
  const numbers = asked.flatMap(({ source }) => ids.get(source) ?? [])

  /** Of several sources the one that the name belongs to. */
  function numbersFor(project: ProjectName): readonly SourceId[] {
    if (asked.length < 2) return numbers
    const belongs = whose(project)
    return asked.flatMap(({ name, source }) => (name === belongs ? (ids.get(source) ?? []) : []))
  }

  return {
    journal: since => journal(connection, since),
    dropped: async () => undefined,
    async lastDecision() {
      const [row] = await connection.ask<{ at: number; digest: string }>(
        WHAT,
        'select at, policy_digest as digest from journal order by id desc limit 1',
      )
      return row === undefined ? undefined : { at: instant(row.at), policyDigest: row.digest }
    },
    async projects() {
      const rows = await connection.ask<{ source: SourceId; project: ProjectName }>(
        WHAT,
        'select source, project from projects where reading is not null and source = any($1)',
        [numbers],
      )
      const own = rows.filter(({ source, project }) => numbersFor(project).includes(source))
      return [...new Set(own.map(({ project }) => project))].sort()
    },
    async project(name) {
      const [source] = numbersFor(name)
      if (source === undefined) return ProjectMemory.of(name)
      const { sightings, reading, proofs, settled, serials } = (await createLedger({ connection, source }).load(name))
        .memory
      return ProjectMemory.of(name, { sightings, reading, proofs, settled, serials })
    },
    async finding({ project, sha256, filename }) {
      for await (const { remembered } of findings(connection, numbersFor(project), { project, sha256, filename }))
        return remembered
      return undefined
    },
    async *attested() {
      for await (const { remembered, sha256, filename } of findings(connection, numbers)) {
        const { finding } = remembered
        if (finding.kind === 'attested') yield { sha256, filename, finding }
      }
    },
    // bytes lie elsewhere than what is known of them
    holds: async () => false,
    async misses() {
      const rows = await connection.ask<{
        index: string
        project: ProjectName
        filename: string
        times: number
        last: number
      }>(
        WHAT,
        'select index_name as index, project, filename, times, last from misses order by project collate "C", filename collate "C"',
      )
      return rows.map(
        ({ index, project, filename, times, last }): Miss => ({
          ...(index === '' ? {} : { index }),
          project,
          filename: filename === '' ? undefined : filename,
          times,
          last: instant(last),
        }),
      )
    },
    refusals: { get: async id => await readRefusal(connection, id) },
    approvals: async now => await createRequests(connection).inForce(now),
    belonging: project => (asked.length === 1 ? asked[0]?.name : whose(project)),
    close: async () => await connection.close(),
  }
}

async function sourceIds(connection: Connection): Promise<ReadonlyMap<string, SourceId>> {
  const rows = await connection.ask<{ id: SourceId; source: string }>(
    WHAT,
    'select id, source from sources where source is not null',
  )
  return new Map(rows.map(({ id, source }) => [source, id] as const))
}

async function belongingsOf(connection: Connection, index: string): Promise<ReadonlyMap<ProjectName, SourceName>> {
  const rows = await connection.ask<{ project: ProjectName; source: SourceName }>(
    WHAT,
    `select project, source_name as source from belongings where index_name = $1 and project <> ''`,
    [index],
  )
  return new Map(rows.map(({ project, source }) => [project, source] as const))
}

interface EntryRow {
  readonly at: number
  readonly filename: string
  readonly project: string
  readonly sha256: string | null
  readonly outcome: JournalRow['outcome']
  readonly code: string
  readonly rule: string | null
  readonly identity: Identity | null
  readonly policy_digest: string
  readonly trust_digest: string | null
  readonly client: string
  readonly subject: string | null
  readonly index_name: string | null
  /** absent in the table of an older version */
  readonly source_name?: string | null
  readonly count: number
}

/** As it was in one moment, in the order in which it was written down. */
async function* journal(connection: Connection, since: Instant): AsyncGenerator<JournalRow> {
  let client: pg.Client | undefined
  try {
    client = await connection.client()
    await client.query('begin transaction isolation level repeatable read read only')
    await client.query(`declare entries cursor for select * from journal where at >= ${Number(since)} order by id`)
    for (;;) {
      const { rows } = await client.query<EntryRow>(`fetch ${PIECE} from entries`)
      for (const row of rows) yield entryOf(row)
      if (rows.length < PIECE) return
    }
  } catch (error) {
    throw storeError(WHAT, error)
  } finally {
    await client?.end()
  }
}

function entryOf(row: EntryRow): JournalRow {
  const { identity } = row
  return {
    at: instant(Number(row.at)),
    filename: row.filename,
    project: row.project,
    sha256: row.sha256 ?? undefined,
    outcome: row.outcome,
    code: row.code,
    rule: row.rule ?? undefined,
    identity:
      identity === null
        ? undefined
        : {
            issuer: identity.issuer,
            san: identity.san,
            repository: identity.repository,
            workflow: identity.workflow,
            ref: identity.ref,
            ...(identity.commit === undefined ? {} : { commit: identity.commit }),
          },
    policyDigest: row.policy_digest,
    trustDigest: row.trust_digest ?? undefined,
    client: row.client,
    ...(row.subject === null ? {} : { subject: row.subject }),
    ...(row.index_name === null ? {} : { index: row.index_name }),
    ...(typeof row.source_name === 'string' ? { source: row.source_name } : {}),
    count: row.count,
  }
}

interface FoundRow {
  readonly source: SourceId
  readonly project: ProjectName
  readonly sha256: string
  readonly filename: string
  readonly trust: string
  readonly finding: string
  readonly found: number
  readonly seal: Buffer
}

interface Found {
  readonly sha256: Sha256
  readonly filename: string
  readonly remembered: RememberedFinding
}

/** Those that a trust root made and that can be read, the latest first. */
async function* findings(
  connection: Connection,
  numbers: readonly SourceId[],
  of?: { readonly project: ProjectName; readonly sha256: Sha256; readonly filename: string },
): AsyncGenerator<Found> {
  const where = of === undefined ? '' : 'and project = $4 and sha256 = $5 and filename = $6'
  for (let offset = 0; ; offset += PIECE) {
    const rows = await connection.ask<FoundRow>(
      WHAT,
      `select * from findings where source = any($1) and ${OF_A_ROOT} ${where}
       order by found desc, source, project, sha256, filename, trust limit $2 offset $3`,
      [numbers, PIECE, offset, ...(of === undefined ? [] : [of.project, of.sha256, of.filename])],
    )
    for (const { source, project, sha256: hex, filename, trust, finding, found, seal } of rows) {
      const sha256 = parseSha256(hex)
      if (sha256 === undefined) continue
      const key = { sha256, filename, trustDigest: trust }
      const remembered = readSealed({ row: { source, project, key, finding, found }, seal })
      if (remembered !== undefined) yield { sha256, filename, remembered }
    }
    if (rows.length < PIECE) return
  }
}

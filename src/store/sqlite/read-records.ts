import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { parseSha256, type Sha256 } from '../../domain/base/digest.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import type { Identity } from '../../domain/identity/attestation.ts'
import type { RememberedFinding } from '../../domain/memory/findings.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { JournalRow, Miss, Records } from '../../ports/records.ts'
import { decodeFinding } from '../../verify/evidence/finding-codec.ts'
import { storeError } from '../store-error.ts'
import { databaseIn } from './database.ts'
import { type ProofRow, provedFile, SELECT_PROOFS, seenFiles } from './histories-table.ts'
import { decodeRefused } from './refused-codec.ts'
import { type PageRow, pageOf, SELECT_PAGE, SIGHT_COLUMNS, type SightRow, sightOf } from './sightings-table.ts'

interface EntryRow {
  readonly at: number
  readonly filename: string
  readonly project: string
  readonly sha256: string | null
  readonly outcome: JournalRow['outcome']
  readonly code: string
  readonly rule: string | null
  readonly identity: string | null
  readonly policy_digest: string
  readonly trust_digest: string | null
  readonly client: string
  readonly count: number
}

/** Rows of findings that no trust root made: see `gate/judge/examine.ts`. */
const OF_A_ROOT = `trust <> 'any' and trust not like 'metadata %'`

/**
 * What a gate has written into a data folder that it may be writing to, read-only; `undefined` where there is no database.
 * Methods throw `unknown-store` when it cannot be read, a database of an older version of this program included: the gate
 * brings it up to date at its next start.
 */
export function readRecords(folder: string): Records | undefined {
  const file = databaseIn(folder)
  if (!existsSync(file)) return undefined
  const database = asking(() => new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 }))

  return {
    journal: since => journal(database, since),
    projects: () =>
      asking(() => database.prepare<[], ProjectName>('select project from pages order by project').pluck().all()),
    project: name => asking(() => project(database, name)),
    finding: ({ sha256, filename }) =>
      asking(() => {
        const rows = database.prepare<[string, string], { readonly finding: string; readonly found: number }>(
          `select finding, found from findings where sha256 = unhex(?) and filename = ? and ${OF_A_ROOT} order by found desc`,
        )
        return firstOf(rows.all(sha256, filename))
      }),
    attested: () => attested(database),
    holds: sha256 =>
      asking(() => database.prepare<[string], number>('select 1 from blobs where sha256 = ?').pluck().get(sha256)) !==
      undefined,
    misses: () =>
      asking(() =>
        database
          .prepare<[], MissRow>('select project, filename, times, last from misses order by project, filename')
          .all()
          .map(missOf),
      ),
    refusals: {
      get: id =>
        asking(() => {
          const row = database
            .prepare<[string], { readonly refused: string; readonly at: number }>(
              'select refused, at from refusals where id = ?',
            )
            .get(id)
          const refused = row === undefined ? undefined : decodeRefused(row.refused)
          return row === undefined || refused === undefined ? undefined : { refused, at: instant(row.at) }
        }),
    },
    close: () => void database.close(),
  }
}

interface MissRow {
  readonly project: ProjectName
  readonly filename: string
  readonly times: number
  readonly last: number
}

function missOf({ project: name, filename, times, last }: MissRow): Miss {
  return { project: name, filename: filename === '' ? undefined : filename, times, last: instant(last) }
}

function* journal(database: Database.Database, since: Instant): IterableIterator<JournalRow> {
  const rows = asking(() =>
    database.prepare<[number], EntryRow>('select * from journal_entries where at >= ? order by id').iterate(since),
  )
  for (const row of each(rows)) {
    yield {
      at: instant(row.at),
      filename: row.filename,
      project: row.project,
      sha256: row.sha256 ?? undefined,
      outcome: row.outcome,
      code: row.code,
      rule: row.rule ?? undefined,
      identity: identityOf(row.identity),
      policyDigest: row.policy_digest,
      trustDigest: row.trust_digest ?? undefined,
      client: row.client,
      count: row.count,
    }
  }
}

function identityOf(json: string | null): Identity | undefined {
  if (json === null) return undefined
  const { issuer, san, repository, workflow, ref } = JSON.parse(json) as Identity
  return { issuer, san, repository, workflow, ref }
}

function project(database: Database.Database, name: ProjectName): ReturnType<Records['project']> {
  const row = database.prepare<[string], PageRow>(SELECT_PAGE).get(name)
  if (row === undefined) return undefined
  const page = pageOf(row)
  const rows = database.prepare<[string], SightRow>(`select ${SIGHT_COLUMNS} from files where project = ?`).raw()
  const sights = new Map(rows.all(name).map(sight => [sight[0], sightOf(sight)] as const))
  const proofs = new Map(
    database
      .prepare<[string], ProofRow>(SELECT_PROOFS)
      .all(name)
      .flatMap(proof => provedFile(proof) ?? [])
      .map(file => [file.filename, file] as const),
  )
  const files = seenFiles(sights, proofs, page).map(file => {
    const sight = sights.get(file.filename)
    return { ...file, sha256: parseSha256(sight?.sha256 ?? ''), yanked: sight?.yanked }
  })
  return { project: name, ...page, files }
}

function* attested(database: Database.Database): ReturnType<Records['attested']> {
  const rows = asking(() =>
    database
      .prepare<[], { readonly sha256: string; readonly filename: string; readonly finding: string }>(
        `select lower(hex(sha256)) as sha256, filename, finding from findings where ${OF_A_ROOT}`,
      )
      .iterate(),
  )
  for (const row of each(rows)) {
    const finding = decodeFinding(row.finding)
    const sha256: Sha256 | undefined = parseSha256(row.sha256)
    if (finding?.kind === 'attested' && sha256 !== undefined) yield { sha256, filename: row.filename, finding }
  }
}

function firstOf(rows: readonly { readonly finding: string; readonly found: number }[]): RememberedFinding | undefined {
  for (const { finding: text, found } of rows) {
    const finding = decodeFinding(text)
    if (finding !== undefined) return { finding, found: instant(found) }
  }
  return undefined
}

/** Rows one by one; what SQLite throws on the way is told as ours. */
function* each<Row>(rows: IterableIterator<Row>): IterableIterator<Row> {
  for (;;) {
    const next = asking(() => rows.next())
    if (next.done === true) return
    yield next.value
  }
}

function asking<Result>(ask: () => Result): Result {
  try {
    return ask()
  } catch (error) {
    throw storeError('what the gate has written down could not be read', error)
  }
}

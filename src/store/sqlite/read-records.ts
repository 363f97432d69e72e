import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type Instant, instant } from '../../domain/base/instant.ts'
import type { Identity } from '../../domain/identity/attestation.ts'
import type { RememberedFinding } from '../../domain/memory/findings.ts'
import { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Source } from '../../domain/memory/source.ts'
import { withUnclaimed } from '../../domain/memory/unclaimed.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { DroppedVerdicts, JournalRow, Records } from '../../ports/records.ts'
import { storeError } from '../failure/store-error.ts'
import { databaseIn } from './database.ts'
import { inBatches } from './in-batches.ts'
import { DROPPED, DROPPED_UNTIL } from './journal-room.ts'
import { prepareFindings, prepareFindingsInOrder, readSealed } from './tables/findings-table.ts'
import { readMisses } from './tables/misses-table.ts'
import { preparePages } from './tables/pages-table.ts'
import { prepareProjectTables } from './tables/project-tables.ts'
import { prepareRefusals } from './tables/refusals-table.ts'
import { prepareSources, type SourceId } from './tables/sources-table.ts'

/**
 * What a gate has written of one source into a data folder that it may be writing to, read-only; `undefined` where there is no
 * database. What was written before sources were told apart counts until it is a source's. Methods throw `unknown-store` when it
 * cannot be read, a database of an older version of this program included: the gate brings it up to date at its next start.
 */
export function readRecords(folder: string, source: Source): Records | undefined {
  const file = databaseIn(folder)
  if (!existsSync(file)) return undefined
  const database = asking(() => new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 }))

  // prepared when something is asked: an older database lacks some of the tables
  const sources = lazily(() => prepareSources(database))
  const pages = lazily(() => preparePages(database))
  const projects = lazily(() => prepareProjectTables(database))
  const findings = lazily(() => prepareFindings(database))
  const refusals = lazily(() => prepareRefusals(database))

  function numbers(): readonly SourceId[] {
    return [sources().find(source), sources().unclaimed()].filter(id => id !== undefined)
  }

  /** The source's own first, then what is nobody's of the project; a gate may give it to a source while we read. */
  function numbersFor(project: ProjectName): readonly SourceId[] {
    return numbers().filter(id => id !== sources().unclaimed() || sources().givenTo(project).length === 0)
  }

  function projectOf(name: ProjectName): ProjectMemory {
    return numbersFor(name)
      .map(id => projects().loadSeen(id, name))
      .reduce(withUnclaimed, ProjectMemory.of(name))
  }

  function projectsSeen(): readonly ProjectName[] {
    const names = numbers().flatMap(id =>
      pages()
        .projects(id)
        .filter(name => numbersFor(name).includes(id)),
    )
    return [...new Set(names)].sort()
  }

  function findingOf({ project, ...file }: Parameters<Records['finding']>[0]): RememberedFinding | undefined {
    for (const id of numbersFor(project)) {
      const found = findings().latest(id, project, file)
      if (found !== undefined) return found
    }
    return undefined
  }

  return {
    journal: since => journal(database, since),
    dropped: async () => asking(() => readDropped(database)),
    lastDecision: async () => asking(() => readLast(database)),
    projects: async () => asking(projectsSeen),
    project: async name => asking(() => projectOf(name)),
    finding: async file => asking(() => findingOf(file)),
    attested: () => attested(database, numbers),
    holds: async sha256 =>
      asking(() => database.prepare<[string], number>('select 1 from blobs where sha256 = ?').get(sha256)) !==
      undefined,
    misses: async () => asking(() => readMisses(database)),
    refusals: { get: async id => asking(() => refusals()(id)) },
    close: async () => void database.close(),
  }
}

type AttestedRow = ReturnType<Records['attested']> extends AsyncIterable<infer File> ? File : never

interface EntryRow {
  readonly id: number
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

function readDropped(database: Database.Database): DroppedVerdicts | undefined {
  const fact = database.prepare<[string], number>('select value from facts where name = ?').pluck()
  const [verdicts, until] = [fact.get(DROPPED), fact.get(DROPPED_UNTIL)]
  return verdicts === undefined || until === undefined ? undefined : { verdicts, until: instant(until) }
}

function readLast(database: Database.Database): Awaited<ReturnType<Records['lastDecision']>> {
  const row = database
    .prepare<[], Pick<EntryRow, 'at' | 'policy_digest'>>(
      'select at, policy_digest from journal_entries where id = (select max(id) from journal)',
    )
    .get()
  return row === undefined ? undefined : { at: instant(row.at), policyDigest: row.policy_digest }
}

/** Up to what is there when it begins: a gate that writes meanwhile keeps nobody reading for ever. */
async function* journal(database: Database.Database, since: Instant): AsyncGenerator<JournalRow> {
  const { last, select } = asking(() => ({
    last: database.prepare<[], number>('select coalesce(max(id), 0) from journal').pluck().get() ?? 0,
    select: database.prepare<[number, number, number, number], EntryRow>(
      'select * from journal_entries where id > ? and id <= ? and at >= ? order by id limit ?',
    ),
  }))
  const batch = (after: number, limit: number) => asking(() => select.all(after, last, since, limit))
  for await (const row of inBatches(batch)) yield entryOf(row)
}

function entryOf(row: EntryRow): JournalRow {
  return {
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

function identityOf(json: string | null): Identity | undefined {
  if (json === null) return undefined
  const { issuer, san, repository, workflow, ref } = JSON.parse(json) as Identity
  return { issuer, san, repository, workflow, ref }
}

async function* attested(database: Database.Database, numbers: () => readonly SourceId[]): AsyncGenerator<AttestedRow> {
  for (const source of asking(numbers)) {
    const select = asking(() => prepareFindingsInOrder(database))
    const batch = (after: number, limit: number) => asking(() => select(source, after, limit))
    for await (const { row } of inBatches(batch)) {
      const finding = row === undefined ? undefined : readSealed(row)?.finding
      if (row === undefined || finding?.kind !== 'attested') continue
      const { sha256, filename } = row.row.key
      yield { sha256, filename, finding }
    }
  }
}

function lazily<Value>(make: () => Value): () => Value {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}

function asking<Result>(ask: () => Result): Result {
  try {
    return ask()
  } catch (error) {
    throw storeError('what the gate has written down could not be read', error)
  }
}

import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type Instant, instant } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { Identity } from '../../domain/identity/attestation.ts'
import type { RememberedFinding } from '../../domain/memory/findings.ts'
import { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { Source } from '../../domain/memory/source.ts'
import { withUnclaimed } from '../../domain/memory/unclaimed.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { nameNow, type PlacedSource } from '../../domain/sources/lasting-name.ts'
import type { AccessRequest } from '../../ports/console/requests.ts'
import type { DroppedVerdicts, JournalRow, Records } from '../../ports/records.ts'
import { storeError } from '../failure/store-error.ts'
import { inBatches } from './in-batches.ts'
import { DROPPED, DROPPED_UNTIL } from './journal-room.ts'
import { databaseIn } from './schema.ts'
import { prepareDecided } from './tables/belongings-table.ts'
import { requestOf } from './tables/console/request-row.ts'
import { prepareInForce } from './tables/console/requests-table.ts'
import { prepareFindings, prepareFindingsInOrder, readSealed } from './tables/findings-table.ts'
import { readMisses } from './tables/mirror/misses-table.ts'
import { preparePages } from './tables/pages-table.ts'
import { prepareProjectTables } from './tables/project-tables.ts'
import { prepareRefusals } from './tables/refusals-table.ts'
import { prepareSources, type SourceId } from './tables/sources-table.ts'

/** Whose word is asked for: of an index, and of its sources in order. */
export interface RecordedIndex {
  /** the path that it is at */
  readonly index: string
  /** what it is called: what was written down before paths were stands under it */
  readonly name?: string | undefined
  readonly sources: readonly { readonly name: SourceName | undefined; readonly source: Source }[]
  /** every source that is configured */
  readonly everywhere?: readonly PlacedSource[] | undefined
  /** the source that owns a name; default: nobody owns any */
  readonly owner?: ((project: ProjectName) => SourceName | undefined) | undefined
}

/**
 * What a gate has written of one source, or of an index of several, into a data folder that it may be writing to, read-only; `undefined` where there is no
 * database. What was written before sources were told apart counts until it is a source's. Methods throw `unknown-store` when it
 * cannot be read, a database of an older version of this program included: the gate brings it up to date at its next start.
 */
export function readRecords(folder: string, of: Source | RecordedIndex): Records | undefined {
  const file = databaseIn(folder)
  if (!existsSync(file)) return undefined
  const database = asking(() => new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 }))

  // prepared when something is asked: an older database lacks some of the tables
  const sources = lazily(() => prepareSources(database))
  const pages = lazily(() => preparePages(database))
  const projects = lazily(() => prepareProjectTables(database))
  const findings = lazily(() => prepareFindings(database))
  const refusals = lazily(() => prepareRefusals(database))
  const decided = lazily(() => prepareDecided(database))
  const {
    index,
    name: called,
    sources: asked,
    everywhere = [],
    owner = () => undefined,
  }: RecordedIndex = typeof of === 'string' ? { index: '', sources: [{ name: undefined, source: of }] } : of

  function numbers(): readonly SourceId[] {
    return [...asked.map(({ source }) => sources().find(source)), sources().unclaimed()].filter(id => id !== undefined)
  }

  /** The source that the name belongs to by the index's own row. */
  function writtenDown(project: ProjectName): SourceName | undefined {
    const rows = decided().of(project)
    const row = rows.find(its => its.index === index) ?? rows.find(its => its.index === called)
    return row && nameNow(row.source, everywhere)
  }

  /** Of several sources the one that the name belongs to; the first that was known to have it, where that was not written down. */
  function ownNumbers(project: ProjectName): readonly SourceId[] {
    const all = numbers().filter(id => id !== sources().unclaimed())
    if (asked.length < 2) return all
    const belongs = owner(project) ?? writtenDown(project)
    const of = (whose: SourceName | undefined) =>
      asked.filter(({ name }) => name === whose).map(({ source }) => sources().find(source))
    // what was held before it was a source's own stays known to whichever has the name
    if (belongs !== undefined) return [...of(belongs), ...of(undefined)].filter(one => one !== undefined)
    return all.filter(one => pages().reading(one, project) !== undefined).slice(0, 1)
  }

  /** The source's own first, then what is nobody's of the project; a gate may give it to a source while we read. */
  function numbersFor(project: ProjectName): readonly SourceId[] {
    const unclaimed = sources().unclaimed()
    const isNobodys = unclaimed !== undefined && sources().givenTo(project).length === 0
    return isNobodys ? [...ownNumbers(project), unclaimed] : ownNumbers(project)
  }

  function projectOf(name: ProjectName): ProjectMemory {
    return numbersFor(name)
      .map(id => projects().loadSeen(id, name))
      .reduce(withUnclaimed, ProjectMemory.of(name))
  }

  /** Before a gate has opened the index with these sources, what it will find then. */
  function belongingOf(project: ProjectName): SourceName | undefined {
    const [only] = asked
    if (asked.length === 1) return only?.name
    const known = owner(project) ?? writtenDown(project)
    if (known !== undefined || [index, called].some(key => key !== undefined && decided().hasBegun(key))) return known
    return asked.find(({ source }) => {
      const id = sources().find(source)
      return id !== undefined && pages().reading(id, project) !== undefined
    })?.name
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
    approvals: async now => asking(() => readApprovals(database, now)),
    belonging: project => asking(() => belongingOf(project)),
    close: async () => void database.close(),
  }
}

/** A database of an older version has none. */
function readApprovals(database: Database.Database, now: Instant): readonly AccessRequest[] {
  const table = database.prepare(`select 1 from sqlite_schema where name = 'requests'`).get()
  return table === undefined ? [] : prepareInForce(database).all(now).map(requestOf)
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
  /** absent in the view of an older version, as the next */
  readonly subject?: string | null
  readonly index_name?: string | null
  readonly source_name?: string | null
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
    ...(typeof row.subject === 'string' ? { subject: row.subject } : {}),
    ...(typeof row.index_name === 'string' ? { index: row.index_name } : {}),
    ...(typeof row.source_name === 'string' ? { source: row.source_name } : {}),
    count: row.count,
  }
}

function identityOf(json: string | null): Identity | undefined {
  if (json === null) return undefined
  const { issuer, san, repository, workflow, ref, commit } = JSON.parse(json) as Identity
  return { issuer, san, repository, workflow, ref, ...(commit === undefined ? {} : { commit }) }
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

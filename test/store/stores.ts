import Database from 'better-sqlite3'
import pg from 'pg'
import type { Test } from 'tap'
import { type Instant, instant, millis } from '../../src/domain/base/instant.ts'
import { type Source, sourceAt } from '../../src/domain/memory/source.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import type { Blobs } from '../../src/ports/blobs.ts'
import type { AuditLog, AuditRecords } from '../../src/ports/console/audit-log.ts'
import type { Requests } from '../../src/ports/console/requests.ts'
import type { SessionBook, Sessions } from '../../src/ports/console/sessions.ts'
import type { Memory } from '../../src/ports/memory.ts'
import type { Holdings, Misses } from '../../src/ports/mirror.ts'
import type { JournalEntry, Store } from '../../src/ports/store.ts'
import type { Tokens } from '../../src/ports/tokens.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openStore } from '../../src/store/open.ts'
import { openPostgres } from '../../src/store/postgres/postgres.ts'
import type { JournalBounds } from '../../src/store/sqlite/retention.ts'

/** What a suite is run over. */
export interface Subject {
  store: Store
  blobs: Blobs
  readonly events: GateEvent[]
  /** the clock it reads */
  now: Instant
  /** what was recorded, oldest first, as far as it is kept for good */
  journal(): Promise<readonly (JournalEntry & { readonly count: number })[]>
  /** of an index, unless a test says otherwise; another one after it was opened again */
  memory(source?: Source): Promise<Memory>
  /** Closes it and opens it again, where something outlives it. */
  reopen: (() => Promise<void>) | undefined
}

export const INDEX = sourceAt('https://pypi.example')

export const START = instant(Date.UTC(2026, 10, 24, 12))

export async function memorySubject(): Promise<Subject> {
  const events: GateEvent[] = []
  const { store, blobs, journal } = createMemoryStore({
    clock: () => subject.now,
    events: { emit: event => void events.push(event) },
  })
  const subject: Subject = {
    store,
    blobs,
    events,
    now: START,
    journal: async () => journal,
    memory: (source = INDEX) => store.memory(source),
    reopen: undefined,
  }
  return subject
}

export interface DiskChanges {
  readonly folder?: string
  readonly cacheBytes?: number
  readonly readableBy?: 'owner' | 'group'
  readonly journal?: Partial<JournalBounds>
}

export interface DiskSubject extends Subject {
  readonly folder: string
  /** path of the database */
  readonly file: string
  holdings: Holdings
  misses: Misses
  requests: Requests
  audit: AuditLog & AuditRecords
  sessions: Sessions & SessionBook
  readonly reopen: () => Promise<void>
  close(): Promise<void>
}

/** A data folder of the test, closed and gone when the test is. */
export async function diskSubject(t: Test, changes: DiskChanges = {}): Promise<DiskSubject> {
  const { folder = t.testdir(), cacheBytes = 1e9, readableBy = 'owner', journal } = changes
  const events: GateEvent[] = []
  const file = `${folder}/portcullis.sqlite`
  const options = {
    folder,
    cacheBytes,
    readableBy,
    journal: { keep: millis(86_400_000), maxSize: 1e12, ...journal },
    events: { emit: (event: GateEvent) => void events.push(event) },
    clock: () => now,
  }
  let now = START
  const subject: DiskSubject = {
    ...(await openStore(options)),
    folder,
    file,
    events,
    get now() {
      return now
    },
    set now(at) {
      now = at
    },
    async journal() {
      await this.store.journal.flush()
      return readJournal(file)
    },
    memory(source = INDEX) {
      return this.store.memory(source)
    },
    async reopen() {
      await this.close()
      Object.assign(this, await openStore(options))
    },
    async close() {
      await this.blobs.close()
      await this.store.close()
    },
  }
  t.teardown(() => subject.close().catch(() => {}))
  return subject
}

export interface SharedSubject extends Subject {
  readonly database: string
  readonly folder: string
  holdings: Holdings
  misses: Misses
  requests: Requests
  tokens: Tokens
  audit: AuditLog & AuditRecords
  sessions: Sessions & SessionBook
  statements: () => number
  readonly reopen: () => Promise<void>
}

/** A gate's part of a database that others may use too. */
export async function sharedSubject(
  t: Test,
  database: string,
  { folder = t.testdir(), maxStale = 60_000 }: { readonly folder?: string; readonly maxStale?: number } = {},
): Promise<SharedSubject> {
  const events: GateEvent[] = []
  let now = START
  const options = {
    database,
    folder,
    maxStale: millis(maxStale),
    // the clock of the database is not on a string
    journal: { keep: millis(3_650 * 86_400_000), maxSize: 1e12 },
    events: { emit: (event: GateEvent) => void events.push(event) },
    clock: () => now,
  }
  const { blobs } = createMemoryStore(options)
  const subject: SharedSubject = {
    ...(await openPostgres(options)),
    blobs,
    database,
    folder,
    events,
    get now() {
      return now
    },
    set now(at) {
      now = at
    },
    async journal() {
      await this.store.journal.flush()
      return await sharedJournal(database)
    },
    memory(source = INDEX) {
      return this.store.memory(source)
    },
    async reopen() {
      await this.store.close()
      Object.assign(this, await openPostgres(options))
    },
  }
  t.teardown(() => subject.store.close().catch(() => {}))
  return subject
}

/** The journal as a person with psql sees it. */
async function sharedJournal(database: string): Promise<readonly (JournalEntry & { readonly count: number })[]> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    const { rows } = await client.query<Row>('select *, identity::text as identity from journal order by id')
    return rows.map(entryOf)
  } finally {
    await client.end()
  }
}

interface Row {
  readonly at: number
  readonly filename: string
  readonly project: string
  readonly sha256: string | null
  readonly outcome: 'admitted' | 'refused'
  readonly code: string
  readonly rule: string | null
  readonly identity: string | null
  readonly policy_digest: string
  readonly trust_digest: string | null
  readonly client: string
  readonly subject: string | null
  readonly index_name: string | null
  readonly source_name: string | null
  readonly count: number
}

/** The journal as a person with a SQLite shell sees it. */
export function readJournal(file: string): readonly (JournalEntry & { readonly count: number })[] {
  const database = new Database(file, { readonly: true })
  try {
    return database.prepare<[], Row>('select * from journal_entries order by id').all().map(entryOf)
  } finally {
    database.close()
  }
}

function entryOf(row: Row): JournalEntry & { readonly count: number } {
  return {
    at: instant(Number(row.at)),
    filename: row.filename,
    project: row.project,
    sha256: row.sha256 ?? undefined,
    outcome: row.outcome,
    code: row.code,
    rule: row.rule ?? undefined,
    identity: row.identity === null ? undefined : { ...ABSENT, ...JSON.parse(row.identity) },
    policyDigest: row.policy_digest,
    trustDigest: row.trust_digest ?? undefined,
    client: row.client,
    ...(row.subject === null ? {} : { subject: row.subject }),
    ...(row.index_name === null ? {} : { index: row.index_name }),
    ...(row.source_name === null ? {} : { source: row.source_name }),
    count: row.count,
  }
}

const ABSENT = { repository: undefined, workflow: undefined, ref: undefined }

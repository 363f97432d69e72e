import type Database from 'better-sqlite3'
import type { Clock, Instant } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Belongings } from '../../ports/belongings.ts'
import type { AuditLog, AuditRecords } from '../../ports/console/audit-log.ts'
import type { NoticeQueue } from '../../ports/console/notices.ts'
import type { Requests } from '../../ports/console/requests.ts'
import type { SessionBook, Sessions } from '../../ports/console/sessions.ts'
import type { Holdings, Misses } from '../../ports/mirror.ts'
import type { Store } from '../../ports/store.ts'
import type { Tokens } from '../../ports/tokens.ts'
import { createConfirmedClock } from './confirmed-clock.ts'
import { createJournalRoom } from './journal-room.ts'
import { KnownMemories } from './known-memories.ts'
import { createLettingGo } from './letting-go.ts'
import { createRetention, type JournalBounds } from './retention.ts'
import { createSourceMemory } from './source-memory.ts'
import { createSessionsTable } from './tables/access/sessions-table.ts'
import { createTokensTable } from './tables/access/tokens-table.ts'
import { createAuditLog } from './tables/audit/audit-log.ts'
import { createBelongingsTable } from './tables/belongings-table.ts'
import { type BlobRecords, createBlobRecordsTable } from './tables/blob-records-table.ts'
import { createRequestsTable } from './tables/console/requests-table.ts'
import { createJournalTable } from './tables/journal-table.ts'
import { createHoldingsTable } from './tables/mirror/holdings-table.ts'
import { createMissesTable } from './tables/mirror/misses-table.ts'
import { prepareProjectTables } from './tables/project-tables.ts'
import { createRefusalsTable } from './tables/refusals-table.ts'
import { prepareSources, readGiven } from './tables/sources-table.ts'
import { createWords } from './tables/words-table.ts'
import { createWatermarkFact } from './watermark-fact.ts'
import { createWriteBehind, type WriteBehind } from './write-behind.ts'

/** How long a write that went through answers for the next. */
const PROBED_MS = 1_000

interface Options {
  readonly database: Database.Database
  readonly events: Events
  readonly clock: Clock
  readonly journal: JournalBounds
  /** told of everything that SQLite throws */
  readonly failed: (error: unknown) => void
  /** what memories of projects may weigh together, about bytes */
  readonly memoryWeight?: number
}

export interface SqliteStore {
  readonly store: Store
  readonly blobRecords: BlobRecords
  readonly holdings: Holdings
  readonly misses: Misses
  readonly tokens: Tokens
  readonly requests: Requests
  readonly audit: AuditLog & AuditRecords
  /** loaded where somebody is told something */
  notices(): Promise<NoticeQueue>
  readonly sessions: Sessions & SessionBook
}

/** The ports over one database: a file for each family of tables, and one place that writes. */
export function createSqliteStore(options: Options): SqliteStore {
  const { database, events, clock, journal: bounds, failed, memoryWeight } = options
  const writes = createWriteBehind({ database, events, failed })
  const watermark = createWatermarkFact(database, writes)
  const raise = (at: Instant): void => watermark.raise(at)
  const sources = prepareSources(database)
  const given = readGiven(database)
  const tables = prepareProjectTables(database)
  const known = new KnownMemories(memoryWeight)
  writes.add(known)
  const words = createWords(database)
  const journal = createJournalTable({ database, writes, words, raise })
  const room = createJournalRoom({ database, words, events, most: bounds.maxSize })
  const refusals = createRefusalsTable(database, writes, raise)
  const blobRecords = createBlobRecordsTable(database, writes, clock)
  const holdings = createHoldingsTable(database, writes)
  const misses = createMissesTable(database, writes)
  const belongings = new Map<string, Belongings>()
  const confirmed = createConfirmedClock({ clock, watermark })
  const { forgotten } = refusals
  const retention = createRetention({ database, confirmed, keep: bounds.keep, room, forgotten })
  const lettingGo = createLettingGo({ database, tables, known, writes, watermark, events, clock })
  const probe = createProbe(database, writes, clock)
  let closed = false

  return {
    blobRecords,
    holdings,
    misses,
    tokens: createTokensTable(database, writes.ask),
    requests: createRequestsTable(database, writes.ask),
    audit: createAuditLog(database, writes),
    async notices() {
      const { createNoticesTable } = await import('./tables/notices/notices-table.ts')
      return createNoticesTable(database, writes)
    },
    sessions: createSessionsTable(database, writes),
    store: {
      async memory(source) {
        const [id, unclaimed] = writes.ask('a source could not be looked up', () => [
          sources.number(source),
          sources.unclaimed(),
        ])
        return createSourceMemory(id, { database, unclaimed, sources, given, tables, known, writes, watermark })
      },
      belongings(index) {
        const known = belongings.get(index) ?? createBelongingsTable(database, writes, index)
        belongings.set(index, known)
        return known
      },
      journal,
      journalBytes: () => room.bytes(),
      refusals,
      watermark,
      probe: async () => probe(),
      async close() {
        if (closed) return
        closed = true
        retention.close()
        lettingGo.close()
        try {
          writes.close()
        } finally {
          database.close()
        }
      },
    },
  }
}

function createProbe(database: Database.Database, writes: WriteBehind, clock: Clock): () => void {
  const proof = database.prepare<[number]>(`insert or replace into facts (name, value) values ('probed', ?)`)
  let probed = Number.NEGATIVE_INFINITY
  return () => {
    writes.flush()
    if (performance.now() - probed < PROBED_MS) return
    writes.ask('the database cannot be written to', () => proof.run(clock()))
    probed = performance.now()
  }
}

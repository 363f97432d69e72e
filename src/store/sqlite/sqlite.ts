import type Database from 'better-sqlite3'
import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { Holdings, Misses } from '../../ports/mirror.ts'
import type { Store } from '../../ports/store.ts'
import { type BlobRecords, createBlobRecordsTable } from './blob-records-table.ts'
import { createFindingsTable } from './findings-table.ts'
import { createHistoriesTable } from './histories-table.ts'
import { createHoldingsTable } from './holdings-table.ts'
import { createJournalTable } from './journal-table.ts'
import { createMissesTable } from './misses-table.ts'
import { createRefusalsTable } from './refusals-table.ts'
import { createRetention } from './retention.ts'
import { createSightingsTable } from './sightings-table.ts'
import { createWatermarkFact } from './watermark-fact.ts'
import { createWriteBehind } from './write-behind.ts'

/** How long a write that went through answers for the next. */
const PROBED_MS = 1_000

interface Options {
  readonly database: Database.Database
  readonly events: Events
  readonly clock: Clock
  readonly journalKeep: Millis
  /** told of everything that SQLite throws */
  readonly failed: (error: unknown) => void
}

export interface SqliteStore {
  readonly store: Store
  readonly blobRecords: BlobRecords
  readonly holdings: Holdings
  readonly misses: Misses
}

/** The ports over one database: a file for each family of tables, and one place that writes. */
export function createSqliteStore({ database, events, clock, journalKeep, failed }: Options): SqliteStore {
  const writes = createWriteBehind({ database, events, failed })
  const watermark = createWatermarkFact(database, writes)
  const raise = (at: Instant): void => watermark.raise(at)
  const findings = createFindingsTable(database, writes, raise)
  const sightings = createSightingsTable(database, writes, raise, project => histories.forget(project))
  const histories = createHistoriesTable(database, writes, raise, sightings)
  const journal = createJournalTable(database, writes, raise)
  const refusals = createRefusalsTable(database, writes, raise)
  const blobRecords = createBlobRecordsTable(database, writes, clock)
  const holdings = createHoldingsTable(database, writes)
  const misses = createMissesTable(database, writes)
  const retention = createRetention({ database, clock, journalKeep })
  const proof = database.prepare<[number]>(`insert or replace into facts (name, value) values ('probed', ?)`)
  let probed = Number.NEGATIVE_INFINITY
  let closed = false

  return {
    blobRecords,
    holdings,
    misses,
    store: {
      findings,
      sightings,
      histories,
      journal,
      refusals,
      watermark,
      probe() {
        writes.flush()
        if (performance.now() - probed < PROBED_MS) return
        writes.ask('the database cannot be written to', () => proof.run(clock()))
        probed = performance.now()
      },
      close() {
        if (closed) return
        closed = true
        retention.close()
        try {
          writes.close()
        } finally {
          database.close()
        }
      },
    },
  }
}

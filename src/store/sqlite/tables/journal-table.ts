import type Database from 'better-sqlite3'
import type { Instant } from '../../../domain/base/instant.ts'
import { keptWithin } from '../../../flow/kept-within.ts'
import type { Journal, JournalEntry } from '../../../ports/store.ts'
import type { WriteBehind } from '../write-behind.ts'
import { createWords, type Words } from './words-table.ts'

/** ms; equal verdicts on one file for one client within this time share a row. What was let out is told by the second. */
const SHARED: Readonly<Record<JournalEntry['outcome'], number>> = {
  admitted: 1_000,
  refused: 60_000,
  forgotten: 1_000,
}
export function sharedTime(outcome: JournalEntry['outcome']): number {
  return SHARED[outcome]
}

/** How long a row is counted up once it is written, ms: afterwards it stands, for whoever sums it up. */
const COUNTED_UP = 120_000
/** Rows on disk that may still be counted up. */
const MOST_OPEN = 8 * 1024 * 1024
/** bytes of one with its entry, about */
const OPEN = 512

interface PendingEntry {
  readonly key: string
  readonly entry: JournalEntry
  /** the row that it counts up; `undefined`: it gets one of its own */
  readonly row: number | undefined
  /** until when it may, ms of `performance.now()` */
  readonly until: number
  count: number
}

/** A row on disk that equal entries share. */
interface Written {
  readonly entry: JournalEntry
  readonly row: number
  /** ms of `performance.now()` */
  readonly at: number
}

interface Options {
  readonly database: Database.Database
  readonly writes: WriteBehind
  readonly words: Words
  readonly raise: (at: Instant) => void
}

/** Append-only. Entries gather in memory and are written by the next batch, less than half a second later. */
export function createJournalTable({ database, writes, words, raise }: Options): Journal {
  const insert = prepareEntry(database)
  const countUp = database.prepare<[number, number, number]>(
    'update journal set count = count + ? where id = ? and at = ?',
  )
  const pending = new Set<PendingEntry>()
  /** the latest of a client, a file and a time, while it waits */
  const latest = new Map<string, PendingEntry>()
  /** and when it was written, where that time is long */
  const written = keptWithin<string, Written>({ bytes: MOST_OPEN, weigh: () => OPEN, ttl: SHARED.refused })

  /** The row that holds it now. */
  function write({ entry, count, row, until }: PendingEntry, fresh: Map<string, number>): number {
    // the row may have been dropped meanwhile, or summed up
    if (row !== undefined && performance.now() < until && countUp.run(count, row, entry.at).changes > 0) return row
    return insert(entry, count, word => words.number(word, fresh))
  }

  writes.add({
    size: () => pending.size,
    write(limit) {
      const fresh = new Map<string, number>()
      const rows = [...pending.values().take(limit)].map(waiting => ({ waiting, row: write(waiting, fresh) }))
      return () => {
        for (const { waiting, row } of rows) {
          const { key, entry } = waiting
          pending.delete(waiting)
          if (latest.get(key) !== waiting) continue
          latest.delete(key)
          const at = row === waiting.row ? waiting.until - COUNTED_UP : performance.now()
          if (entry.outcome === 'refused') written.set(key, { entry, row, at })
        }
        words.learn(fresh)
      }
    },
  })

  return {
    record(entry) {
      writes.assertWriting()
      const key = `${Math.floor(entry.at / SHARED[entry.outcome])} ${entry.client} ${entry.subject} ${entry.index} ${entry.filename}`
      const before = latest.get(key)
      if (before !== undefined && isSame(before.entry, entry)) before.count += 1
      else {
        const open = before === undefined && entry.outcome === 'refused' ? written.get(key) : undefined
        const shared = open !== undefined && isSame(open.entry, entry) ? open : undefined
        const until = (shared?.at ?? 0) + COUNTED_UP
        const added = { key, entry: shared?.entry ?? entry, row: shared?.row, until, count: 1 }
        pending.add(added)
        latest.set(key, added)
      }
      raise(entry.at)
      writes.due()
    },
    flush: async () => writes.flush(),
  }
}

/** Writes one entry within the transaction that is open, and says its row. */
function prepareEntry(
  database: Database.Database,
): (entry: JournalEntry, count: number, id: (word: string) => number) => number {
  const insert = database.prepare<(number | null)[]>(
    `insert into journal (at, filename, project, sha256, outcome, code, rule, identity, policy_digest, trust_digest,
       client, subject, index_name, source_name, count) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (entry, count, id) => {
    const optional = (word: string | undefined): number | null => (word === undefined ? null : id(word))
    const { lastInsertRowid } = insert.run(
      entry.at,
      id(entry.filename),
      id(entry.project),
      optional(entry.sha256),
      id(entry.outcome),
      id(entry.code),
      optional(entry.rule),
      optional(entry.identity === undefined ? undefined : JSON.stringify(entry.identity)),
      id(entry.policyDigest),
      optional(entry.trustDigest),
      id(entry.client),
      optional(entry.subject),
      optional(entry.index),
      optional(entry.source),
      count,
    )
    return Number(lastInsertRowid)
  }
}

/** Writes one entry from a process that keeps no journal of its own, within the transaction that is open. */
export function writeEntry(database: Database.Database, entry: JournalEntry): void {
  const words = createWords(database)
  const fresh = new Map<string, number>()
  prepareEntry(database)(entry, 1, word => words.number(word, fresh))
}

/** True when nothing but the time within the second tells them apart; this is on the way of every hit. */
export function isSame(one: JournalEntry, other: JournalEntry): boolean {
  return (
    one.filename === other.filename &&
    one.client === other.client &&
    one.subject === other.subject &&
    one.index === other.index &&
    one.source === other.source &&
    one.sha256 === other.sha256 &&
    one.project === other.project &&
    one.outcome === other.outcome &&
    one.code === other.code &&
    one.rule === other.rule &&
    one.policyDigest === other.policyDigest &&
    one.trustDigest === other.trustDigest &&
    isSameIdentity(one.identity, other.identity)
  )
}

function isSameIdentity(one: JournalEntry['identity'], other: JournalEntry['identity']): boolean {
  if (one === undefined || other === undefined) return one === other
  return (
    one.san === other.san &&
    one.issuer === other.issuer &&
    one.repository === other.repository &&
    one.workflow === other.workflow &&
    one.ref === other.ref &&
    one.commit === other.commit
  )
}

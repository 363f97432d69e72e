import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Instant } from '../../../domain/base/instant.ts'
import type { Journal, JournalEntry } from '../../../ports/store.ts'
import type { WriteBehind } from '../write-behind.ts'

/** Hits of one client on one file within this time share a row. */
const SHARED_MS = 1_000

interface PendingEntry {
  readonly key: string
  readonly entry: JournalEntry
  count: number
}

/** Append-only. Entries gather in memory and are written by the next batch, less than half a second later. */
export function createJournalTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
): Journal {
  const insert = prepareEntry(database)
  const words = createWords(database)
  const pending = new Set<PendingEntry>()
  /** the latest of a client, a file and a second */
  const latest = new Map<string, PendingEntry>()

  writes.add({
    size: () => pending.size,
    write(limit) {
      const entries = [...pending.values().take(limit)]
      const fresh = new Map<string, number>()
      for (const { entry, count } of entries) insert(entry, count, word => words.number(word, fresh))
      return () => {
        for (const written of entries) {
          pending.delete(written)
          if (latest.get(written.key) === written) latest.delete(written.key)
        }
        words.learn(fresh)
      }
    },
  })

  return {
    record(entry) {
      writes.assertWriting()
      const key = `${Math.floor(entry.at / SHARED_MS)} ${entry.client} ${entry.filename}`
      const before = latest.get(key)
      if (before !== undefined && isSame(before.entry, entry)) before.count += 1
      else {
        const added = { key, entry, count: 1 }
        pending.add(added)
        latest.set(key, added)
      }
      raise(entry.at)
      writes.due()
    },
    flush: async () => writes.flush(),
  }
}

/** Writes one entry within the transaction that is open. */
function prepareEntry(
  database: Database.Database,
): (entry: JournalEntry, count: number, id: (word: string) => number) => void {
  const insert = database.prepare<(number | null)[]>(
    `insert into journal (at, filename, project, sha256, outcome, code, rule, identity, policy_digest, trust_digest,
       client, count) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (entry, count, id) => {
    const optional = (word: string | undefined): number | null => (word === undefined ? null : id(word))
    insert.run(
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
      count,
    )
  }
}

/** Writes one entry from a process that keeps no journal of its own, within the transaction that is open. */
export function writeEntry(database: Database.Database, entry: JournalEntry): void {
  const words = createWords(database)
  const fresh = new Map<string, number>()
  prepareEntry(database)(entry, 1, word => words.number(word, fresh))
}

/** True when nothing but the time within the second tells them apart; this is on the way of every hit. */
function isSame(one: JournalEntry, other: JournalEntry): boolean {
  return (
    one.filename === other.filename &&
    one.client === other.client &&
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
    one.ref === other.ref
  )
}

interface Words {
  /** The word's number, given to it now when it has none; `fresh` holds what the open transaction learned. */
  number(word: string, fresh: Map<string, number>): number
  learn(fresh: ReadonlyMap<string, number>): void
}

function createWords(database: Database.Database): Words {
  const select = database.prepare<[string], number>('select id from words where word = ?').pluck()
  const insert = database.prepare<[string]>('insert into words (word) values (?)')
  const known = new LRUCache<string, number>({ max: 10_000 })
  return {
    number(word, fresh) {
      const remembered = known.get(word) ?? fresh.get(word)
      if (remembered !== undefined) return remembered
      const id = select.get(word) ?? Number(insert.run(word).lastInsertRowid)
      // not remembered beyond the transaction before that is committed: it may be rolled back
      fresh.set(word, id)
      return id
    },
    learn(fresh) {
      for (const [word, id] of fresh) known.set(word, id)
    },
  }
}

import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Instant } from '../domain/instant.ts'
import type { Journal, JournalEntry } from '../ports.ts'
import type { WriteBehind } from './write-behind.ts'

/** Hits of one client on one file within this time share a row. */
const SHARED_MS = 1_000

interface PendingEntry {
  readonly entry: JournalEntry
  count: number
}

/** Append-only. Entries gather in memory and are written by the next batch, some tenths of a second later. */
export function createJournalTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
): Journal {
  const insert = database.prepare<(number | null)[]>(
    `insert into journal (at, filename, project, sha256, outcome, code, rule, identity, policy_digest, trust_digest,
       client, count) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const words = createWords(database)
  const pending = new Map<string, PendingEntry>()

  writes.add({
    size: () => pending.size,
    write(limit) {
      const entries = [...pending.entries().take(limit)]
      const fresh = new Map<string, number>()
      const id = (word: string): number => words.number(word, fresh)
      const optional = (word: string | undefined): number | null => (word === undefined ? null : id(word))
      for (const [, { entry, count }] of entries)
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
      return () => {
        for (const [key] of entries) pending.delete(key)
        words.learn(fresh)
      }
    },
  })

  return {
    record(entry) {
      writes.assertWriting()
      const key = keyOf(entry)
      const same = pending.get(key)
      if (same === undefined) pending.set(key, { entry, count: 1 })
      else same.count += 1
      raise(entry.at)
      writes.due()
    },
    flush: writes.flush,
  }
}

/** Everything by which entries differ, the identity too: same bytes may be judged by another proof a moment later. */
function keyOf(entry: JournalEntry): string {
  const { at, filename, project, sha256, outcome, code, rule, identity, policyDigest, trustDigest, client } = entry
  const second = Math.floor(at / SHARED_MS)
  const who = identity === undefined ? '' : JSON.stringify(identity)
  return `${second}\n${client}\n${filename}\n${project}\n${sha256}\n${outcome}\n${code}\n${rule}\n${policyDigest}\n${trustDigest}\n${who}`
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

import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import { instant } from '../../domain/base/instant.ts'
import type { FindingKey, Findings, RememberedFinding } from '../../ports/memory.ts'
import { decodeFinding, encodeFinding } from '../../verify/evidence/finding-codec.ts'
import type { WriteBehind } from './write-behind.ts'

/** Characters of stored JSON that stay decoded in memory. */
const CACHED = 16 * 1024 * 1024
/** What an entry costs beside its JSON. */
const ENTRY = 400

interface Row {
  readonly finding: string
  readonly found: number
  readonly seal: Buffer
}

interface PendingRow {
  readonly key: FindingKey
  readonly finding: string
  readonly found: number
}

interface Cached {
  /** `undefined`: known to be absent */
  readonly remembered: RememberedFinding | undefined
  readonly characters: number
}

/** Findings in memory first, then one prepared statement. Nothing is decoded before it is asked for. */
export function createFindingsTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: RememberedFinding['found']) => void,
): Findings {
  const select = database.prepare<[string, string, string], Row>(
    'select finding, found, seal from findings where sha256 = unhex(?) and filename = ? and trust = ?',
  )
  const upsert = database.prepare<[string, string, string, string, number, Buffer]>(
    `insert into findings (sha256, filename, trust, finding, found, seal) values (unhex(?), ?, ?, ?, ?, ?)
     on conflict do update set finding = excluded.finding, found = excluded.found, seal = excluded.seal`,
  )
  const cache = new LRUCache<string, Cached>({
    maxSize: CACHED,
    sizeCalculation: ({ characters }) => ENTRY + characters,
  })
  const pending = new Map<string, PendingRow>()

  writes.add({
    size: () => pending.size,
    write(limit) {
      const rows = [...pending.entries().take(limit)]
      for (const [, row] of rows) {
        const { key, finding, found } = row
        upsert.run(key.sha256, key.filename, key.trustDigest, finding, found, sealOf(key, finding, found))
      }
      return () => {
        for (const [name] of rows) pending.delete(name)
      }
    },
  })

  function read(key: FindingKey, name: string): Cached {
    const waiting = pending.get(name)
    if (waiting !== undefined) return decode(waiting.finding, waiting.found)
    const row = writes.ask('a finding could not be read', () => select.get(key.sha256, key.filename, key.trustDigest))
    if (row === undefined || !sealOf(key, row.finding, row.found).equals(row.seal)) return ABSENT
    return decode(row.finding, row.found)
  }

  return {
    get(key) {
      const name = nameOf(key)
      const cached = cache.get(name)
      if (cached !== undefined) return cached.remembered
      const fresh = read(key, name)
      cache.set(name, fresh)
      return fresh.remembered
    },
    put(key, remembered) {
      writes.assertWriting()
      const name = nameOf(key)
      const finding = encodeFinding(remembered.finding)
      cache.set(name, { remembered, characters: finding.length })
      pending.set(name, { key, finding, found: remembered.found })
      raise(remembered.found)
      writes.due()
    },
  }
}

const ABSENT: Cached = { remembered: undefined, characters: 0 }

function decode(text: string, found: number): Cached {
  const finding = decodeFinding(text)
  if (finding === undefined) return ABSENT
  return { remembered: { finding, found: instant(found) }, characters: text.length }
}

function nameOf({ sha256, filename, trustDigest }: FindingKey): string {
  return `${sha256} ${filename} ${trustDigest}`
}

/** Binds what was found to the file and the root it was found for. Guards against damage, not against who can write here. */
function sealOf(key: FindingKey, finding: string, found: number): Buffer {
  return createHash('sha256')
    .update(`${nameOf(key)} ${found} ${finding}`)
    .digest()
}

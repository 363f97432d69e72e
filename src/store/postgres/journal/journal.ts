import { type Instant, instant } from '../../../domain/base/instant.ts'
import { keptWithin } from '../../../flow/kept-within.ts'
import type { Journal, JournalEntry, KeptRefusal, Refusals } from '../../../ports/store.ts'
import { isSame, sharedTime } from '../../sqlite/tables/journal-table.ts'
import { decodeRefused, encodeRefused } from '../../sqlite/tables/refused-codec.ts'
import type { Ask, Connection } from '../connection.ts'
import { jsonText } from '../json-text.ts'
import type { Outbox } from './outbox.ts'
import { ensurePartitions } from './partitions.ts'
import type { WaitingRow } from './waiting-file.ts'

/** Rows that may still be counted up, about bytes. */
const MOST_OPEN = 8 * 1024 * 1024
const OPEN = 512
const LONGEST_SHARED = 60_000

interface OpenRow {
  readonly number: number
  readonly entry: JournalEntry
  count: number
}

/** A verdict on its way: the entry, and how often it was given so far. */
interface SentVerdict {
  readonly entry: JournalEntry
  readonly count: number
}

interface SentRefusal {
  readonly id: string
  readonly refused: string
  readonly at: number
}

/** Append-only; equal entries of one time share a row, which is sent again with its count. */
export function createJournal(outbox: Outbox, raise: (at: Instant) => void): Journal {
  const open = keptWithin<string, OpenRow>({ bytes: MOST_OPEN, weigh: () => OPEN, ttl: LONGEST_SHARED })
  return {
    record(entry) {
      outbox.assertRoom()
      const key = `${Math.floor(entry.at / sharedTime(entry.outcome))} ${entry.client} ${entry.subject} ${entry.index} ${entry.filename}`
      const before = open.get(key)
      const row =
        before !== undefined && isSame(before.entry, entry) ? before : { number: outbox.next(), entry, count: 0 }
      row.count += 1
      if (row !== before) open.set(key, row)
      const sent: SentVerdict = { entry: row.entry, count: row.count }
      outbox.put({ number: row.number, kind: 'verdict', body: JSON.stringify(sent) })
      raise(entry.at)
    },
    flush: async () => await outbox.flush(),
  }
}

/** Refusals wait with the verdicts. */
export function createRefusals(
  outbox: Outbox,
  connection: Connection,
  raise: (at: Instant) => void,
): Refusals & { sent(rows: readonly WaitingRow[]): void; forgotten(ids: readonly string[]): void } {
  const pending = new Map<string, KeptRefusal & { readonly number: number }>()
  const watching: ((ids: readonly string[]) => void)[] = []
  return {
    put(id, refused, at) {
      outbox.assertRoom()
      const number = outbox.next()
      pending.set(id, { refused, at, number })
      const sent: SentRefusal = { id, refused: encodeRefused(refused), at }
      outbox.put({ number, kind: 'refusal', body: JSON.stringify(sent) })
      raise(at)
    },
    async get(id) {
      const known = pending.get(id)
      if (known !== undefined) return { refused: known.refused, at: known.at }
      return await readRefusal(connection, id)
    },
    watch: gone => void watching.push(gone),
    forgotten(ids) {
      for (const tell of watching) tell(ids.filter(id => !pending.has(id)))
    },
    sent(rows) {
      const numbers = new Set(rows.map(({ number }) => number))
      for (const [id, { number }] of pending) if (numbers.has(number)) pending.delete(id)
    },
  }
}

/** A row that is not exactly a refusal is absent. */
export async function readRefusal(connection: Connection, id: string): Promise<KeptRefusal | undefined> {
  const [row] = await connection.ask<{ refused: string; at: number }>(
    'an explanation could not be read',
    'select refused, at from refusals where id = $1',
    [id],
  )
  const refused = row === undefined ? undefined : decodeRefused(row.refused)
  return row === undefined || refused === undefined ? undefined : { refused, at: instant(row.at) }
}

const INSERT_VERDICTS = `
insert into journal (at, gate, number, filename, project, sha256, outcome, code, rule, identity, policy_digest, trust_digest,
  client, subject, index_name, source_name, count)
select (e->>'at')::bigint, $1, (v->>0)::bigint, e->>'filename', e->>'project', e->>'sha256', e->>'outcome', e->>'code',
  e->>'rule', e->'identity', e->>'policyDigest', e->>'trustDigest', e->>'client', e->>'subject', e->>'index', e->>'source',
  (v->>2)::integer
from (select v, v->1 as e from json_array_elements($2::json) v) sent
order by (v->>0)::bigint
on conflict (at, gate, number) do update set count = greatest(journal.count, excluded.count)`

const INSERT_REFUSALS = `
insert into refusals (id, refused, at)
select distinct on (r->>'id') r->>'id', r->>'refused', (r->>'at')::bigint from json_array_elements($1::json) r
order by r->>'id', (r->>'at')::bigint desc
on conflict (id) do update set refused = excluded.refused, at = excluded.at where refusals.at <= excluded.at`

/** Writes what waited; the same rows again change nothing. */
export async function sendRows(connection: Connection, gate: string, rows: readonly WaitingRow[]): Promise<void> {
  const what = 'what was decided could not be written into the database'
  const verdicts = rows.filter(({ kind }) => kind === 'verdict').map(row => [row.number, JSON.parse(row.body)] as const)
  const refusals = rows.filter(({ kind }) => kind === 'refusal').map(({ body }) => JSON.parse(body) as SentRefusal)
  if (verdicts.length > 0) {
    const sent = verdicts.map(([number, { entry, count }]: readonly [number, SentVerdict]) => [number, entry, count])
    await ensurePartitions(
      connection,
      verdicts.map(([, { entry }]: readonly [number, SentVerdict]) => entry.at),
    )
    await connection.ask(what, INSERT_VERDICTS, [gate, jsonText(sent)])
  }
  if (refusals.length > 0) await connection.ask(what, INSERT_REFUSALS, [jsonText(refusals)])
}

/** One verdict beside what else is written with it; its month is there (`ensurePartitions`). */
export async function writeVerdict(ask: Ask, id: string, entry: Partial<JournalEntry>): Promise<void> {
  await ask(INSERT_VERDICTS, [id, jsonText([[1, entry, 1]])])
}

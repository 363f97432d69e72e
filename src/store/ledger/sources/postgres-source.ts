import pg from 'pg'
import { instant } from '../../../domain/base/instant.ts'
import type { Identity } from '../../../domain/identity/attestation.ts'
import type { JournalRow } from '../../../ports/records.ts'
import type { LedgerFile } from '../columns/ledger-file.ts'
import type { PlainRow } from '../columns/segment.ts'
import { identityIn } from './identity-text.ts'
import type { JournalSource } from './source.ts'

/** Of this reader alone. */
const CONNECTIONS = 2
/** ms */
const CONNECTS_WITHIN = 2_000
const ANSWERS_WITHIN = 5_000
/** How old a row is that nothing is added to any more, ms; and how many may be on their way into the database meanwhile, in any order. */
const SETTLED_MS = 300_000
const UNSETTLED = 10_000
/** Rows that are read at once. */
const PIECE = 4_096

const COLUMNS = `id, at, count, project, filename, sha256, outcome, code, rule, identity::text as identity, subject, index_name, client, source_name`
/** of {@link COLUMNS}, from the first word on, as they are numbered */
const WORDS = [
  'project',
  'filename',
  'sha256',
  'outcome',
  'code',
  'rule',
  'identity',
  'subject',
  'index_name',
  'client',
  'source_name',
] as const

type EntryRow = Readonly<Record<'id' | 'at' | 'count', string | number> & Record<(typeof WORDS)[number], string | null>>
type WholeRow = EntryRow & { readonly policy_digest: string; readonly trust_digest: string | null }

/** The journal of gates that share a database, read-only; its words are numbered in the file. */
export function openPostgresSource(
  url: string,
  { words, together }: Pick<LedgerFile, 'words' | 'together'>,
): JournalSource {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECTS_WITHIN,
    query_timeout: ANSWERS_WITHIN,
    statement_timeout: ANSWERS_WITHIN,
    keepAlive: true,
    application_name: 'portcullis ledger',
    // whoever reads here writes nothing
    options: '-c default_transaction_read_only=on',
  })
  // one that waits in the pool and breaks: whoever asks next is told
  pool.on('error', () => {})

  async function ask<Row>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { rows } = await pool.query(text, [...values])
    return rows as readonly Row[]
  }

  /** Texts come back in nearly every row. */
  function numbered(rows: readonly EntryRow[]): readonly PlainRow[] {
    const known = new Map<string, number>()
    const numberOf = (word: string | null): number => {
      if (word === null) return 0
      const number = known.get(word) ?? words.give(word)
      known.set(word, number)
      return number
    }
    const plain: PlainRow[] = []
    together(() => {
      for (const row of rows)
        plain.push([Number(row.id), Number(row.at), Number(row.count), ...WORDS.map(name => numberOf(row[name]))])
    })
    return plain
  }

  async function lastSettled(now: number): Promise<number> {
    const [row] = await ask<{ settled: string | null; last: string | null }>(
      `select (select max(id) from journal) as last,
         (select id from journal where at < $1 order by at desc, id desc limit 1) as settled`,
      [now - SETTLED_MS],
    )
    return Math.min(Number(row?.settled ?? 0), Number(row?.last ?? 0) - UNSETTLED)
  }

  return {
    // the database's own count of changes comes a second late
    version: async () => Symbol('now'),
    async extent() {
      const [row] = await ask<Record<'first' | 'last' | 'at' | 'at_id', string | null>>(
        `select (select min(id) from journal) as first, (select max(id) from journal) as last, least.at, least.id as at_id
         from (select at, id from journal order by at, id limit 1) as least`,
      )
      return row === undefined
        ? undefined
        : { id: Number(row.first), last: Number(row.last), at: Number(row.at), idAt: Number(row.at_id) }
    },
    settled: async now => Math.max(0, await lastSettled(now)),
    async rows(after, limit) {
      const rows: PlainRow[] = []
      let last = after
      while (rows.length < limit) {
        const most = Math.min(PIECE, limit - rows.length)
        const piece = await ask<EntryRow>(`select ${COLUMNS} from journal where id > $1 order by id limit $2`, [
          last,
          most,
        ])
        rows.push(...numbered(piece))
        last = Number(piece.at(-1)?.id ?? last)
        if (piece.length < most) break
      }
      return rows
    },
    async rowsBefore(from, upTo, limit) {
      const rows: PlainRow[] = []
      let last = upTo
      while (rows.length < limit) {
        const most = Math.min(PIECE, limit - rows.length)
        const piece = await ask<EntryRow>(
          `select ${COLUMNS} from journal where id >= $1 and id <= $2 order by id desc limit $3`,
          [from, last, most],
        )
        rows.push(...numbered(piece))
        last = Number(piece.at(-1)?.id ?? last) - 1
        if (piece.length < most) break
      }
      return rows.toReversed()
    },
    async counts(after) {
      const rows = await ask<{ id: string; count: number }>(
        'select id, count from journal where id > $1 and count > 1',
        [after],
      )
      return rows.map(({ id, count }) => [Number(id), count] as const)
    },
    async mark(id) {
      const [row] = await ask<{ mark: string }>(
        `select concat_ws(' ', at, gate, number) as mark from journal where id = $1`,
        [id],
      )
      return row?.mark
    },
    async told(ids) {
      const rows = await ask<WholeRow>(
        `select ${COLUMNS}, policy_digest, trust_digest from journal where id = any($1::bigint[])`,
        [ids],
      )
      return new Map(rows.map(row => [Number(row.id), told(row)] as const))
    },
    number: word => words.number(word),
    text: number => (number === 0 ? '' : (words.text(number) ?? '')),
    close: async () => await pool.end(),
  }
}

function told(row: WholeRow): JournalRow {
  const identity: Identity | undefined = identityIn(row.identity ?? '')
  return {
    at: instant(Number(row.at)),
    filename: row.filename ?? '',
    project: row.project ?? '',
    sha256: row.sha256 ?? undefined,
    outcome: row.outcome as JournalRow['outcome'],
    code: row.code ?? '',
    rule: row.rule ?? undefined,
    identity,
    policyDigest: row.policy_digest,
    trustDigest: row.trust_digest ?? undefined,
    client: row.client ?? '',
    ...(row.subject === null ? {} : { subject: row.subject }),
    ...(row.index_name === null ? {} : { index: row.index_name }),
    ...(row.source_name === null ? {} : { source: row.source_name }),
    count: Number(row.count),
  }
}

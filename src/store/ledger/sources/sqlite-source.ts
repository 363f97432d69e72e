import Database from 'better-sqlite3'
import { instant } from '../../../domain/base/instant.ts'
import type { JournalRow } from '../../../ports/records.ts'
import { type PlainRow, SEGMENT } from '../columns/segment.ts'
import { identityIn } from './identity-text.ts'
import type { JournalSource } from './source.ts'

/** How old a row is that nothing is added to any more, ms. */
const SETTLED_MS = 300_000
/** What is held in memory at most, whatever the clock said when it was written. */
const MOST_UNSETTLED = 20 * SEGMENT

const COLUMNS =
  'id, at, count, project, filename, sha256, outcome, code, rule, identity, subject, index_name, client, source_name'

/** The journal of a data folder that somebody may be writing to, read-only. */
export function openSqliteSource(file: string): JournalSource {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 2_000 })
  database.pragma('cache_size = -4096')
  const after = database
    .prepare<[number, number], PlainRow>(`select ${COLUMNS} from journal where id > ? order by id limit ?`)
    .raw()
  const before = database
    .prepare<[number, number, number], PlainRow>(
      `select ${COLUMNS} from journal where id >= ? and id <= ? order by id desc limit ?`,
    )
    .raw()
  const counts = database
    .prepare<[number], readonly [number, number]>('select id, count from journal where id > ? and count > 1')
    .raw()
  const extent = database.prepare<
    [],
    { readonly first: number | null; readonly last: number | null; readonly at: number | null }
  >(
    'select (select min(id) from journal) as first, (select max(id) from journal) as last, (select min(at) from journal) as at',
  )
  const leastAt = database.prepare<[number], number>('select min(id) from journal where at = ?').pluck()
  const latest = database
    .prepare<[number], number>('select id from journal where at < ? order by at desc limit 1')
    .pluck()
  const one = database.prepare<[number], WholeRow>('select * from journal where id = ?')
  const number = database.prepare<[string], number>('select id from words where word = ?').pluck()
  const text = database.prepare<[number], string>('select word from words where id = ?').pluck()
  const textOf = (word: number | null | undefined): string =>
    word === null || word === undefined ? '' : (text.get(word) ?? '')

  return {
    version: async () => database.pragma('data_version', { simple: true }),
    async extent() {
      const { first, last, at } = extent.get() ?? { first: null, last: null, at: null }
      return first === null || last === null || at === null
        ? undefined
        : { id: first, last, at, idAt: leastAt.get(at) ?? first }
    },
    async settled(now) {
      const { last } = extent.get() ?? { last: 0 }
      return Math.max(latest.get(now - SETTLED_MS) ?? 0, (last ?? 0) - MOST_UNSETTLED)
    },
    rows: async (id, limit) => after.all(id, limit),
    rowsBefore: async (from, upTo, limit) => before.all(from, upTo, limit).toReversed(),
    counts: async id => counts.all(id),
    async mark(id) {
      const row = one.get(id)
      return row && `${row.at} ${textOf(row.filename)} ${textOf(row.project)}`
    },
    async told(ids) {
      const rows = ids.flatMap(id => one.get(id) ?? [])
      return new Map(rows.map(row => [row.id, told(row, textOf)] as const))
    },
    number: word => number.get(word),
    text: textOf,
    close: async () => void database.close(),
  }
}

type WordOf = 'filename' | 'project' | 'outcome' | 'code' | 'policy_digest' | 'client'
type MaybeWordOf = 'sha256' | 'rule' | 'identity' | 'trust_digest' | 'subject' | 'index_name' | 'source_name'
type WholeRow = { readonly id: number; readonly at: number; readonly count: number } & Readonly<
  Record<WordOf, number> & Record<MaybeWordOf, number | null>
>

function told(row: WholeRow, textOf: (word: number | null) => string): JournalRow {
  const maybe = (word: number | null): string | undefined => (word === null ? undefined : textOf(word))
  return {
    at: instant(row.at),
    filename: textOf(row.filename),
    project: textOf(row.project),
    sha256: maybe(row.sha256),
    outcome: textOf(row.outcome) as JournalRow['outcome'],
    code: textOf(row.code),
    rule: maybe(row.rule),
    identity: identityIn(textOf(row.identity)),
    policyDigest: textOf(row.policy_digest),
    trustDigest: maybe(row.trust_digest),
    client: textOf(row.client),
    ...(row.subject === null ? {} : { subject: textOf(row.subject) }),
    ...(row.index_name === null ? {} : { index: textOf(row.index_name) }),
    ...(row.source_name === null ? {} : { source: textOf(row.source_name) }),
    count: row.count,
  }
}

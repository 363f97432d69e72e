import { hash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { GateError } from '../../../domain/base/errors.ts'
import type { Clock } from '../../../domain/base/instant.ts'
import { storeError } from '../../failure/store-error.ts'
import { openDatabase } from '../../sqlite/database.ts'
import { databaseIn } from '../../sqlite/schema.ts'
import { REQUEST_COLUMNS } from '../../sqlite/tables/console/request-row.ts'
import type { Connection } from '../connection.ts'
import { sendRows } from '../journal/journal.ts'
import type { WaitingRow } from '../journal/waiting-file.ts'
import { jsonText } from '../json-text.ts'
import { copyAudit } from './copy-audit.ts'
import { copyNotices } from './copy-notices.ts'
import { copyProjects } from './copy-projects.ts'
import { type Copied, count, countThere } from './counts.ts'

const PIECE = 500
const WHAT = 'what a data folder knows could not be brought into the database'

/**
 * Brings what a data folder knows into a database; what that knows already stays, put together with it by the rules of `domain/memory`. The
 * folder is only read, by a copy that is brought up to date. To do it again, or once more after it was stopped, is harmless.
 *
 * @throws GateError `config-invalid` where there is no data folder, `unknown-store`
 */
export async function copyFolder(folder: string, connection: Connection, clock: Clock): Promise<readonly Copied[]> {
  if (!existsSync(databaseIn(folder)))
    throw new GateError('config-invalid', `there is no database of a gate in ${folder}`)
  const place = mkdtempSync(join(tmpdir(), 'portcullis-'))
  try {
    const file = join(place, 'portcullis.sqlite')
    await copyFile(databaseIn(folder), file)
    const database = await openDatabase({ file, events: { emit() {} }, clock }, opened => opened)
    try {
      return [...(await copyProjects(database, connection)), ...(await copyRest(database, connection))]
    } finally {
      database.close()
    }
  } catch (error) {
    throw storeError(WHAT, error)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** As it is in one moment, whoever works with it. */
async function copyFile(from: string, to: string): Promise<void> {
  const source = new Database(from, { readonly: true, fileMustExist: true, timeout: 5_000 })
  try {
    await source.backup(to)
  } finally {
    source.close()
  }
}

async function copyRest(database: Database.Database, connection: Connection): Promise<readonly Copied[]> {
  const gate = await copyJournal(database, connection)
  await copyRefusals(database, connection, gate)
  const audit = await copyAudit(database, connection)
  await copyNotices(database, connection, gate)
  for (const [table, columns] of TABLES) await copyTable(database, connection, table, columns)
  const newest = database.prepare<[], number>(`select value from facts where name = 'newest'`).pluck().get() ?? 0
  await connection.ask(
    WHAT,
    `insert into facts as f (name, value) values ('newest', $1)
     on conflict (name) do update set value = greatest(f.value, excluded.value)`,
    [newest],
  )
  return [
    {
      what: 'verdicts',
      inFolder: count(database, 'select coalesce(sum(count), 0) from journal'),
      inDatabase: await countThere(connection, 'select coalesce(sum(count), 0) from journal where gate = $1', [gate]),
    },
    audit,
    ...(await Promise.all(
      ['refusals', ...TABLES.map(([table]) => table)].map(async what => ({
        what,
        inFolder: count(database, `select count(*) from ${what}`),
        inDatabase: await countThere(connection, `select count(*) from ${what}`),
      })),
    )),
  ]
}

/** Rows have the numbers that they had there, of a gate that is called after the first of them. */
async function copyJournal(database: Database.Database, connection: Connection): Promise<string> {
  const first = database.prepare('select * from journal_entries order by id limit 1').get() ?? 'nothing'
  const gate = hash('md5', JSON.stringify(first))
  const select = database.prepare<[number, number], Record<string, string | number | null>>(
    'select * from journal_entries where id > ? order by id limit ?',
  )
  for (let rows = select.all(0, PIECE); rows.length > 0; ) {
    await sendRows(connection, gate, rows.map(waitingVerdict))
    rows = select.all(Number(rows.at(-1)?.['id']), PIECE)
  }
  return gate
}

function waitingVerdict(row: Record<string, string | number | null>): WaitingRow {
  const { id, count: times, identity, policy_digest, trust_digest, index_name, source_name, ...rest } = row
  const present = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
  const entry = {
    ...present,
    policyDigest: policy_digest,
    ...(identity === null ? {} : { identity: JSON.parse(String(identity)) as unknown }),
    ...(trust_digest === null ? {} : { trustDigest: trust_digest }),
    ...(index_name === null ? {} : { index: index_name }),
    ...(typeof source_name === 'string' ? { source: source_name } : {}),
  }
  return { number: Number(id), kind: 'verdict', body: JSON.stringify({ entry, count: times }) }
}

async function copyRefusals(database: Database.Database, connection: Connection, gate: string): Promise<void> {
  const select = database.prepare<[string, number], { readonly id: string }>(
    'select id, refused, at from refusals where id > ? order by id limit ?',
  )
  for (let rows = select.all('', PIECE); rows.length > 0; rows = select.all(rows.at(-1)?.id ?? '', PIECE)) {
    const waiting = rows.map((row, number): WaitingRow => ({ number, kind: 'refusal', body: JSON.stringify(row) }))
    await sendRows(connection, gate, waiting)
  }
}

/** Tables whose rows are taken over as they are, where nobody has one under the same key. */
const TABLES = [
  ['belongings', ['index_name', 'project', 'source_name', 'since']],
  ['held', ['project', 'filename', 'source_name', 'sha256', 'entry']],
  ['passages', ['signer', 'sequence', 'manifest', 'at']],
  ['misses', ['index_name', 'project', 'filename', 'times', 'last']],
  ['tokens', ['hash', 'name', 'indexes', 'metrics', 'scopes', 'given_by', 'holder', 'created', 'expires', 'revoked']],
  ['requests', REQUEST_COLUMNS],
] as const

async function copyTable(
  database: Database.Database,
  connection: Connection,
  table: string,
  columns: readonly string[],
): Promise<void> {
  const read = columns.map(column => (column === 'hash' ? 'lower(hex(hash)) as hash' : column))
  const order = columns.includes('hash') ? 'id' : table === 'requests' ? 'sequence' : '1'
  const rows = database
    .prepare<[], Record<string, unknown>>(`select ${read.join(', ')} from ${table} order by ${order}`)
    .all()
  const told = rows.map(row => (table === 'tokens' ? { ...row, metrics: row['metrics'] !== 0 } : row))
  for (let from = 0; from < told.length; from += PIECE)
    await connection.ask(
      WHAT,
      `insert into ${table} (${columns.join(', ')})
       select ${columns.map(column => `r.${column}`).join(', ')} from json_populate_recordset(null::${table}, $1::json) r
       on conflict do nothing`,
      [jsonText(told.slice(from, from + PIECE))],
    )
}

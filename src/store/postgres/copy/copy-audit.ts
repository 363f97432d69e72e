import type Database from 'better-sqlite3'
import { COLUMNS, rowOf, type StoredRow } from '../../audit/chain.ts'
import { appendShared, insertRows } from '../audit/audit-log.ts'
import type { Connection } from '../connection.ts'
import { type Copied, count } from './counts.ts'

const WHAT = 'the audit log could not be brought into the database'
const PIECE = 200
/** In the detail of a row that stands behind those of others: its place in the folder's own chain. */
const CARRIED = 'carried'

/**
 * The audit log of a data folder. A database that has none takes it row by row as it is, so that the chain and every place that somebody
 * wrote down of it go on; behind rows of its own it gets one row for each, which says where that stood. What is there already is not
 * brought again.
 */
export async function copyAudit(database: Database.Database, connection: Connection): Promise<Copied> {
  const rows = count(database, 'select count(*) from audit_log')
  if (rows > 0 && !(await bringAsIs(database, connection)))
    for await (const row of missing(database, connection)) await bringBehind(connection, row)
  let gone = 0
  for await (const _ of missing(database, connection)) gone += 1
  return { what: 'audit log', inFolder: rows, inDatabase: rows - gone }
}

/** False where the database has rows already. */
async function bringAsIs(database: Database.Database, connection: Connection): Promise<boolean> {
  return await connection.transaction(WHAT, async ask => {
    await ask(
      `insert into facts (name, value) values ('audited', 0) on conflict (name) do update set value = facts.value`,
    )
    if ((await ask('select 1 from audit_log limit 1')).length > 0) return false
    for (const rows of inPieces(database)) await insertRows(ask, rows)
    const written = database.prepare<[], number>(`select value from facts where name = 'audited'`).pluck().get() ?? 0
    await ask(`update facts set value = $1 where name = 'audited'`, [written])
    return true
  })
}

function* inPieces(database: Database.Database): Generator<readonly StoredRow[]> {
  const select = database.prepare<[number, number], StoredRow>(
    `select ${COLUMNS.join()} from audit_log where sequence > ? order by sequence limit ?`,
  )
  for (let rows = select.all(0, PIECE); rows.length > 0; rows = select.all(rows.at(-1)?.sequence ?? 0, PIECE))
    yield rows
}

async function carriedThere(connection: Connection): Promise<ReadonlySet<string>> {
  const rows = await connection.ask<StoredRow>(WHAT, `select * from audit_log where detail like '%"${CARRIED}":%'`)
  return new Set(rows.flatMap(row => rowOf(row).detail[CARRIED] ?? []))
}

/** Rows that the database has neither as they are nor behind its own. */
async function* missing(database: Database.Database, connection: Connection): AsyncGenerator<StoredRow> {
  const there = await carriedThere(connection)
  for (const rows of inPieces(database)) {
    const same = await sameThere(connection, rows)
    yield* rows.filter(row => !same.has(row.hash) && !there.has(placeOf(row)))
  }
}

async function sameThere(connection: Connection, rows: readonly StoredRow[]): Promise<ReadonlySet<string>> {
  const [first, last] = [rows[0]?.sequence ?? 0, rows.at(-1)?.sequence ?? 0]
  const found = await connection.ask<{ sequence: number; hash: string }>(
    WHAT,
    'select sequence, hash from audit_log where sequence between $1 and $2',
    [first, last],
  )
  const known = new Map(found.map(({ sequence, hash }) => [sequence, hash]))
  return new Set(rows.flatMap(({ sequence, hash }) => (known.get(sequence) === hash ? [hash] : [])))
}

async function bringBehind(connection: Connection, row: StoredRow): Promise<void> {
  const { detail, ...entry } = rowOf(row)
  await connection.transaction(WHAT, async ask => {
    await appendShared(ask, { ...entry, detail: { ...detail, [CARRIED]: placeOf(row) } })
  })
}

function placeOf({ sequence, hash }: StoredRow): string {
  return `${sequence}:${hash}`
}

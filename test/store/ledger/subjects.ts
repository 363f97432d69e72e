import { randomUUID } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import type { Test } from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import { openLedgerFile } from '../../../src/store/ledger/columns/ledger-file.ts'
import { createEngine, type Engine } from '../../../src/store/ledger/engine.ts'
import type { ShelfSizes } from '../../../src/store/ledger/shelves/shelves.ts'
import { openPostgresSource } from '../../../src/store/ledger/sources/postgres-source.ts'
import { openSqliteSource } from '../../../src/store/ledger/sources/sqlite-source.ts'
import { createConnection } from '../../../src/store/postgres/connection.ts'
import { ensurePartitions } from '../../../src/store/postgres/journal/partitions.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { openDatabase } from '../../../src/store/sqlite/database.ts'
import { createWords } from '../../../src/store/sqlite/tables/words-table.ts'
import type { Cluster } from '../../world/engines/postgres.ts'

export interface Clocks {
  /** ms */
  readonly clock: () => number
  readonly elapsed: () => number
  /** rows that are kept together */
  readonly segment: number
}

/** A journal that is written to by hand, and a ledger over it. */
export interface LedgerSubject {
  /** Answers with their ids. */
  add(rows: readonly JournalRow[]): Promise<readonly number[]>
  recount(id: number, count: number): Promise<void>
  dropBefore(id: number): Promise<void>
  dropOlder(at: number): Promise<void>
  open(clocks: Clocks): Engine
}

let template: string | undefined

/** A database is made once. */
async function copyOfNew(t: Test, file: string): Promise<void> {
  if (template === undefined) {
    template = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'portcullis.sqlite')
    const its = dirname(template)
    t.teardown(() => rmSync(its, { recursive: true, force: true }))
    const open = { file: template, events: { emit() {} }, clock: () => instant(0) }
    ;(await openDatabase(open, database => database)).close()
  }
  copyFileSync(template, file)
}

export async function sqliteSubject(t: Test, folder: string, sizes?: ShelfSizes): Promise<LedgerSubject> {
  const [file, own] = [join(folder, 'portcullis.sqlite'), join(folder, 'ledger.sqlite')]
  await copyOfNew(t, file)
  const database = new Database(file)
  // nobody pulls the plug here
  database.pragma('synchronous = off')
  t.teardown(() => void database.close())
  const run = (sql: string, ...values: readonly number[]) => void database.prepare(sql).run(...values)
  return {
    add: async rows => rows.map(row => writeRow(database, row)),
    recount: async (id, count) => run('update journal set count = ? where id = ?', count, id),
    dropBefore: async id => run('delete from journal where id < ?', id),
    dropOlder: async at => run('delete from journal where at < ?', at),
    open: clocks => createEngine({ source: openSqliteSource(file), file: openLedgerFile(own, sizes), ...clocks }),
  }
}

function writeRow(database: Database.Database, row: JournalRow): number {
  const words = createWords(database)
  const number = (word: string | undefined): number | null =>
    word === undefined ? null : words.number(word, new Map())
  const { lastInsertRowid } = database
    .prepare<(number | null)[]>(
      `insert into journal (at, filename, project, sha256, outcome, code, rule, identity, policy_digest, trust_digest,
         client, subject, index_name, source_name, count) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      row.at,
      number(row.filename),
      number(row.project),
      number(row.sha256),
      number(row.outcome),
      number(row.code),
      number(row.rule),
      number(row.identity && JSON.stringify(row.identity)),
      number(row.policyDigest),
      number(row.trustDigest),
      number(row.client),
      number(row.subject),
      number(row.index),
      number(row.source),
      row.count,
    )
  return Number(lastInsertRowid)
}

export async function postgresSubject(t: Test, folder: string, cluster: Cluster): Promise<LedgerSubject> {
  const url = await cluster.database()
  const connection = createConnection(url, new Reach({ what: 'the database', maxStale: millis(0) }))
  t.teardown(async () => await connection.close())
  await migrate(connection)
  const own = join(folder, 'ledger.sqlite')
  const gate = randomUUID()
  let number = 0
  const ask = async <Row>(sql: string, values: readonly unknown[]) => await connection.ask<Row>('a test', sql, values)
  return {
    async add(rows) {
      await ensurePartitions(
        connection,
        rows.map(({ at }) => at),
      )
      const ids: number[] = []
      for (const row of rows) {
        number += 1
        const [added] = await ask<{ id: number }>(
          `insert into journal (at, gate, number, filename, project, sha256, outcome, code, rule, identity, policy_digest,
             trust_digest, client, subject, index_name, source_name, count)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) returning id`,
          [
            row.at,
            gate,
            number,
            row.filename,
            row.project,
            row.sha256,
            row.outcome,
            row.code,
            row.rule,
            row.identity && JSON.stringify(row.identity),
            row.policyDigest,
            row.trustDigest,
            row.client,
            row.subject,
            row.index,
            row.source,
            row.count,
          ],
        )
        ids.push(Number(added?.id))
      }
      return ids
    },
    recount: async (id, count) => void (await ask('update journal set count = $2 where id = $1', [id, count])),
    dropBefore: async id => void (await ask('delete from journal where id < $1', [id])),
    dropOlder: async at => void (await ask('delete from journal where at < $1', [at])),
    open(clocks) {
      const file = openLedgerFile(own)
      return createEngine({ source: openPostgresSource(url, file), file, ...clocks })
    },
  }
}

/** A folder for each, one after the other. */
export function folders(t: Test): () => string {
  const all = t.testdir()
  let last = 0
  return () => {
    last += 1
    const folder = join(all, `${last}`)
    mkdirSync(folder)
    return folder
  }
}

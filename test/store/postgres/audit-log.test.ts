// guards: src/store/postgres/copy/copy-audit.ts
import Database from 'better-sqlite3'
import pg from 'pg'
import t, { type Test } from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import type { AuditLog, AuditRecords } from '../../../src/ports/console/audit-log.ts'
import { withAuditLog } from '../../../src/store/audit-log.ts'
import { createSharedAuditLog } from '../../../src/store/postgres/audit/audit-log.ts'
import { createConnection } from '../../../src/store/postgres/connection.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { MIGRATIONS } from '../../../src/store/postgres/migrations.ts'
import {
  bringFolder,
  checkShared,
  forgetInDatabase,
  readSharedAuditLog,
  withSharedTokens,
} from '../../../src/store/postgres/with-database.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { databaseIn } from '../../../src/store/sqlite/schema.ts'
import { type Cluster, NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { type AuditSubject, auditConformance, entryAt } from '../conformance/audit-conformance.ts'
import { KEY, PKG } from '../facts.ts'
import { INDEX, START, sharedSubject } from '../stores.ts'
import { OPERATOR } from '../written.ts'

const clock = () => START

async function connect(t: Test, database: string) {
  const connection = createConnection(database, new Reach({ what: 'the database', maxStale: millis(0) }))
  t.teardown(() => connection.close())
  await migrate(connection)
  return connection
}

async function subject(t: Test, cluster: Cluster): Promise<AuditSubject & { readonly database: string }> {
  const database = await cluster.database()
  const connection = await connect(t, database)
  const client = await connection.client()
  t.teardown(() => client.end())
  return {
    database,
    log: createSharedAuditLog(connection),
    run: statement => client.query(statement),
    async tamper(statement) {
      await client.query('alter table audit_log disable trigger user')
      await client.query(statement)
    },
  }
}

t.test('the log of all gates', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  auditConformance(t, t => subject(t, cluster))

  t.test('nobody empties it by accident', async t => {
    const { run } = await subject(t, cluster)
    await t.rejects(run('truncate audit_log'), { message: /only added to/ })
  })

  t.test('three that write at once make one chain without gaps', async t => {
    const database = await cluster.database()
    const logs = await Promise.all([1, 2, 3].map(async () => createSharedAuditLog(await connect(t, database))))
    const write = async (log: AuditLog, name: number): Promise<void> => {
      for (let number = 0; number < 300; number += 1) await log.append(entryAt(number, { actor: `user:${name}` }))
    }
    await Promise.all(logs.map(write))
    t.match(await logs[0]?.verify(), { rows: 900, wrong: undefined })
  })

  t.test('a gate has it, and what another one writes', async t => {
    const database = await cluster.database()
    const [one, other] = [await sharedSubject(t, database, { folder: t.testdir({}) }), await connect(t, database)]
    const log: AuditLog & AuditRecords = createSharedAuditLog(other)
    await one.audit.append(entryAt(1))
    await log.append(entryAt(2))
    t.match(await one.audit.rows({}, { limit: 5 }), [{ target: 'token-2' }, { target: 'token-1' }])
  })

  t.test('whoever may read journal and log can look whether it is whole, and can write neither', async t => {
    const { database, log, run } = await subject(t, cluster)
    await log.append(entryAt(1))
    const [{ schema }] = (await rowsOf(run('select current_schema as schema'))) as [{ schema: string }]
    const role = `reader_${schema}`
    await run(`create role ${role} login`)
    await run(`grant usage on schema ${schema} to ${role}`)
    await run(`grant select on journal, audit_log, facts to ${role}`)
    const url = database.replace('//gate@', `//${role}@`)
    const records = readSharedAuditLog(url)
    t.match(await records.verify(), { rows: 1, wrong: undefined })
    await records.close()
    const reader = new pg.Client({ connectionString: url })
    await reader.connect()
    t.teardown(() => reader.end())
    const copy =
      'insert into audit_log select sequence + 1, hash, at, action, actor, origin, target, why, detail, hash from audit_log'
    for (const statement of [
      copy,
      `update audit_log set why = 'x'`,
      'delete from audit_log',
      'truncate audit_log',
      'alter table audit_log disable trigger user',
      'drop table audit_log',
      `update facts set value = 0 where name = 'audited'`,
      'delete from journal',
      `insert into journal select * from journal`,
    ])
      await t.rejects(reader.query(statement), { code: '42501' }, statement)
    t.match(await log.verify(), { rows: 1, wrong: undefined })
  })

  t.test('what a command does stands in it or is not done', async t => {
    const { database, log, tamper } = await subject(t, cluster)
    const token = { name: 'ci', indexes: undefined, metrics: false, created: START, expires: undefined }
    t.ok(await withSharedTokens(database, tokens => tokens.create(token, KEY.sha256, OPERATOR)))
    const gate = await sharedSubject(t, database, { folder: t.testdir({}) })
    await (await gate.memory()).learn(PKG, { serial: 7 })
    const order = {
      what: 'serial',
      of: { source: INDEX, project: PKG },
      filename: undefined,
      reason: 'SEC-2',
      by: OPERATOR,
    } as const
    await tamper(`alter table audit_log add constraint full_up check (sequence < 2)`)
    await t.rejects(forgetInDatabase(database, order, clock), { code: 'unknown-store' })
    t.equal((await (await gate.memory()).of(PKG)).serial, 7)
    await t.rejects(
      withSharedTokens(database, tokens => tokens.revoke('ci', START, OPERATOR)),
      { code: 'unknown-store' },
    )
    t.match(await withSharedTokens(database, tokens => tokens.list()), [{ name: 'ci', revoked: undefined }])
    await tamper(`alter table audit_log drop constraint full_up`)
    // what is told as let go of stands in the journal, in the list of it and in the audit log, or is remembered still
    for (const table of ['journal', 'forgotten']) {
      await tamper(`alter table ${table} add constraint full_up check (false) not valid`)
      await t.rejects(forgetInDatabase(database, order, clock), { code: 'unknown-store' }, table)
      t.equal((await log.rows({}, { limit: 5 })).length, 1)
      t.equal((await (await gate.memory()).of(PKG)).serial, 7)
      await tamper(`alter table ${table} drop constraint full_up`)
    }
    t.ok(await forgetInDatabase(database, order, clock))
    t.match(await log.rows({}, { limit: 5 }), [
      { sequence: 2, action: 'forgotten', target: PKG, detail: { what: 'serial', source: INDEX } },
      { sequence: 1, action: 'token-created', target: 'ci' },
    ])
  })

  t.test('gates of the version before serve on beside it', async t => {
    const step = MIGRATIONS.find(({ name }) => name === '0013-audit-log')
    t.equal(step?.worksSince, 1)
  })

  t.test('a data folder is carried with its chain, so that what was written down of it still holds', async t => {
    const database = await cluster.database()
    const folder = t.testdir({})
    await withAuditLog(folder, clock, async log => {
      for (let number = 1; number <= 450; number += 1) await log.append(entryAt(number))
    })
    const told = await bringFolder(database, folder, clock)
    t.match(
      told.filter(({ what }) => what === 'audit log'),
      [{ inFolder: 450, inDatabase: 450 }],
    )
    const log = createSharedAuditLog(await connect(t, database))
    const source = new Database(databaseIn(folder), { readonly: true })
    const hash = source.prepare<[], string>('select hash from audit_log where sequence = 450').pluck().get() ?? ''
    source.close()
    t.strictSame(await log.verify({ sequence: 450, hash }), {
      rows: 450,
      head: { sequence: 450, hash },
      wrong: undefined,
    })
    await log.append(entryAt(451))
    await bringFolder(database, folder, clock)
    t.match(await log.verify(), { rows: 451, wrong: undefined }, 'twice is once')
    t.strictSame(await checkShared(database), [])
  })

  t.test('behind rows of others a row of a folder says where it stood, and is brought once', async t => {
    const { database, log } = await subject(t, cluster)
    await log.append(entryAt(1, { actor: 'gate' }))
    const folder = t.testdir({})
    const more = async (...numbers: readonly number[]): Promise<void> =>
      await withAuditLog(folder, clock, async its => {
        for (const number of numbers) await its.append(entryAt(number))
      })
    await more(11, 12)
    await bringFolder(database, folder, clock)
    await more(13)
    const told = await bringFolder(database, folder, clock)
    t.match(
      told.filter(({ what }) => what === 'audit log'),
      [{ inFolder: 3, inDatabase: 3 }],
    )
    t.match(await log.verify(), { rows: 4, wrong: undefined })
    t.match(await log.rows({}, { limit: 2 }), [
      { target: 'token-13', detail: { carried: /^3:[0-9a-f]{64}$/ } },
      { target: 'token-12', detail: { carried: /^2:/ } },
    ])
  })

  t.test('a row that was changed in the database is told by what checks it', async t => {
    const { database, log, tamper } = await subject(t, cluster)
    await log.append(entryAt(1))
    await tamper(`update audit_log set why = 'x'`)
    t.match(await checkShared(database), [/^audit log, row 1: /])
  })
})

async function rowsOf(answer: Promise<unknown>): Promise<readonly unknown[]> {
  return ((await answer) as { rows: readonly unknown[] }).rows
}

// guards: src/store/audit/entries.ts src/store/sqlite/migrations/0013-audit-log.ts
// guards: src/store/sqlite/tables/audit/audit-table.ts src/store/sqlite/tables/audit/audit-log.ts
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { mintToken, type TokenRecord, tokenHash } from '../../src/domain/access/token.ts'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { formatInstant, millis } from '../../src/domain/base/instant.ts'
import { readAuditLog, withAuditLog } from '../../src/store/audit-log.ts'
import { openStore } from '../../src/store/open.ts'
import { applyMigrations } from '../../src/store/sqlite/migrations/apply-migrations.ts'
import { APPLICATION_ID, databaseIn } from '../../src/store/sqlite/schema.ts'
import { withTokens } from '../../src/store/tokens.ts'
import { until } from '../world/until.ts'
import { type AuditSubject, auditConformance, entryAt } from './conformance/audit-conformance.ts'
import { START } from './stores.ts'
import { ENTRY, OPERATOR } from './written.ts'

const clock = () => START

async function opened(t: Test, folder = t.testdir({}), keep = 400 * 86_400_000) {
  const journal = { keep: millis(keep), maxSize: 1e12 }
  const { store, blobs, audit } = await openStore({ folder, cacheBytes: 1e9, journal, events: { emit() {} }, clock })
  const close = async () => {
    await blobs.close()
    await store.close()
  }
  t.teardown(() => close().catch(() => {}))
  return { folder, audit, store, close }
}

async function subject(t: Test): Promise<AuditSubject & { readonly folder: string }> {
  const { folder, audit: log } = await opened(t)
  const database = new Database(databaseIn(folder), { timeout: 5_000 })
  t.teardown(() => database.close())
  return {
    folder,
    log,
    run: async statement => database.prepare(statement).run(),
    async tamper(statement) {
      for (const change of ['update', 'delete', 'replace'])
        database.exec(`drop trigger if exists audit_log_no_${change}`)
      database.prepare(statement).run()
    },
  }
}

t.test('the log of a data folder', async t => {
  auditConformance(t, subject)

  t.test('a row does not take the place of another', async t => {
    const { log, run } = await subject(t)
    await log.append(entryAt(1))
    const statement = 'insert or replace into audit_log select * from audit_log'
    await t.rejects(run(statement), { message: /only added to/ })
  })

  t.test('bytes that are no text are not taken for the text that they come back as', async t => {
    const { log, tamper } = await subject(t)
    await log.append(entryAt(1, { target: '\ufffd', why: 'é' }))
    await tamper(`update audit_log set target = cast(x'ff' as text)`)
    t.match(await log.verify(), { wrong: { sequence: 1 } })
    await tamper(`update audit_log set target = cast(x'efbfbd' as text)`)
    t.equal((await log.verify()).wrong, undefined)
    await tamper(`update audit_log set why = cast(x'e9' as text)`)
    t.match(await log.verify(), { wrong: { sequence: 1 } })
  })
})

const CHILD = new URL('./audit/audit-child.ts', import.meta.url).pathname

function child(folder: string, name: string, count: number) {
  return spawn(process.execPath, [CHILD, folder, name, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

t.test('two processes and a gate that write at once make one chain without gaps', async t => {
  const { folder, audit } = await opened(t)
  const children = ['ada', 'eve'].map(name => child(folder, name, 500))
  const ended = children.map(one => once(one, 'exit'))
  for (const one of children) one.stdout.resume()
  for (let number = 0; number < 50; number += 1) await audit.append(entryAt(number))
  for (const exit of ended) t.strictSame(await exit, [0, null])
  t.match(await audit.verify(), { rows: 1_050, wrong: undefined })
  const actors = new Map<string, number>()
  for await (const { actor } of audit.all()) actors.set(actor, (actors.get(actor) ?? 0) + 1)
  t.strictSame(
    [...actors].sort(([a], [b]) => a.localeCompare(b)),
    [
      ['shell:ada', 50],
      ['user:ada', 500],
      ['user:eve', 500],
    ],
  )
})

t.test('whoever is killed while it writes leaves a whole chain, with every row that it was told of', async t => {
  const folder = t.testdir({})
  await withAuditLog(folder, clock, async log => await log.append(entryAt(0)))
  let told = 1
  for (const ms of [60, 130, 250]) {
    const one = child(folder, 'ada', 100_000)
    const ended = once(one, 'exit')
    let text = ''
    one.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    await until('it has told of some', () => text.split('\n').length > 10)
    await delay(ms)
    one.kill('SIGKILL')
    await ended
    told = Number(text.split('\n').at(-2))
    const records = readAuditLog(folder)
    const verdict = await records?.verify()
    await records?.close()
    t.match(verdict, { wrong: undefined })
    t.ok((verdict?.rows ?? 0) >= told, `${verdict?.rows} rows, ${told} were told`)
  }
  t.ok(told > 10)
})

t.test('a command reads it while a gate has it, and changes nothing', async t => {
  const { folder, audit } = await opened(t)
  await audit.append(entryAt(1))
  const records = readAuditLog(folder)
  t.match(await records?.verify(), { rows: 1, wrong: undefined })
  await audit.append(entryAt(2))
  t.match(await records?.rows({}, { limit: 5 }), [{ sequence: 2 }, { sequence: 1 }])
  await records?.close()
  t.equal(readAuditLog(t.testdir({})), undefined, 'and where no gate ever was there is none')
})

t.test('it outlives the journal, and whatever is let go of', async t => {
  const { folder, audit, store, close } = await opened(t, t.testdir({}), 1)
  store.journal.record(ENTRY)
  await audit.append(entryAt(1))
  await close()
  const again = await opened(t, folder, 1)
  t.match(await again.audit.verify(), { rows: 1, wrong: undefined })
})

t.test('a token that is given out or revoked stands in it, and nothing that it could be used with', async t => {
  const folder = t.testdir({})
  const token = mintToken()
  const hash = tokenHash(token) ?? sha256Of('')
  const row = { name: 'ci', indexes: ['ml', 'main'], metrics: true, created: START, expires: START }
  const given = { ...row, expires: undefined }
  t.ok(await withTokens(folder, clock, tokens => tokens.create(given, hash, OPERATOR)))
  t.notOk(await withTokens(folder, clock, tokens => tokens.create(given, sha256Of('other'), OPERATOR)))
  t.ok(await withTokens(folder, clock, tokens => tokens.revoke('ci', START, { ...OPERATOR, why: undefined })))
  t.notOk(await withTokens(folder, clock, tokens => tokens.revoke('ci', START, OPERATOR)))
  const records = readAuditLog(folder)
  const rows = await records?.rows({}, { limit: 10 })
  await records?.close()
  t.match(rows, [
    { action: 'token-revoked', target: 'ci', why: undefined, actor: 'shell:ada', from: 'command line' },
    { action: 'token-created', target: 'ci', why: 'SEC-1', detail: { indexes: 'ml main', scopes: 'metrics' } },
  ])
  t.equal(rows?.length, 2, 'what came to nothing is no row')
  t.notMatch(JSON.stringify(rows), new RegExp(`${token.slice(4)}|${hash}`))
})

t.test('what a token may ask stands in it, beside whether it reads the metrics, and its end', async t => {
  const folder = t.testdir({})
  const row = { indexes: undefined, created: START, expires: undefined }
  const named: readonly (readonly [string, Pick<TokenRecord, 'metrics' | 'scopes' | 'expires'>])[] = [
    ['plain', { metrics: false, expires: undefined }],
    ['bot', { metrics: false, scopes: ['read', 'approve'], expires: START }],
    ['both', { metrics: true, scopes: ['admin'], expires: undefined }],
  ]
  for (const [name, may] of named)
    t.ok(await withTokens(folder, clock, tokens => tokens.create({ ...row, ...may, name }, sha256Of(name), OPERATOR)))
  const records = readAuditLog(folder)
  const rows = await records?.rows({}, { limit: 10 })
  await records?.close()
  t.strictSame(
    rows?.toReversed().map(({ target, detail }) => [target, detail]),
    [
      ['plain', {}],
      ['bot', { scopes: 'read approve', expires: formatInstant(START) }],
      ['both', { scopes: 'metrics admin' }],
    ],
  )
})

t.test('where the row cannot be written, no token is given out and none is revoked', async t => {
  const folder = t.testdir({})
  const create = (name: string) =>
    withTokens(folder, clock, tokens =>
      tokens.create(
        { name, indexes: undefined, metrics: false, created: START, expires: undefined },
        sha256Of(name),
        OPERATOR,
      ),
    )
  t.ok(await create('ci'))
  const database = new Database(databaseIn(folder))
  database.exec(`create trigger full before insert on audit_log begin select raise(abort, 'no room'); end`)
  database.close()
  await t.rejects(create('other'), { code: 'unknown-store' })
  await t.rejects(
    withTokens(folder, clock, tokens => tokens.revoke('ci', START, OPERATOR)),
    { code: 'unknown-store' },
  )
  t.match(await withTokens(folder, clock, tokens => tokens.list()), [{ name: 'ci', revoked: undefined }])
})

t.test('a data folder of the version before gets an empty log, and keeps what it knows', async t => {
  const folder = t.testdir({})
  const old = new Database(databaseIn(folder))
  old.pragma(`application_id = ${APPLICATION_ID}`)
  await applyMigrations(old, '0012-held-sources')
  old.prepare(`insert into facts (name, value) values ('newest', ?)`).run(START)
  old.close()
  const { audit, store } = await opened(t, folder)
  t.equal(store.watermark.newest(), START)
  t.match(await audit.verify(), { rows: 0, wrong: undefined })
  t.match(await audit.append(entryAt(1)), { sequence: 1 })
})

t.test('the log of a folder that no gate has brought up to date cannot be read', async t => {
  const folder = t.testdir({})
  const old = new Database(databaseIn(folder))
  await applyMigrations(old, '0012-held-sources')
  old.close()
  const records = readAuditLog(folder)
  await t.rejects(async () => await records?.verify(), { code: 'unknown-store' })
  await records?.close()
})

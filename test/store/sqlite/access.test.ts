// guards: src/store/sqlite/migrations/first/0011-access.ts src/store/sqlite/migrations/0018-token-scopes.ts
// guards: src/store/sqlite/migrations/0019-given-by.ts src/store/sqlite/migrations/0020-holder.ts
// guards: src/store/sqlite/migrations/0021-journal-sources.ts
import Database from 'better-sqlite3'
import t from 'tap'
import { mintToken, tokenHash } from '../../../src/domain/access/token.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import { applyMigrations } from '../../../src/store/sqlite/migrations/apply-migrations.ts'
import { readRecords } from '../../../src/store/sqlite/read-records.ts'
import { databaseIn } from '../../../src/store/sqlite/schema.ts'
import { createTokensTable } from '../../../src/store/sqlite/tables/access/tokens-table.ts'
import { createRequestsTable } from '../../../src/store/sqlite/tables/console/requests-table.ts'
import { withTokens } from '../../../src/store/tokens.ts'
import { diskSubject, INDEX, START } from '../stores.ts'
import { ENTRY, OPERATOR } from '../written.ts'

const clock = () => instant(START)

function hashOf(token: string) {
  const hash = tokenHash(token)
  if (hash === undefined) throw new TypeError('no token')
  return hash
}

const TOKEN = { name: 'ci', indexes: ['ml'], metrics: false, created: instant(START), expires: instant(START + 9) }

t.test('a token is found by its hash alone, as it was given out', async t => {
  const folder = t.testdir({})
  const [mine, other] = [hashOf(mintToken()), hashOf(mintToken())]
  t.ok(await withTokens(folder, clock, tokens => tokens.create(TOKEN, mine, OPERATOR)), 'the database was begun')
  const database = new Database(databaseIn(folder))
  const table = createTokensTable(database, (_what, query) => query())
  t.strictSame(table.find(mine), { ...TOKEN, revoked: undefined })
  t.equal(table.find(other), undefined)
  database.close()
})

t.test('scopes of the API stay with their token, and one without any has none', async t => {
  const folder = t.testdir({})
  const [plain, scoped] = [hashOf(mintToken()), hashOf(mintToken())]
  const scopes = ['read', 'approve'] as const
  await withTokens(folder, clock, async tokens => {
    t.ok(await tokens.create(TOKEN, plain, OPERATOR))
    t.ok(await tokens.create({ ...TOKEN, name: 'bot', scopes }, scoped, OPERATOR))
  })
  const database = new Database(databaseIn(folder))
  const table = createTokensTable(database, (_what, query) => query())
  t.strictSame((await table.find(scoped))?.scopes, scopes)
  t.equal((await table.find(plain))?.scopes, undefined)
  database.close()
})

t.test('whose a token is stays with it, and of one from before nobody knows', async t => {
  const folder = t.testdir({})
  const [old, hers] = [hashOf(mintToken()), hashOf(mintToken())]
  const before = new Database(databaseIn(folder))
  before.pragma('application_id = 0x5043554c')
  await applyMigrations(before, '0019-given-by')
  before
    .prepare('insert into tokens (hash, name, metrics, created) values (?, ?, 0, ?)')
    .run(Buffer.from(old, 'hex'), 'old', START)
  before.close()
  const holder = 'ada@acme.example'
  await withTokens(folder, clock, async tokens => {
    t.ok(await tokens.create({ ...TOKEN, holder }, hers, OPERATOR))
    t.strictSame(
      (await tokens.list()).map(token => token.holder),
      [undefined, holder],
    )
  })
  const database = new Database(databaseIn(folder))
  t.teardown(() => database.close())
  const table = createTokensTable(database, (_what, query) => query())
  t.equal((await table.find(hers))?.holder, holder)
  t.notOk('holder' in ((await table.find(old)) ?? {}))
})

t.test('who gave a token out stays with it, and of one from before nobody knows', async t => {
  const folder = t.testdir({})
  const [old, mine] = [hashOf(mintToken()), hashOf(mintToken())]
  const before = new Database(databaseIn(folder))
  before.pragma('application_id = 0x5043554c')
  await applyMigrations(before, '0018-token-scopes')
  before
    .prepare('insert into tokens (hash, name, metrics, created) values (?, ?, 0, ?)')
    .run(Buffer.from(old, 'hex'), 'old', START)
  before
    .prepare(
      `insert into requests (id, refusal, kind, index_name, project, filename, code, reason, subject, address, at, state)
       values ('a', 'r', 'file', 'main', 'demo', 'demo-1.0.tar.gz', 'unattested', 'x', 'token:old', '::1', ?, 'open')`,
    )
    .run(START)
  before.close()
  const givenBy = ['user:grace@acme.example', 'sub:17']
  await withTokens(folder, clock, async tokens => {
    t.ok(await tokens.create({ ...TOKEN, givenBy }, mine, OPERATOR))
    t.strictSame(
      (await tokens.list()).map(token => token.givenBy),
      [undefined, givenBy],
    )
  })
  const database = new Database(databaseIn(folder))
  t.teardown(() => database.close())
  const table = createTokensTable(database, (_what, query) => query())
  t.strictSame((await table.find(mine))?.givenBy, givenBy)
  t.notOk('givenBy' in ((await table.find(old)) ?? {}))
  const kept = createRequestsTable(database, (_what, query) => query())
  t.strictSame((await kept.get('a'))?.by, { subject: 'token:old', email: undefined, address: '::1' })
})

t.test('what is approved in a database of an older version is read as it is', async t => {
  const folder = t.testdir({})
  const old = new Database(databaseIn(folder))
  old.pragma('application_id = 0x5043554c')
  await applyMigrations(old, '0018-token-scopes')
  old
    .prepare(
      `insert into requests (id, refusal, kind, index_name, project, filename, code, reason, subject, address, at, state, ends)
       values ('a', 'r', 'file', 'main', 'demo', 'demo-1.0.tar.gz', 'unattested', 'x', 'token:old', '::1', ?, 'approved', ?)`,
    )
    .run(START, START + 9)
  const records = readRecords(folder, INDEX)
  t.match(await records?.approvals(instant(START)), [{ id: 'a', by: { subject: 'token:old' } }])
  await records?.close()
  old.close()
})

t.test('a name in force is taken; the one that ended is not', async t => {
  const folder = t.testdir({})
  const create = (created: number) =>
    withTokens(folder, clock, tokens =>
      tokens.create({ ...TOKEN, created: instant(created) }, hashOf(mintToken()), OPERATOR),
    )
  t.ok(await create(START))
  t.notOk(await create(START + 8))
  t.ok(await create(START + 9), 'it expired')
  t.equal((await withTokens(folder, clock, tokens => tokens.list())).length, 2)
})

t.test('what was revoked beside a store that is open shows in it within a second', async t => {
  const subject = await diskSubject(t)
  const hash = hashOf(mintToken())
  const token = { ...TOKEN, expires: undefined }
  t.ok(await withTokens(subject.folder, clock, tokens => tokens.create(token, hash, OPERATOR)))
  const database = new Database(databaseIn(subject.folder))
  t.teardown(() => database.close())
  const table = createTokensTable(database, (_what, query) => query())
  t.equal((await table.find(hash))?.revoked, undefined)
  t.ok(await withTokens(subject.folder, clock, tokens => tokens.revoke('ci', instant(START + 1), OPERATOR)))
  await new Promise(resolve => setTimeout(resolve, 1_050))
  t.equal((await table.find(hash))?.revoked, START + 1)
})

t.test(
  'rows of the journal from before say nobody, and new ones who asked which index for what of which source',
  async t => {
    const folder = t.testdir({})
    const old = new Database(databaseIn(folder))
    old.pragma('application_id = 0x5043554c')
    await applyMigrations(old, '0010-belongings')
    for (const [number, word] of ['pkg', 'admitted', 'attested', 'p', '192.0.2.1'].entries())
      old.prepare('insert into words (id, word) values (?, ?)').run(number + 1, word)
    old
      .prepare(
        'insert into journal (at, filename, project, outcome, code, policy_digest, client, count) values (?, 1, 1, 2, 3, 4, 5, 1)',
      )
      .run(START)
    const read = async (): Promise<readonly JournalRow[]> => {
      const records = readRecords(folder, INDEX)
      const rows: JournalRow[] = []
      for await (const row of records?.journal(instant(0)) ?? []) rows.push(row)
      await records?.close()
      return rows
    }
    t.match(await read(), [{ client: '192.0.2.1' }], 'an older database is read as it is')
    old.close()
    const subject = await diskSubject(t, { folder })
    subject.store.journal.record({ ...ENTRY, subject: 'token:ci', index: 'ml' })
    subject.store.journal.record({ ...ENTRY, subject: 'token:ci', index: 'ml' })
    subject.store.journal.record({ ...ENTRY, subject: 'token:other', index: 'ml' })
    subject.store.journal.record({ ...ENTRY, subject: 'token:other', index: 'ml', source: 'acme' })
    await subject.store.journal.flush()
    const [before, ...rows] = await read()
    t.notOk(before === undefined || 'subject' in before || 'index' in before || 'source' in before)
    t.match(rows, [
      { subject: 'token:ci', index: 'ml', count: 2 },
      { subject: 'token:other', index: 'ml', count: 1 },
      { subject: 'token:other', index: 'ml', source: 'acme', count: 1 },
    ])
  },
)

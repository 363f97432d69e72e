// guards: src/store/postgres/copy/copy-folder.ts src/store/postgres/copy/copy-projects.ts src/store/postgres/copy/counts.ts
// guards: src/store/postgres/source-number.ts
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import t from 'tap'
import { mintToken, tokenHash } from '../../../src/domain/access/token.ts'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { createConnection } from '../../../src/store/postgres/connection.ts'
import { checkDatabase } from '../../../src/store/postgres/copy/check-database.ts'
import { bringFolder, checkShared, withSharedTokens } from '../../../src/store/postgres/with-database.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { withTokens } from '../../../src/store/tokens.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { fileOf, found, KEY, OTHER, PKG, pageOf, plain, proved } from '../facts.ts'
import { diskSubject, START, sharedSubject } from '../stores.ts'
import { ENTRY, heldFile, OPERATOR, REFUSED } from '../written.ts'

t.test('a data folder in the database that gates share', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  const database = await cluster.database()
  const folders = t.testdir({ data: {}, gate: {} })
  const subject = await diskSubject(t, { folder: `${folders}/data` })
  const memory = await subject.memory()
  await memory.learn(PKG, {
    ...pageOf([fileOf('pkg-1.0.tar.gz'), fileOf('pkg-1.1.tar.gz')]),
    serial: 7,
    proofs: [proved()],
  })
  await memory.learn(PKG, { findings: [found()] })
  await memory.learn(OTHER, pageOf([fileOf('other-1.0.tar.gz')]))
  const { sha256 } = fileOf('pkg-1.0.tar.gz')
  await memory.learn(PKG, { settled: [{ filename: 'pkg-1.0.tar.gz', sha256, at: START }] })
  await subject.store.belongings('main').begin([], START)
  subject.store.journal.record(ENTRY)
  subject.store.journal.record({ ...ENTRY, at: instant(START + 2_000), identity: undefined, sha256: undefined })
  subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
  await subject.holdings.put([heldFile()])
  const token = {
    name: 'ci',
    indexes: undefined,
    metrics: true,
    scopes: ['read'] as const,
    created: START,
    expires: undefined,
  }
  const hash = tokenHash(mintToken()) ?? KEY.sha256
  await subject.store.journal.flush()
  await withTokens(
    subject.folder,
    () => START,
    tokens => tokens.create(token, hash, OPERATOR),
  )
  const before = plain(await memory.of(PKG), [KEY])
  const journal = await subject.journal()
  await subject.close()
  const bytes = sha256Of(readFileSync(subject.file))

  t.test('all that it knows is there, and it is as it was', async t => {
    const moved = await bringFolder(database, subject.folder, () => START)
    for (const { what, inFolder, inDatabase } of moved) t.equal(inDatabase, inFolder, what)
    t.match(
      new Map(moved.map(({ what, inFolder }) => [what, inFolder] as const)),
      new Map([
        ['projects', 2],
        ['files', 3],
        ['proofs', 1],
        ['findings', 1],
        ['verdicts', 2],
        ['refusals', 1],
        ['held', 1],
        ['tokens', 1],
        ['belongings', 1],
      ]),
    )
    t.equal(sha256Of(readFileSync(subject.file)), bytes)
    const gate = await sharedSubject(t, database, { folder: `${folders}/gate` })
    t.strictSame(plain(await (await gate.memory()).of(PKG), [KEY]), before)
    t.strictSame(await gate.journal(), journal)
    t.match(await gate.store.refusals.get('aaaaaaaaaaaa'), { refused: REFUSED })
    t.strictSame(await gate.holdings.all(), [heldFile()])
    t.match(await gate.tokens.find(hash), token)
    t.equal(gate.store.watermark.newest(), START + 2_000)
    t.ok(gate.store.belongings('main').hasBegun())
  })

  t.test('twice is once', async t => {
    const moved = await bringFolder(database, subject.folder, () => START)
    for (const { what, inFolder, inDatabase } of moved) t.equal(inDatabase, inFolder, what)
    t.equal((await withSharedTokens(database, tokens => tokens.list())).length, 1)
  })

  t.test('what the database knew already stays', async t => {
    const target = await cluster.database()
    const gate = await sharedSubject(t, target, { folder: t.testdir() })
    const shared = await gate.memory()
    await shared.learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz', 'earlier')], instant(START - 5_000)))
    await shared.learn(PKG, { proofs: [proved('pkg-0.9.tar.gz', instant(START - 9_000))] })
    await bringFolder(target, subject.folder, () => START)
    await gate.reopen()
    const { sightings, history } = await (await gate.memory()).of(PKG)
    t.equal(
      sightings.get('pkg-1.0.tar.gz')?.sha256,
      fileOf('pkg-1.0.tar.gz', 'earlier').sha256,
      'the first is the first',
    )
    t.equal(history.first?.filename, 'pkg-0.9.tar.gz')
    t.equal(sightings.size, 2)
  })

  t.test('a finding that was changed in the database is told, and taken for absent', async t => {
    t.strictSame(await checkShared(database), [])
    const connection = createConnection(database, new Reach({ what: 'the database', maxStale: millis(0) }))
    t.teardown(() => connection.close())
    await connection.ask('a finding is changed', `update findings set finding = replace(finding, 'acme', 'evil')`)
    t.match(await checkDatabase(connection), [new RegExp(`^${KEY.sha256} pkg-1.0.tar.gz: `)])
    const gate = await sharedSubject(t, database, { folder: t.testdir() })
    t.equal((await (await gate.memory()).of(PKG)).findings.get(KEY), undefined)
  })

  t.test('a folder whose projects are of no source yet is not taken for an empty one', async t => {
    const old = await diskSubject(t, { folder: t.testdir({}) })
    await (await old.memory()).learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz')]))
    await old.close()
    const folder = new Database(old.file)
    folder.exec('update sources set source = null')
    folder.close()
    await t.rejects(
      bringFolder(await cluster.database(), old.folder, () => START),
      { code: 'config-invalid', detail: /1 projects .* start a gate of this version on it once/ },
    )
  })

  t.test('a folder without a database is none', async t => {
    await t.rejects(
      bringFolder(database, t.testdir(), () => START),
      { code: 'config-invalid' },
    )
  })
})

// guards: src/store/postgres/companions.ts src/store/postgres/decided/forget.ts
// guards: src/store/postgres/decided/forgotten-entry.ts src/store/postgres/decided/source.ts src/store/postgres/holdings.ts
// guards: src/store/postgres/journal/housekeeping.ts src/store/postgres/journal/journal.ts
// guards: src/store/postgres/memory/belongings.ts src/store/postgres/memory/ledger.ts
// guards: src/store/postgres/memory/look-ups.ts src/store/postgres/memory/newest.ts src/store/postgres/memory/notices.ts
// guards: src/store/postgres/memory/project-rows.ts src/store/postgres/postgres.ts src/store/postgres/tokens.ts
import t, { type Test } from 'tap'
import { mintToken, tokenHash } from '../../../src/domain/access/token.ts'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { signerKeyOf } from '../../../src/domain/identity/signer.ts'
import type { Facts } from '../../../src/domain/memory/project-memory.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { createConnection } from '../../../src/store/postgres/connection.ts'
import { dropBefore, monthOf } from '../../../src/store/postgres/journal/partitions.ts'
import { jsonText } from '../../../src/store/postgres/json-text.ts'
import { readSharedRecords } from '../../../src/store/postgres/records.ts'
import { decideSharedSource, forgetInDatabase, withSharedTokens } from '../../../src/store/postgres/with-database.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { type Cluster, NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { until } from '../../world/until.ts'
import { fileOf, found, KEY, PKG, pageOf, proved, readPage } from '../facts.ts'
import { INDEX, type SharedSubject, START, sharedSubject } from '../stores.ts'
import { ENTRY, heldFile, OPERATOR, REFUSED } from '../written.ts'

const [ONE, OTHER] = ['pkg-1.0.tar.gz', 'pkg-1.1.tar.gz']
const [PYPI, OWN] = ['pypi' as SourceName, 'own' as SourceName]

/** What this issuer vouches for. */
function signedBy(filename: string, name: string): Facts {
  const its = proved(filename)
  const claims = { ...its.proof.claims, issuer: `https://${name}.example` }
  return { proofs: [{ ...its, proof: { ...its.proof, claims, signer: signerKeyOf(claims, its.proof.root) } }] }
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  const read: Row[] = []
  for await (const row of rows) read.push(row)
  return read
}

async function gates(t: Test, cluster: Cluster, count: number): Promise<readonly SharedSubject[]> {
  const database = await cluster.database()
  const folder = t.testdir(Object.fromEntries(Array.from({ length: count }, (_, number) => [`${number}`, {}])))
  const opened: SharedSubject[] = []
  // at once, so that they migrate at once
  const opening = Array.from({ length: count }, (_, number) =>
    sharedSubject(t, database, { folder: `${folder}/${number}` }),
  )
  for (const one of opening) opened.push(await one)
  return opened
}

t.test('several gates over one database', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)

  t.test('of two first identities at once one wins, and the other gate is told of it with its own', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    const memories = await Promise.all([one.memory(), other.memory()])
    await Promise.all(memories.map(memory => memory.of(PKG)))
    const learned = await Promise.all(
      memories.map((memory, number) =>
        memory.learn(PKG, number === 0 ? signedBy(ONE, 'acme') : signedBy(OTHER, 'mallory')),
      ),
    )
    const knew = learned.map(({ proofs }) => proofs.size).toSorted((a, b) => a - b)
    t.strictSame(knew, [1, 2], 'whoever comes second knows of the first')
    const names = await Promise.all(memories.map(async memory => (await memory.of(PKG, ONE)).history.first?.filename))
    t.equal(names[0], names[1], 'the first is the same for both')
  })

  t.test('the first sha256 of a file name is the first for all', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    t.strictSame(await readPage(await one.memory(), PKG, [fileOf(ONE)]), { changed: [] })
    const swapped = [fileOf(ONE, 'other bytes')]
    t.strictSame(await readPage(await other.memory(), PKG, swapped, instant(START + 1)), { changed: [ONE] })
  })

  t.test('what one learns the other hears of, without being asked', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    const [mine, theirs] = await Promise.all([one.memory(), other.memory()])
    await theirs.of(PKG)
    t.ok(theirs.atHand(PKG))
    await mine.learn(PKG, signedBy(ONE, 'acme'))
    await until('it has forgotten what it had at hand', () => theirs.atHand(PKG) === undefined)
    t.equal((await theirs.of(PKG)).proofs.size, 1)
  })

  t.test('a file that was asked about costs no statement until something is learned', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    const memory = await one.memory()
    await readPage(memory, PKG, [fileOf(ONE), fileOf(OTHER)])
    t.equal(memory.atHand(PKG, ONE), undefined, 'nobody asked about it yet')
    await memory.of(PKG, ONE)
    const before = one.statements()
    for (let hit = 0; hit < 1_000; hit += 1) t.ok(memory.atHand(PKG, ONE) !== undefined || t.fail('asked again'))
    t.equal(one.statements(), before)
    t.equal(memory.atHand(PKG, OTHER), undefined)
    await (await other.memory()).learn(PKG, signedBy(OTHER, 'acme'))
    t.equal((await memory.of(PKG, OTHER)).proofs.size, 1, 'a file that is asked about now is decided by what all know')
  })

  t.test('whom a name belongs to is decided once', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    const said = await Promise.all([
      one.store.belongings('main').remember(PKG, PYPI, START),
      other.store.belongings('main').remember(PKG, OWN, START),
    ])
    t.equal(said[0], said[1])
    const else_ = said[0] === PYPI ? OWN : PYPI
    const decision = { index: 'main', project: PKG, source: else_, reason: 'SEC-1', by: OPERATOR }
    t.equal(await decideSharedSource(one.database, decision, () => START), said[0], 'it says whose it was')
    for (const { store } of [one, other])
      await until('both know whose it is', () => store.belongings('main').of(PKG) === else_)
    t.match(await one.journal(), [{ outcome: 'forgotten', code: 'source', rule: 'SEC-1', project: PKG }])
    await one.store.belongings('second').begin([[PKG, PYPI]], START)
    t.equal(one.store.belongings('second').of(PKG), PYPI)
    t.ok(one.store.belongings('second').hasBegun())
  })

  t.test('tokens are everybody’s, and one that is revoked is none', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    const hash: Sha256 = tokenHash(mintToken()) ?? KEY.sha256
    const granted = { name: 'ci', indexes: ['main'], metrics: false, created: START, expires: undefined }
    const token = { ...granted, givenBy: ['shell:ada'], holder: 'ada@acme.example' }
    t.equal(await other.tokens.find(hash), undefined)
    t.ok(await withSharedTokens(one.database, tokens => tokens.create(token, hash, OPERATOR)))
    t.notOk(
      await withSharedTokens(one.database, tokens => tokens.create(token, KEY.sha256, OPERATOR)),
      'the name is in use',
    )
    t.match(await other.tokens.find(hash), {
      name: 'ci',
      indexes: ['main'],
      givenBy: ['shell:ada'],
      holder: 'ada@acme.example',
      revoked: undefined,
    })
    t.ok(await withSharedTokens(one.database, tokens => tokens.revoke('ci', START, OPERATOR)))
    await until('it is revoked there', async () => (await other.tokens.find(hash))?.revoked === START)
    t.notOk(await withSharedTokens(one.database, tokens => tokens.revoke('ci', START, OPERATOR)))
    t.equal((await withSharedTokens(one.database, tokens => tokens.list())).length, 1)
  })

  t.test('what somebody lets go of every gate lets go of', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    const memory = await other.memory()
    await memory.learn(PKG, { ...pageOf([fileOf(ONE)]), serial: 7, ...signedBy(ONE, 'acme') })
    const order = {
      what: 'identity',
      of: { source: INDEX, project: PKG },
      filename: undefined,
      reason: 'SEC-2',
      by: OPERATOR,
    } as const
    t.ok(await forgetInDatabase(one.database, order, () => START))
    await until('it is forgotten there', async () => (await memory.of(PKG)).proofs.size === 0)
    t.equal((await memory.of(PKG)).sightings.size, 1, 'and of nothing else')
    t.notOk(await forgetInDatabase(one.database, order, () => START), 'there is nothing left')
    t.ok(await forgetInDatabase(one.database, { ...order, what: 'serial' }, () => START))
    await until('the serial is forgotten there', async () => (await memory.of(PKG)).serial === undefined)
  })

  t.test('a name that nobody asked for leaves nothing behind where it is to be let go of', async t => {
    const [one] = await gates(t, cluster, 2)
    if (one === undefined) throw new TypeError('two gates were opened')
    await (await one.memory()).learn(PKG, { serial: 7 })
    const order = { what: 'identity', filename: undefined, reason: 'SEC-4', by: OPERATOR } as const
    const nobodys = parseProjectName('nobody-asked')
    t.notOk(await forgetInDatabase(one.database, { ...order, of: { source: INDEX, project: nobodys } }, () => START))
    const connection = createConnection(one.database, new Reach({ what: 'the database', maxStale: millis(0) }))
    t.teardown(connection.close)
    t.strictSame(await connection.ask('', 'select distinct project from projects'), [{ project: PKG }])
  })

  t.test('a name that nobody asked for leaves nothing behind where it is to be let go of', async t => {
    const [one] = await gates(t, cluster, 2)
    if (one === undefined) throw new TypeError('two gates were opened')
    await (await one.memory()).learn(PKG, { serial: 7 })
    const order = { what: 'identity', filename: undefined, reason: 'SEC-4', by: OPERATOR } as const
    const nobodys = parseProjectName('nobody-asked')
    t.notOk(await forgetInDatabase(one.database, { ...order, of: { source: INDEX, project: nobodys } }, () => START))
    const connection = createConnection(one.database, new Reach({ what: 'the database', maxStale: millis(0) }))
    t.teardown(connection.close)
    t.strictSame(await connection.ask('', 'select distinct project from projects'), [{ project: PKG }])
  })

  t.test('the newest time is everybody’s, and is let go of by everybody', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    one.store.watermark.raise(instant(START + 5_000))
    await until('the other knows how far it is', () => other.store.watermark.newest() === START + 5_000)
    const order = { what: 'clock', of: undefined, filename: undefined, reason: 'SEC-3', by: OPERATOR } as const
    t.ok(await forgetInDatabase(one.database, order, () => START))
    for (const { store } of [one, other]) await until('both begin anew', () => store.watermark.newest() === START)
  })

  t.test('a command reads what all have written down', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    await (await one.memory()).learn(PKG, { ...pageOf([fileOf(ONE)]), findings: [found()] })
    one.store.journal.record(ENTRY)
    other.store.journal.record({ ...ENTRY, client: '192.0.2.2', filename: 'nul\0 and half \ud800' })
    other.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
    await one.store.journal.flush()
    await other.store.journal.flush()
    t.strictSame(await one.store.refusals.get('aaaaaaaaaaaa'), { refused: REFUSED, at: START }, 'on every replica')
    const records = await readSharedRecords(one.database, {
      index: 'main',
      sources: [{ name: undefined, source: INDEX }],
    })
    t.teardown(() => records.close())
    const rows = await all(records.journal(START))
    const clients = rows.map(({ client, count }) => `${client} ${count}`)
    t.strictSame(new Set(clients), new Set(['192.0.2.1 1', '192.0.2.2 1']))
    t.strictSame(await records.projects(), [PKG])
    t.equal((await records.project(PKG)).sightings.size, 1)
    t.equal((await records.finding({ project: PKG, ...KEY }))?.finding.kind, 'attested')
    t.equal((await all(records.attested())).length, 1)
    t.equal((await records.lastDecision())?.policyDigest, ENTRY.policyDigest)
    t.match(await records.refusals.get('aaaaaaaaaaaa'), { at: START })
  })

  t.test('what a mirror holds is everybody’s', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    one.misses.note(PKG, ONE, START)
    t.strictSame(await other.holdings.all(), [])
    await one.holdings.put([heldFile()], { signer: 'key', sequence: 1, manifest: KEY.sha256, at: START })
    await one.holdings.exported({ sequence: 3, manifest: KEY.sha256 })
    t.strictSame(await other.holdings.all(), [heldFile()])
    t.strictSame(await other.holdings.of(PKG), [heldFile()])
    t.strictSame(await other.holdings.projects(), [PKG])
    t.strictSame(await other.holdings.imports('key'), [{ sequence: 1, manifest: KEY.sha256 }])
    t.strictSame(await other.holdings.exports(), [{ sequence: 3, manifest: KEY.sha256 }])
  })

  t.test('gates that go by different policies say so within half a minute, and are of one mind again', async t => {
    const [one, other] = await gates(t, cluster, 2)
    if (one === undefined || other === undefined) throw new TypeError('two gates were opened')
    let policies = 'old'
    one.store.shared?.goBy(() => ({ policies: 'new', trust: 'root' }))
    other.store.shared?.goBy(() => ({ policies, trust: 'root' }))
    t.equal(one.store.shared?.apart(), 0)
    await until('they are apart', () => one.store.shared?.apart() === 1 && other.store.shared?.apart() === 1)
    t.match(one.store.shared?.warnings(), [/^1 of the gates that share the database go by another policy: /])
    const isAlarm = (event: GateEvent) => event.type === 'alarm' && event.alarm === 'gates-apart'
    await until('and whoever watches is told when they meet next', () => one.events.some(isAlarm))
    policies = 'new'
    t.match(one.store.shared?.others(), [{ policies: 'old', trust: 'root' }])
    await until('they are together again', () => one.store.shared?.apart() === 0)
    t.strictSame(one.store.shared?.warnings(), [])
    t.match(one.store.shared?.others(), [{ policies: 'new', trust: 'root' }])
  })

  t.test('months of the journal that are too old go as a whole', async t => {
    const [one] = await gates(t, cluster, 1)
    if (one === undefined) throw new TypeError('a gate was opened')
    const months = [0, 40, 80].map(days => instant(START - days * 86_400_000))
    for (const at of months) one.store.journal.record({ ...ENTRY, at })
    t.equal((await one.journal()).length, 3)
    const connection = createConnection(one.database, new Reach({ what: 'the database', maxStale: millis(0) }))
    t.teardown(() => connection.close())
    t.equal(await dropBefore(connection, instant(START - 41 * 86_400_000)), 1)
    t.equal((await one.journal()).length, 2)
    t.equal(await dropBefore(connection, instant(START - 1)), 1)
    t.equal((await one.journal()).length, 1)
    t.match(monthOf(START), { name: 'journal_2026_11', from: Date.UTC(2026, 10), to: Date.UTC(2026, 11) })
  })
})

t.test('a database that goes away and comes back', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  const database = await cluster.database()
  const folder = t.testdir({ patient: {}, hasty: {} })
  const gate = await sharedSubject(t, database, { folder: `${folder}/patient`, maxStale: 60_000 })
  const hasty = await sharedSubject(t, database, { folder: `${folder}/hasty`, maxStale: 0 })
  const [memory, other] = await Promise.all([gate.memory(), hasty.memory()])
  await readPage(memory, PKG, [fileOf(ONE), fileOf(OTHER)])
  for (const its of [memory, other]) await its.of(PKG, ONE)
  gate.store.journal.record(ENTRY)
  await gate.store.journal.flush()
  await cluster.stop('immediate')

  await until('it is told', () => gate.events.some(({ type }) => type === 'unknown'))
  t.ok(memory.atHand(PKG, ONE), 'what was admitted goes on')
  t.match(gate.store.shared?.away?.(), /^the database is away for \d+ s/)
  await t.rejects(memory.of(PKG, OTHER), { code: 'unknown-store' }, 'nothing else is admitted')
  await t.rejects(memory.learn(PKG, signedBy(ONE, 'acme')), { code: 'unknown-store' })
  await until('with 0 nothing goes on', () => other.atHand(PKG, ONE) === undefined)
  await t.resolves(gate.store.probe(), 'as long as it may be away')
  await t.rejects(hasty.store.probe(), { code: 'unknown-store', detail: /the database is away/ })
  gate.store.journal.record({ ...ENTRY, at: instant(START + 5_000) })
  gate.store.refusals.put('bbbbbbbbbbbb', REFUSED, START)
  await t.rejects(gate.store.journal.flush(), { code: 'unknown-store' }, 'it is on the local disk, and not there')
  t.match(await gate.store.refusals.get('bbbbbbbbbbbb'), { at: START })

  await cluster.start()
  await until('it is served again', async () => (await memory.of(PKG, OTHER).catch(() => undefined)) !== undefined)
  t.equal(gate.store.shared?.away?.(), undefined)
  await until('and the journal is whole', async () => (await gate.journal().catch(() => [])).length === 2)
  t.equal((await memory.learn(PKG, signedBy(ONE, 'acme'))).proofs.size, 1)
  t.match(await hasty.store.refusals.get('bbbbbbbbbbbb'), { at: START })
})

t.test('what the database has no text for is written as what it is not', async t => {
  t.equal(jsonText({ a: 'x\0y', b: '\ud800', c: '\u{1f40d}' }), '{"a":"x\\ufffdy","b":"\\ufffd","c":"\u{1f40d}"}')
})

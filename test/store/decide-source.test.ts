// guards: src/store/sqlite/tables/belongings-table.ts src/store/sqlite/migrations/first/0010-belongings.ts
import t from 'tap'
import { instant, millis, systemClock } from '../../src/domain/base/instant.ts'
import type { SourceName } from '../../src/domain/base/source-name.ts'
import { sourceAt } from '../../src/domain/memory/source.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { decideSource } from '../../src/store/decide-source.ts'
import { openStore } from '../../src/store/open.ts'
import { readRecords } from '../../src/store/sqlite/read-records.ts'
import { until } from '../world/until.ts'
import { OPERATOR } from './written.ts'

const TOOLS = parseProjectName('tools')
const [ACME, PYPI] = ['acme', 'pypi'] as SourceName[] as [SourceName, SourceName]
const SOURCES = [ACME, PYPI].map(name => ({ name, source: sourceAt(`https://${name}.example`) }))
const AT = instant(1)

async function open(folder: string) {
  const journal = { keep: millis(400 * 86_400_000), maxSize: Number.POSITIVE_INFINITY }
  return await openStore({ folder, cacheBytes: 1e9, journal, events: { emit() {} }, clock: systemClock })
}

t.test('the first source that had a name stays, at each index by itself, and outlives the gate', async t => {
  const folder = t.testdir()
  const { store, blobs } = await open(folder)
  const main = store.belongings('main')
  t.equal(main.of(TOOLS), undefined)
  t.equal(main.remember(TOOLS, ACME, AT), ACME)
  t.equal(main.remember(TOOLS, PYPI, AT), ACME)
  t.equal(store.belongings('ml').of(TOOLS), undefined)
  await blobs.close()
  await store.close()
  const again = await open(folder)
  t.equal(again.store.belongings('main').of(TOOLS), ACME)
  await again.blobs.close()
  await again.store.close()
})

t.test(
  'what was known before is taken over once, at each index by itself, and over nothing that was found',
  async t => {
    const folder = t.testdir()
    const [FLASK, LATER] = ['flask', 'later'].map(parseProjectName) as [typeof TOOLS, typeof TOOLS]
    const { store, blobs } = await open(folder)
    const main = store.belongings('main')
    await main.remember(TOOLS, PYPI, AT)
    const known = [TOOLS, FLASK].flatMap(project => [[project, ACME] as const, [project, PYPI] as const])
    await main.begin(known, AT)
    t.same([main.of(TOOLS), main.of(FLASK)], [PYPI, ACME])
    await main.begin([[LATER, PYPI]], AT)
    t.equal(main.of(LATER), undefined)
    t.equal(store.belongings('ml').of(FLASK), undefined)
    await blobs.close()
    await store.close()
    const again = await open(folder)
    await again.store.belongings('main').begin([[LATER, PYPI]], AT)
    t.equal(again.store.belongings('main').of(LATER), undefined, 'nor after a restart')
    t.equal(again.store.belongings('main').of(FLASK), ACME)
    await again.blobs.close()
    await again.store.close()
  },
)

t.test('what a person decides holds for a gate that runs, and stands in the journal with its reason', async t => {
  const folder = t.testdir()
  const { store, blobs } = await open(folder)
  const main = store.belongings('main')
  await main.remember(TOOLS, ACME, AT)
  const written = readRecords(folder, { index: 'main', sources: SOURCES })
  await until('it is written', () => written?.belonging(TOOLS) === ACME)
  await written?.close()
  const order = { index: 'main', project: TOOLS, source: PYPI, reason: 'given up', by: OPERATOR }
  t.equal(await decideSource(folder, order, systemClock), ACME)
  await until('the gate that runs knows it', () => main.of(TOOLS) === PYPI)
  t.equal(main.remember(TOOLS, ACME, AT), PYPI)
  await blobs.close()
  await store.close()
  const records = readRecords(folder, { index: 'main', sources: SOURCES })
  t.equal(records?.belonging(TOOLS), PYPI)
  const rows = []
  for await (const row of records?.journal(instant(0)) ?? []) rows.push(row)
  t.match(rows, [{ project: 'tools', outcome: 'forgotten', code: 'source', rule: 'given up' }])
  await records?.close()
})

t.test('without a database of a gate there is nothing to decide', async t => {
  const order = { index: 'main', project: TOOLS, source: PYPI, reason: 'x', by: OPERATOR }
  await t.rejects(decideSource(t.testdir(), order, systemClock), { code: 'config-invalid' })
})

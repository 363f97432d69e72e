import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { createLastingBelongings } from '../../../src/gate/sources/lasting-belongings.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'

const TOOLS = parseProjectName('tools')
const FLASK = parseProjectName('flask')
const AT = instant(1)
const [ACME, NEXUS, PYPI] = ['acme', 'nexus', 'pypi'] as SourceName[] as [SourceName, SourceName, SourceName]
const A = 'https://a.example'
const P = 'https://p.example'

t.test('what was written down under one name of a source is told by the name that it has now', async t => {
  const { store } = createMemoryStore({ clock: () => AT, events: { emit() {} } })
  const kept = store.belongings('/')
  const pypi = { name: PYPI, place: P }
  const before = createLastingBelongings(kept, [{ name: ACME, place: A }, pypi])
  await before.begin([[FLASK, PYPI]], AT, 'main')
  t.equal(await before.remember(TOOLS, ACME, AT), ACME)
  const after = createLastingBelongings(kept, [{ name: NEXUS, place: A }, pypi])
  t.equal(after.of(TOOLS), NEXUS)
  t.equal(after.of(FLASK), PYPI)
  t.equal(await after.remember(TOOLS, PYPI, AT), NEXUS)
  t.ok(after.hasBegun())
})

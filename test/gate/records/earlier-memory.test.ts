import t from 'tap'
import { systemClock } from '../../../src/domain/base/instant.ts'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { HELD, heldOf } from '../../../src/domain/memory/source.ts'
import { withEarlier } from '../../../src/gate/records/earlier-memory.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { fileOf, PKG, pageOf } from '../../store/facts.ts'

async function twoMemories() {
  const { store } = createMemoryStore({ clock: systemClock, events: { emit() {} } })
  const [own, earlier] = [await store.memory(heldOf('pypi' as SourceName)), await store.memory(HELD)]
  return { own, earlier, both: withEarlier(own, earlier) }
}

t.test('what was remembered before sources were told apart counts for the one that has the same bytes', async t => {
  const { own, earlier, both } = await twoMemories()
  await earlier.learn(PKG, pageOf([fileOf('pkg-0.9.tar.gz'), fileOf('pkg-1.0.tar.gz')]))
  t.equal((await both.of(PKG)).size, 0, 'not before its page was read')
  await both.learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz')]))
  const memory = await both.of(PKG)
  t.strictSame([...memory.sightings.keys()].sort(), ['pkg-0.9.tar.gz', 'pkg-1.0.tar.gz'])
  t.equal(both.atHand(PKG), memory, 'put together once')
  t.strictSame([...(await own.of(PKG)).sightings.keys()], ['pkg-1.0.tar.gz'], 'and each stays what it was')
  t.equal(await both.projectOf(fileOf('pkg-0.9.tar.gz').path), PKG)
  t.strictSame(await both.names(), [PKG])
})

t.test('it counts for nobody who has other bytes under the same name', async t => {
  const { earlier, both } = await twoMemories()
  await earlier.learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz', 'another')]))
  const memory = await both.learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz')]))
  t.equal(memory.sightings.get('pkg-1.0.tar.gz')?.sha256, fileOf('pkg-1.0.tar.gz').sha256)
})

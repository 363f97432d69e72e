import t, { type Test } from 'tap'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

/** A gate before a release that passes and one that nobody attested, whose page was read. */
async function twoReleases(t: Test) {
  const world = await createWorld(t)
  const good = await world.release('demo', '0.9')
  const bad = await world.release('demo', '1.0', { attested: false })
  const gate = await openBareGate(t, world)
  await gate.gate.page(bad.wheel.project as Parameters<typeof gate.gate.page>[0], 'json')
  const notes = async () => {
    const verdict = await gate.judge(bad.wheel)
    return verdict.kind === 'refused' ? verdict.notes : []
  }
  return { world, good, gate, notes }
}

t.test('a refusal says which other versions pass', async t => {
  const { good, gate, notes } = await twoReleases(t)
  await gate.gate.settled()
  await gate.judge(good.wheel)
  t.match(await notes(), [/^Other versions that pass: 0\.9\.$/])
})

t.test('nothing is told where no other version could pass', async t => {
  const { gate, notes } = await twoReleases(t)
  t.equal(gate.rewritePolicy('version: 1\nprojects: [{ match: demo, deny: not here }]\n'), 'loaded')
  t.strictSame(await notes(), [])
})

t.test('a version that is yanked is no advice', async t => {
  const { world, good, gate, notes } = await twoReleases(t)
  for (const { filename } of good.files) world.upstream.yank('demo', filename, 'broken')
  gate.clock.now += 61_000
  t.notMatch((await notes()).join(), '0.9')
})

import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { Admitted } from '../../../src/domain/decide/verdict.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

async function admittedWheel(t: Test) {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const bare = await openBareGate(t, world)
  const metadataOf = async (file: typeof wheel) => {
    const verdict = await bare.judge(file)
    if (verdict.kind === 'refused') throw new TypeError(verdict.code)
    return await bare.gate.metadata(verdict)
  }
  return { world, wheel, sdist, bare, metadataOf }
}

t.test('METADATA is what the index announces, and is fetched once', async t => {
  const { world, wheel, metadataOf } = await admittedWheel(t)
  const [one, two] = await Promise.all([metadataOf(wheel), metadataOf(wheel)])
  t.match([one, two], [{ bytes: wheel.metadata, sha256: sha256Of(wheel.metadata) }, { bytes: wheel.metadata }])
  await metadataOf(wheel)
  t.equal(world.upstream.count('metadata'), 1)
})

t.test('other bytes than it announces are a mismatch, and are not asked for again', async t => {
  const { world, wheel, metadataOf } = await admittedWheel(t)
  world.upstream.fault({ route: 'metadata', do: { alter: body => Buffer.concat([body, Buffer.from('x')]) } })
  await t.rejects(metadataOf(wheel), { code: 'integrity-mismatch' })
  world.upstream.clearFaults()
  await t.rejects(metadataOf(wheel), { code: 'integrity-mismatch' })
  t.equal(world.upstream.count('metadata'), 1)
})

t.test('what is offered and not there is "cannot tell"; of what is not offered there is none', async t => {
  const { world, wheel, sdist, metadataOf } = await admittedWheel(t)
  world.upstream.fault({ route: 'metadata', do: { status: 404 } })
  await t.rejects(metadataOf(wheel), { code: 'unknown-upstream' })
  await t.rejects(metadataOf(sdist), { code: 'not-listed' })
})

t.test('nobody gets it under a verdict that nobody gave', async t => {
  const { bare, wheel } = await admittedWheel(t)
  const verdict = await bare.judge(wheel)
  const forged: unknown = Object.assign({ artifact: await bare.locate(wheel) }, verdict)
  t.equal(Admitted.is(forged), false)
  await t.rejects(bare.gate.metadata(forged as Admitted), { code: 'unknown-bug' })
  await t.rejects(bare.gate.open(forged as Admitted), { code: 'unknown-bug' }, 'nor the file')
})

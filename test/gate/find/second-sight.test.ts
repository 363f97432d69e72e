// guards: src/gate/find/indexes.ts src/gate/find/is-file.ts src/gate/find/locate.ts src/gate/find/second-opinion.ts src/gate/find/unoffered.ts
import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { type BareChanges, type BareGate, openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const DEMO = parseProjectName('demo')

async function scene(t: Test, changes: BareChanges = {}) {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  return { world, wheel, sdist, open: (more: BareChanges = {}) => openBareGate(t, world, { ...changes, ...more }) }
}

async function pageOf(gate: BareGate): Promise<string> {
  try {
    await gate.gate.page(DEMO, 'json')
    return 'answered'
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

t.test('one absurd serial blocks nobody, not even after a restart', async t => {
  const { world, wheel, open } = await scene(t)
  const gate = await open()
  t.equal(await gate.outcome(wheel), 'admitted')
  world.upstream.setSerial('demo', 999_999_999_999_999)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted')
  world.upstream.setSerial('demo', 1_010)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(await (await open({ after: gate })).outcome(wheel), 'admitted')
  world.upstream.setSerial('demo', 5)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'unknown-index-changed', 'and the floor holds')
})

t.test('a serial within reach that nobody confirms lets go after a day, with a warning', async t => {
  const { world, wheel, open } = await scene(t)
  world.upstream.setSerial('demo', 90_000)
  const gate = await open()
  t.equal(await gate.outcome(wheel), 'admitted')
  world.upstream.setSerial('demo', 1_010)
  for (let hours = 0; hours < 24; hours += 6) {
    gate.clock.now += DAY / 4
    t.equal(await gate.outcome(wheel), 'unknown-index-changed', `after ${hours} hours`)
  }
  gate.clock.now += DAY / 4
  t.equal(await gate.outcome(wheel), 'admitted')
  t.ok(gate.events.some(event => event.type === 'index-warning' && /read once and never again/.test(event.detail)))
})

t.test('a front of several nodes, one of which is one change behind, makes no 503', async t => {
  const { world, wheel, sdist, open } = await scene(t)
  const gate = await open()
  const serial = 2_000
  for (let round = 0; round < 40; round += 1) {
    world.upstream.setSerial('demo', round % 2 === 0 ? serial : serial - 1)
    gate.clock.now += MINUTE + 1
    t.equal(await gate.outcome(round % 3 === 0 ? sdist : wheel), 'admitted')
    t.equal(await pageOf(gate), 'answered')
  }
  t.strictSame(gate.alarms(), [], 'and nobody is woken')

  world.upstream.setSerial('demo', serial - 1)
  gate.clock.now += 61 * MINUTE
  t.equal(await gate.outcome(wheel), 'unknown-index-changed', 'once no page of the other node may stand in')
})

t.test('what the node that is behind still lists is not believed', async t => {
  const { world, wheel, open } = await scene(t)
  const gate = await open()
  t.equal(await gate.outcome(wheel), 'admitted')
  world.upstream.remove('demo', wheel.filename)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'not-listed')
  world.upstream.add('demo', { ...wheel })
  world.upstream.setSerial('demo', 1_002)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'not-listed')
})

t.test('with nothing that may stand in, another node is asked', async t => {
  const { world, wheel, open } = await scene(t)
  t.equal(await (await open()).outcome(wheel), 'admitted')
  const before = await open()
  t.equal(await before.outcome(wheel), 'admitted')
  world.upstream.setSerial('demo', 1_001)
  const asked = world.upstream.count('page')
  const restarted = await open({ after: before })
  t.equal(await restarted.outcome(wheel), 'unknown-index-changed', 'when all of them are behind')
  t.ok(world.upstream.count('page') - asked >= 3)
})

t.test('a page that lists the wheel of another project takes it from nobody', async t => {
  const { world, wheel, open } = await scene(t)
  await world.release('evil', '1.0')
  world.upstream.add('evil', { ...wheel })
  const gate = await open()
  await gate.gate.page(parseProjectName('evil'), 'json')
  t.equal(await gate.outcome(wheel), 'admitted', 'it is found where its name belongs')
  world.upstream.remove('evil', wheel.filename)
  gate.clock.now += MINUTE + 1
  t.equal(await (await open({ after: gate })).outcome(wheel), 'admitted')
})

t.test('an sdist that another project listed once is its own again a day after', async t => {
  const { world, open } = await scene(t)
  const { sdist } = await world.release('other', '1.0', { attested: false })
  const file = { filename: 'demo-2-4.tar.gz', bytes: sdist.bytes } // demo 2.post4, or demo-2 4
  await world.release('demo-2', '1.0')
  world.upstream.add('demo', file)
  world.upstream.add('demo-2', file)
  const policy = 'version: 1\ndefaults: { attestation: optional, unmatched: apply-defaults }\n'
  const gate = await open({ policy })
  const listed = { path: world.upstream.pathOf('demo-2', file.filename) }
  t.equal(await gate.outcome(listed), 'unknown-index-changed')
  world.upstream.remove('demo', file.filename)
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(listed), 'unknown-index-changed')
  gate.clock.now += DAY
  t.match(await gate.locate(listed), { project: 'demo-2' })
})

/** The wheel, listed with another sha256 than it has; `right` lists it as it is. */
function misreport(world: World, { filename, sha256, bytes }: Published) {
  world.upstream.replace('demo', filename, { sha256: '0'.repeat(64) })
  return { right: () => world.upstream.replace('demo', filename, { sha256, size: bytes.length }) }
}

t.test('one false sha256 of a file that nobody ever got is corrected', async t => {
  for (const [how, wait] of [
    ['by the JSON API, a minute after', 2 * MINUTE],
    ['by time, where there is none', 11 * MINUTE],
  ] as const) {
    const { world, wheel, open } = await scene(t)
    const { right } = misreport(world, wheel)
    if (wait > 10 * MINUTE) world.upstream.fault({ route: 'legacy', do: { status: 404 } })
    const gate = await open()
    await gate.outcome(wheel)
    right()
    gate.clock.now += MINUTE + 1
    t.equal(await gate.outcome(wheel), 'unknown-index-changed', `${how}: not at once`)
    gate.clock.now += wait
    t.equal(await gate.outcome(wheel), 'admitted', how)
    t.same(await gate.download(wheel), wheel.bytes)
    t.equal(await (await open({ after: gate })).outcome(wheel), 'admitted')
  }
})

t.test(
  'a sha256 whose bytes were served or proved is never another, whatever the index says and for how long',
  async t => {
    const optional = 'version: 1\ndefaults: { attestation: optional, unmatched: apply-defaults }\n'
    for (const [what, policy, get] of [
      ['proved', undefined, (gate: BareGate, file: Published) => gate.judge(file)],
      ['served', optional, (gate: BareGate, file: Published) => gate.download(file)],
    ] as const) {
      const { world, wheel, open } = await scene(t, policy === undefined ? {} : { policy })
      const other = (await world.release('other', '1.0')).wheel
      const gate = await open()
      await get(gate, wheel)
      const { bytes, sha256 } = other
      world.upstream.replace('demo', wheel.filename, { bytes, sha256, size: bytes.length })
      for (let days = 0; days < 5; days += 1) {
        gate.clock.now += DAY
        t.equal(await gate.outcome(wheel), 'unknown-index-changed', `${what}, day ${days}`)
      }
      t.ok(gate.alarms().every(alarm => alarm === 'digest-changed'))
    }
  },
)

t.test('a clock that is a year ahead for three seconds decides nothing afterwards', async t => {
  const { wheel, open } = await scene(t)
  const gate = await open()
  t.equal(await gate.outcome(wheel), 'admitted')
  const now = gate.clock.now
  gate.clock.now += 365 * DAY
  await gate.outcome(wheel)
  gate.clock.now = now + 3_000
  t.equal(await gate.outcome(wheel), 'admitted')
  t.equal(await (await open({ after: gate })).outcome(wheel), 'admitted')
  gate.clock.now = now - 6 * MINUTE
  t.equal(await gate.outcome(wheel), 'unknown-clock', 'and a clock that was set back is still found')
})

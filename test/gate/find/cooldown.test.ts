// guards: src/gate/find/indexes.ts
import t, { type Test } from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { createWorld } from '../../world/world.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const DEMO = parseProjectName('demo')
const COOLDOWN = `version: 1
defaults: { attestation: optional, unmatched: apply-defaults, cooldown: { min_age: 7d } }
`

/** A gate with a cooldown of seven days that has read the page of an old project for a while. */
async function scene(t: Test) {
  const world = await createWorld(t)
  await world.release('demo', '1.0', { attested: false })
  const gate = await openBareGate(t, world, { policy: COOLDOWN })
  const look = async (later: number) => {
    gate.clock.now += later
    await gate.gate.page(DEMO, 'json')
  }
  for (const later of [0, 20 * MINUTE, DAY]) await look(later)
  const [plain, evil] = [{}, { 'demo/more.py': '' }].map(files => makeWheel({ name: 'demo', version: '2.0', files }))
  if (plain === undefined || evil === undefined) throw new TypeError('two wheels')
  const list = (wheel: typeof plain, days: number, entry: Readonly<Record<string, unknown>> = {}) => {
    world.upstream.remove('demo', wheel.filename)
    const uploadTime = new Date(gate.clock.now - days * DAY).toISOString()
    world.upstream.add('demo', { ...wheel, uploadTime, entry })
    return { path: world.upstream.pathOf('demo', wheel.filename) }
  }
  const days = async (count: number) => {
    for (let halves = 0; halves < 2 * count; halves += 1) await look(DAY / 2)
  }
  return { world, gate, look, list, days, plain, evil }
}

t.test('a file that stays as it is passes its cooldown', async t => {
  const { gate, look, list, days, plain } = await scene(t)
  const wheel = list(plain, 0)
  await look(2 * MINUTE)
  t.equal(await gate.outcome(wheel), 'too-new')
  await days(8)
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test(
  'bytes that take the place of others have their cooldown before them, whatever was listed for how long',
  async t => {
    for (const [what, entry] of [
      ['another sha256', {}],
      ['no sha256', { hashes: {} }],
      ['an entry that could not be read', { url: 'http://elsewhere.example/demo' }],
    ] as const) {
      const { gate, look, list, days, plain, evil } = await scene(t)
      list(plain, 0, entry)
      await days(8)
      const swapped = list(evil, 8)
      for (const later of [5 * MINUTE, 6 * MINUTE, 6 * MINUTE, DAY]) await look(later)
      t.equal(await gate.outcome(swapped), 'too-new', what)
      await days(5)
      t.equal(await gate.outcome(swapped), 'too-new', `${what}, six days after`)
      await days(1)
      t.equal(await gate.outcome(swapped), 'admitted', `${what}: and then it passes`)
    }
  },
)

t.test('an entry that is none makes no file older that was not beside it', async t => {
  const { world, gate, look, list, days, evil } = await scene(t)
  const nameless = { filename: 'demo-0.1.tar.gz', bytes: Buffer.alloc(1), entry: { filename: undefined } }
  world.upstream.add('demo', nameless)
  await days(8)
  const wheel = list(evil, 2_000)
  await look(6 * MINUTE)
  t.equal(await gate.outcome(wheel), 'too-new')
  await days(8)
  t.equal(await gate.outcome(wheel), 'admitted')
})

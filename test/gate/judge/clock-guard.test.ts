import t from 'tap'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

const MINUTE = 60_000

t.test('a clock more than five minutes behind what was recorded decides nothing', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  t.equal(await gate.outcome(wheel), 'admitted')
  const recorded = gate.memory.store.watermark.newest()
  gate.clock.now = recorded - 5 * MINUTE
  t.equal(await gate.outcome(wheel), 'admitted', 'five minutes are forgiven')
  gate.clock.now = recorded - 5 * MINUTE - 1
  t.equal(await gate.outcome(wheel), 'unknown-clock')
  t.equal(await gate.outcome(wheel), 'unknown-clock')
  t.strictSame(gate.alarms(), ['clock-behind'], 'told once')
  t.match(
    (await gate.gate.readiness()).find(({ name }) => name === 'clock'),
    { ok: false },
  )
  const again = await openBareGate(t, world, { after: gate })
  t.equal(await again.outcome(wheel), 'unknown-clock', 'after a restart too')
  gate.clock.now = recorded
  t.equal(await gate.outcome(wheel), 'admitted')
})

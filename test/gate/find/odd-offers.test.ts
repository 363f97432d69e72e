// guards: src/gate/find/indexes.ts
import t, { type Test } from 'tap'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const MINUTE = 60_000
const DAY = 86_400_000
const WHEN_SEEN = 'version: 1\ndefaults: { attestation: when-seen, unmatched: apply-defaults }\n'

/** What the page says of provenance for a file that has none: that there is some, or the truth. */
function offer({ upstream }: World, { filename }: Published, says: 'offered' | 'none'): void {
  const provenance = says === 'offered' ? `${upstream.integrityOrigin}/x` : null
  upstream.replace('demo', filename, { entry: { provenance } })
}

async function scene(t: Test) {
  const world = await createWorld(t)
  const old = await world.release('demo', '1.0', { attested: false })
  const newer = await world.release('demo', '1.1', { attested: false })
  const gate = await openBareGate(t, world, { policy: WHEN_SEEN })
  const after = async (later: number, file: Published) => {
    gate.clock.now += later
    return await gate.outcome(file)
  }
  return { world, old, newer, gate, after }
}

t.test('a page that offers provenance once makes no file a loss', async t => {
  const { world, old, newer, gate, after } = await scene(t)
  t.equal(await after(0, old.wheel), 'admitted')
  offer(world, old.sdist, 'offered')
  t.equal(await after(2 * MINUTE, old.wheel), 'provenance-partial', 'while the page says so')
  t.equal(await after(0, newer.wheel), 'provenance-lost')
  offer(world, old.sdist, 'none')
  for (const later of [2 * MINUTE, 11 * MINUTE, 63 * DAY])
    for (const { wheel } of [old, newer]) t.equal(await after(later, wheel), 'admitted', `${later} ms later`)
  t.equal(await (await openBareGate(t, world, { policy: WHEN_SEEN, after: gate })).outcome(newer.wheel), 'admitted')
})

t.test('a page that offers provenance for days and then hides it is a loss', async t => {
  const { world, old, newer, gate, after } = await scene(t)
  offer(world, old.sdist, 'offered')
  for (let days = 0; days < 3; days += 1) t.equal(await after(DAY, newer.wheel), 'provenance-lost')
  offer(world, old.sdist, 'none')
  t.equal(await after(DAY, newer.wheel), 'provenance-lost')
  t.equal(await after(63 * DAY, old.wheel), 'provenance-partial')
  const again = await openBareGate(t, world, { policy: WHEN_SEEN, after: gate })
  t.equal(await again.outcome(newer.wheel), 'provenance-lost', 'after a restart too')
})

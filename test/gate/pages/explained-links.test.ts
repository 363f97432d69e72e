// guards: src/gate/pages/foresight.ts
import t, { type Test } from 'tap'
import { type Millis, millis } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { KeptRefusal, Refusals } from '../../../src/ports/store.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

const DEMO = parseProjectName('demo')
const LONG = millis(90 * 86_400_000)

/** A gate whose pages say why a file is refused, over a store that lets go of what a test says. */
async function annotating(t: Test, keep: Millis) {
  const world = await createWorld(t)
  await world.release('demo', '1.0', { attested: false, kinds: ['wheel'] })
  const kept = new Map<string, KeptRefusal>()
  let gone: (ids: readonly string[]) => void = () => {}
  const refusals: Refusals = {
    put: (id, refused, at) => void kept.set(id, { refused, at }),
    get: async id => kept.get(id),
    watch(tell) {
      gone = tell
    },
  }
  const { gate, clock } = await openBareGate(t, world, {
    settings: { mode: 'annotate', keep },
    parts: ({ store }) => ({ store: { ...store, refusals } }),
  })
  /** The explanation that the page leads to. */
  const linked = async () => {
    const { identity } = await gate.page(DEMO, 'json')
    return /\/x\/([0-9a-z]{12})/.exec(identity.toString())?.[1]
  }
  await linked()
  await gate.settled()
  const [id = ''] = [await linked()]
  t.match(await gate.explained(id), { refused: { code: 'unattested' } })
  while (!kept.has(id)) await new Promise(resolve => setTimeout(resolve, 20))
  return { gate, clock, kept, id, linked, gone: (...ids: string[]) => gone(ids) }
}

t.test('a page that was made before leads to no explanation that went', async t => {
  const { gate, kept, id, linked, gone } = await annotating(t, LONG)
  kept.clear()
  gone(id)
  t.equal(await linked(), id)
  t.match(await gate.explained(id), { refused: { code: 'unattested' } })
})

t.test('a page whose explanations are kept for seconds is made anew before they go', async t => {
  const KEEP = millis(4_000)
  const { gate, clock } = await annotating(t, KEEP)
  const before = await gate.page(DEMO, 'json')
  clock.now += KEEP / 4 - 1
  t.equal(await gate.page(DEMO, 'json'), before)
  clock.now += 1
  t.equal((await gate.page(DEMO, 'json')).sha256, before.sha256, 'and says the same')
})

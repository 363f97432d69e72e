import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import type { GateSettings } from '../../../src/gate/create-gate.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

const NAME = parseProjectName('demo')
const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const

for (const mode of ['list', 'annotate'] satisfies GateSettings['mode'][])
  t.test(`${mode}: what becomes known of files makes no page anew where nobody sees it`, async t => {
    const world = await createWorld(t)
    const { files } = await world.release('demo', '1.0')
    const made = await openBareGate(t, world, { settings: { mode } })
    const { gate } = made
    const first = await gate.page(NAME, 'json')
    if (mode === 'list') {
      await gate.settled()
      t.equal(world.upstream.count('provenance'), 0, 'nothing is judged that nobody asked for')
    }
    for (const file of files) t.equal(await made.outcome(file), 'admitted')
    await gate.settled()
    t.equal(await gate.page(NAME, 'json'), first, 'the very same')
    t.equal(gate.atHand.page(NAME, 'json'), first, 'and it is at hand')
    const html = await gate.page(NAME, 'html')
    t.match(html.identity.toString(), 'demo-1.0-py3-none-any.whl')
    t.equal(await gate.page(NAME, 'html'), html)
  })

t.test('what a client would see makes another page', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  await world.release('demo', '2.0', { identity: MALLORY })
  const { gate } = await openBareGate(t, world, { settings: { mode: 'annotate' } })
  const first = await gate.page(NAME, 'json')
  await gate.settled()
  const second = await gate.page(NAME, 'json')
  t.not(second.etag.identity, first.etag.identity)
  t.match(second.identity.toString(), /Refused by policy: /)
  t.equal(await gate.page(NAME, 'json'), second)
})

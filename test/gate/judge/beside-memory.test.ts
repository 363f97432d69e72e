import t from 'tap'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const

t.test('who signed a file that is refused anyhow is told, and is not the first signer for it', async t => {
  const world = await createWorld(t)
  const good = await world.release('demo', '1.0')
  const evil = await world.release('demo', '2.0', { identity: MALLORY, listed: { yanked: 'x' } })
  const rule = (more: string) => `version: 1\nprojects:\n  - { match: demo, identity: first-seen${more} }\n`
  const gate = await openBareGate(t, world, { policy: rule(', yanked: deny') })
  t.match(await gate.judge(evil.sdist), {
    code: 'yanked',
    admitWith: /waive: \[yanked\]/,
    identity: { repository: 'mallory/demo' },
  })
  gate.rewritePolicy(rule(''))
  t.match(await gate.judge(good.sdist), { kind: 'admitted' }, 'the first that was let in is the first')
  t.match(await gate.judge(evil.sdist), { code: 'publisher-changed' })
})

t.test('who signed what is named instead is not the first signer for that', async t => {
  const world = await createWorld(t)
  const good = await world.release('demo', '1.0')
  const other = await world.release('demo', '1.1', { identity: MALLORY })
  const yanked = await world.release('demo', '2.0', { listed: { yanked: 'x' } })
  const policy = 'version: 1\nprojects:\n  - { match: demo, identity: first-seen, yanked: deny }\n'
  const gate = await openBareGate(t, world, { policy })
  const refused = await gate.judge(yanked.sdist)
  if (refused.kind === 'admitted') throw new TypeError('admitted')
  t.match(await gate.gate.passing(refused), { version: '1.1' }, 'it would be the first')
  const asked = world.upstream.requests.length
  for (let at = 0; at < 3; at += 1) await gate.gate.passing((await gate.judge(yanked.sdist)) as typeof refused)
  t.equal(world.upstream.requests.length, asked, 'each file is looked at once')
  t.match(await gate.judge(good.sdist), { kind: 'admitted' })
  t.match(await gate.judge(other.sdist), { code: 'publisher-changed' }, 'but was not')
  t.match(await gate.gate.passing(refused), { version: '1.0' }, 'and so it is named no more')
})

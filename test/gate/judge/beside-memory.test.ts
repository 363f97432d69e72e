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

t.test('a refusal that is certain does not hang on who signed', async t => {
  const world = await createWorld(t)
  const { sdist, wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world, { policy: 'version: 1\nprojects: [{ match: x, deny: y }]\n' })
  const asked = () => world.upstream.requests.filter(({ route }) => route === 'provenance').length
  for (const [file, fault] of [
    [wheel, { status: 503 }],
    [sdist, { hang: true }],
  ] as const) {
    world.upstream.clearFaults()
    world.upstream.fault({ route: 'provenance', do: fault })
    const unseen = { code: 'no-rule', admitWith: undefined, nothingAdmits: /not known yet/ }
    t.match(await gate.judge(file), unseen, JSON.stringify(fault))
    const before = asked()
    t.match(await gate.judge(file), unseen, 'and nobody waits for it again at once')
    t.equal(asked(), before)
  }
})

t.test('who signed a file without a rule is told, and what would admit it', async t => {
  const world = await createWorld(t)
  const { sdist } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world, { policy: 'version: 1\nprojects: [{ match: x, deny: y }]\n' })
  t.match(await gate.judge(sdist), {
    code: 'no-rule',
    identity: { repository: 'acme/demo' },
    admitWith: /repository: acme\/demo/,
  })
})

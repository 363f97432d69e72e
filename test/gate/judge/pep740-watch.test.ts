import t from 'tap'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { createWorld } from '../../world/world.ts'

const MINUTE = 60_000

t.test('advice about upstream.integrity', async t => {
  t.test('is given from the first refusal on, and is no part of its id', async t => {
    const world = await createWorld(t, { dialect: { provenance: false } })
    const { wheel, sdist } = await world.release('demo', '1.0', { attested: false })
    const gate = await openBareGate(t, world)
    const first = await gate.judge(wheel)
    t.match(first, { code: 'unattested', notes: [/set upstream\.integrity/] })
    await world.release('demo', '2.0', { kinds: ['wheel'] })
    gate.clock.now += 11 * MINUTE
    t.equal(await gate.outcome({ path: world.upstream.pathOf('demo', 'demo-2.0-py3-none-any.whl') }), 'admitted')
    const later = await gate.judge(sdist)
    t.match(later, { kind: 'refused', notes: [/^(?!.*upstream\.integrity)/] }, 'one success ends it')
    const again = await gate.judge(wheel)
    if (first.kind === 'admitted' || again.kind === 'admitted') throw new TypeError('admitted')
    if (first.code === again.code) t.equal(gate.gate.keep(first), gate.gate.keep(again))
    t.equal(gate.gate.keep(first), gate.gate.keep({ ...first, notes: [] }))
  })

  t.test('is not given where it is set', async t => {
    const world = await createWorld(t, { dialect: { provenance: false }, integrity: 'own-origin' })
    const gate = await openBareGate(t, world, {
      policy:
        'version: 1\nprojects: [{ match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: r.yml }] }]\n',
    })
    for (let minor = 0; minor < 21; minor += 1) {
      const { wheel } = await world.release('demo', `1.${minor}`, { kinds: ['wheel'], attested: false })
      gate.clock.now += MINUTE + 1
      const verdict = await gate.judge(wheel)
      if (verdict.kind === 'admitted') throw new TypeError('admitted')
      const notes = verdict.notes.join(' ')
      t.notMatch(notes, /set upstream\.integrity/)
      if (minor === 0) t.notMatch(notes, /upstream\.integrity/, 'one 404 says nothing')
      if (minor === 20) t.match(notes, /upstream\.integrity answered 404 for every file so far/)
    }
  })
})

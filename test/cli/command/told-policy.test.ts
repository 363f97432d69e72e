import t from 'tap'
import { gateDesk, policyOf, rule } from '../../world/commands/gate-desk.ts'

t.test('a command names the policy that it goes by, and says where the gate decided last by another', async t => {
  const desk = await gateDesk(t)
  const { wheel } = await desk.world.release('demo', '1.0')
  const policy = policyOf('projects:', rule('demo'))
  const gate = await desk.gate(policy)
  t.equal(await desk.ask(gate, wheel), 200)
  await gate.stop()
  const ways = [
    ['explain', wheel.filename],
    ['verify', 'demo==1.0'],
    ['exemptions', 'expiring'],
    ['revocations', 'show'],
    ['policy', 'approve', 'demo'],
  ]
  for (const words of ways) {
    const same = await desk.run(...words)
    t.match(same.err, /^policy: \S+policy\.yaml \(sha256 [0-9a-f]{12}\)\n$/, words.join(' '))
    t.notMatch(same.out, 'sha256 [0-9a-f]{12})', 'results are results')
  }
  desk.write('policy.yaml', `${policy}\n# another\n`)
  for (const words of [...ways, ['policy', 'check']]) {
    const other = await desk.run(...words)
    t.match(
      other.err,
      /note: the gate of \S+data decided last, at 20\S+Z, by another policy \(sha256 [0-9a-f]{12}\); if it was reloaded since, it may have this one by now\n/,
      words.join(' '),
    )
  }
  for (const words of [
    ['policy', 'replay', '--policy', desk.world.policy],
    ['policy', 'test'],
  ])
    t.match((await desk.run(...words)).err, /^policy: \S+ \(sha256 [0-9a-f]{12}\)\n$/, `${words.join(' ')}: on purpose`)
})

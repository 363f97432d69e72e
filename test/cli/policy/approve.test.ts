import t from 'tap'
import { gateDesk, MALLORY, policyOf } from '../../world/commands/gate-desk.ts'

/** The rule that a command prints. */
function yamlIn(out: string): string {
  const [yaml = ''] = out.slice(out.indexOf('projects:')).split('\nportcullis ')
  return yaml.replace(/^ {2}/gm, '')
}

t.test('approve shows a held change field by field and prints the rule that accepts it', async t => {
  const desk_ = await gateDesk(t)
  const { world } = desk_
  const first = await world.release('demo', '1.0')
  const second = await world.release('demo', '2.0', { identity: MALLORY })
  const policy = policyOf('projects: [{ match: demo, identity: first-seen }]')
  const gate = await desk_.gate(policy)
  t.equal(await desk_.ask(gate, first.wheel), 200)
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1, out: 'nothing is held for demo\n' })
  t.equal(await desk_.ask(gate, second.wheel), 403)
  await gate.stop()
  const { exit, out } = await desk_.run('policy', 'approve', 'demo')
  t.equal(exit, 0)
  t.match(out, /≠ repository +https:\/\/github\.com\/acme\/demo\n +https:\/\/github\.com\/mallory\/demo\n/)
  t.match(out, /\n1 request by 1 client met it since\n/)
  t.notMatch(out, 'Another owner', 'the ids are the same')
  const yaml = yamlIn(out)
  const approved = await desk_.gate(policyOf(yaml))
  t.equal(await desk_.ask(approved, second.wheel), 200, 'and it does')
  t.equal(await desk_.ask(approved, first.sdist), 200)
  await approved.stop()
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1 }, 'then nothing is held')
  t.match(await desk_.run('policy', 'approve', '-'), { exit: 2 })
})

t.test('what is held depends on the rule that decides', async t => {
  const desk_ = await gateDesk(t)
  const { world } = desk_
  const first = await world.release('demo', '1.0')
  const taken = { ...MALLORY, repository: 'acme/demo', ownerId: '666' }
  const second = await world.release('demo', '2.0', { identity: taken })
  const under = (rule: string) => desk_.write('policy.yaml', policyOf(`projects: [${rule}]`))
  const gate = await desk_.gate(policyOf('projects: [{ match: "de*", identity: first-seen, yanked: deny }]'))
  for (const [file, status] of [
    [first.wheel, 200],
    [second.wheel, 403],
  ] as const)
    t.equal(await desk_.ask(gate, file), status)
  await gate.stop()
  const glob = await desk_.run('policy', 'approve', 'demo')
  t.match(glob.out, /≠ owner id +222\n +666\n/)
  t.match(glob.out, /! Another owner: the repository was moved, or somebody else/, 'the name alone would not have told')
  t.match(
    glob.out,
    /projects\[0\] de\* \(policy\.yaml:2\) decides demo now; what it says besides, the new rule has to say/,
  )
  under('{ match: demo, identity: first-seen, regression: { publisher_changed: allow } }')
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1, out: 'nothing is held for demo\n' }, 'allowed')
  under('{ match: demo, attestation: optional }')
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1 }, 'anybody may sign')
  under('{ match: other, deny: no }')
  t.match(await desk_.run('policy', 'approve', 'demo'), { exit: 1, out: /no rule decides it/ })
  under(
    `{ match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml, owner_id: "222" }] }`,
  )
  const named = await desk_.run('policy', 'approve', 'demo', '--format', 'json')
  t.equal(named.exit, 0)
  const { first: pinned, others, rule, requests }: Record<string, never> = JSON.parse(named.out)
  t.match([pinned, others], [{ owner_id: '222' }, [{ owner_id: '666', files: [second.wheel.filename] }]])
  t.equal(requests, 1)
  t.match(rule, /owner_id: "666"/)
  t.notMatch(rule, /owner_id: "222"/, 'the rule has that already')
})

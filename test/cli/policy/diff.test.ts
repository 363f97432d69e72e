import t from 'tap'
import { gateDesk, policyOf, publisher, rule } from '../../world/commands/gate-desk.ts'

t.test('diff tells what changes in meaning, and not in writing', async t => {
  const desk_ = await gateDesk(t)
  const a = desk_.write('a.yaml', policyOf('projects:', rule('demo'), rule('demo-*', ', yanked: deny')))
  const b = desk_.write(
    'b.yaml',
    `# another order\n${policyOf('projects:', rule('demo-*', ', yanked: deny'), rule('demo'))}`,
  )
  t.match(await desk_.run('policy', 'diff', a, b), { exit: 0, out: /the policies mean the same/ })
  const c = desk_.write(
    'c.yaml',
    policyOf(
      'mode: audit',
      'projects:',
      `  - { match: demo, publishers: [${publisher('demo')}, ${publisher('other')}], attestation: when-seen, cooldown: { min_age: 3d } }`,
      rule('demo-*'),
      'exemptions:',
      `  - { id: EX-1, project: demo, waive: [attestation], files: { demo-1.0.tar.gz: "sha256:${'4'.repeat(64)}" }, reason: r, owner: o, expires: 2027-01-01 }`,
      'revocations: [{ project: demo, versions: "==3", reason: stolen }]',
    ),
  )
  const { exit, out } = await desk_.run('policy', 'diff', a, c)
  t.equal(exit, 1)
  for (const line of [
    'mode\n  + enforce became audit',
    'attestation: required became when-seen',
    '+ publishers: kind github, repository acme/other, workflow release.yml was added',
    '- cooldown.min_age: 0 h became 72 h',
    '+ yanked: deny became allow',
    'exemption EX-1\n  + was added for demo',
    '- demo ==3 (stolen) was added',
  ])
    t.ok(out.includes(line), line, { out })
  const d = desk_.write('d.yaml', policyOf('projects:', rule('demo*')))
  const wider = desk_.write('e.yaml', policyOf('projects:', rule('demo*'), '  - { match: demo, deny: no }'))
  t.match(
    (await desk_.run('policy', 'diff', wider, d)).out,
    /demo\n {2}~ its own rule is gone: decided by projects\[0\] demo\* \(d\.yaml:3\) now, by projects\[1\] demo \(e\.yaml:4\) before\n {2}\+ is denied no more/,
  )
  t.equal((await desk_.run('policy', 'diff', a, desk_.write('f.yaml', 'nonsense: true'))).exit, 2)
})

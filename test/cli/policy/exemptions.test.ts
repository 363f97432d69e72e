import t from 'tap'
import { DAY, gateDesk, policyOf } from '../../world/commands/gate-desk.ts'

t.test('exemptions that end soon, and how often each was used', async t => {
  const desk_ = await gateDesk(t)
  const { sdist } = await desk_.world.release('six', '1.0', { attested: false })
  const ends = (days: number) => new Date(desk_.clock.now + days * DAY).toISOString()
  const exemption = (id: string, days: number) =>
    `  - { id: ${id}, project: six, waive: [attestation], files: { "${sdist.filename}": "sha256:${sdist.sha256}" }, reason: r, owner: me, expires: ${ends(days)} }`
  const gate = await desk_.gate(
    policyOf(
      'projects: [{ match: six }]',
      'exemptions:',
      exemption('EX-soon', 3),
      exemption('EX-late', 90),
      exemption('EX-ended', -3),
    ),
  )
  t.equal(await desk_.ask(gate, sdist), 200)
  await gate.stop()
  const { exit, out } = await desk_.run('exemptions', 'expiring')
  t.equal(exit, 0)
  t.match(out, /ended 20.* EX-ended +six +1 +0 +attestation\n {2}me, .*policy\.yaml:\d+\n/)
  t.match(out, /in [23] d +EX-soon +six +1 +1 +attestation\n/)
  t.notMatch(out, /EX-late/)
  t.match((await desk_.run('exemptions', 'expiring', '--within', '100d', '--format', 'json')).out, /"id":"EX-late"/)
  t.match(await desk_.run('exemptions', 'expiring', '--within', 'soon'), { exit: 2 })
})

t.test('exemptions of one owner that end at once are one line', async t => {
  const desk_ = await gateDesk(t)
  const ends = (days: number) => new Date(desk_.clock.now + days * DAY).toISOString()
  const exemption = (id: string, days: number, project: string, owner: string) =>
    `  - { id: ${id}, project: ${project}, waive: [attestation], files: { "${project}-1.0.tar.gz": "sha256:${'a'.repeat(64)}" }, reason: r, owner: ${owner}, ticket: SEC-${days}, expires: ${ends(days)} }`
  const policy = desk_.write(
    'policy.yaml',
    policyOf(
      'projects: [{ match: six }, { match: seven }]',
      'exemptions:',
      ...Array.from({ length: 10 }, (_, index) => exemption(`EX-${index}`, 3, index % 2 === 0 ? 'six' : 'seven', 'me')),
      exemption('EX-you', 3, 'six', 'you'),
      exemption('EX-later', 5, 'six', 'me'),
    ),
  )
  const { out } = await desk_.run('exemptions', 'expiring', '--policy', policy)
  t.match(out, /in [23] d +10 exemptions +2 projects +10 +attestation\n {2}me, SEC-3: EX-0 \(.*policy\.yaml:4\), EX-1 /)
  t.match(out.replace(/\n +/g, ' '), /EX-7 \(\S+\) and 2 more: --format json names all\n/)
  t.match(out, /in [23] d +EX-you +six +1 +attestation\n {2}you, SEC-3, .*policy\.yaml:14\n/)
  t.match(out, /in [45] d +EX-later +six +1 +attestation\n/)
  const json = await desk_.run('exemptions', 'expiring', '--policy', policy, '--format', 'json')
  t.equal(json.out.trimEnd().split('\n').length, 12, 'programs get each')
})

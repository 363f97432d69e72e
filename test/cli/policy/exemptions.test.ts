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

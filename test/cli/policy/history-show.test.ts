import t from 'tap'
import { gateDesk, MALLORY, policyOf } from '../../world/commands/gate-desk.ts'

t.test('history show prints the timeline, and marks what somebody should look at', async t => {
  const desk_ = await gateDesk(t)
  const { world } = desk_
  const one = await world.release('demo', '1.0')
  await world.release('demo', '1.1', { attested: ['wheel'] })
  const two = await world.release('demo', '2.0', { identity: MALLORY })
  await world.release('demo', '2.1', { attested: false })
  const gate = await desk_.gate(policyOf('projects: [{ match: demo, attestation: optional }]'))
  for (const file of [one.wheel, two.wheel]) t.equal(await desk_.ask(gate, file), 200)
  await gate.stop()
  const { exit, out } = await desk_.run('history', 'show', 'Demo')
  t.equal(exit, 0)
  t.match(out, /first identity: acme\/demo release\.yml \(demo-1\.0-py3-none-any\.whl/)
  t.match(out, /1\.0 +1\.0 +2\/2 .* acme\/demo release\.yml\n/)
  t.match(out, /1\.1 +1\.1 +1\/2 .*\(offered, not asked for\) {2}← partly attested\n/)
  t.match(out, /2\.0 +2\.0 +2\/2 .*mallory\/demo release\.yml {2}← another signer\n/)
  t.match(out, /2\.1 +2\.1 +0\/2 .*← attestations have stopped\n/)
  t.match(JSON.parse((await desk_.run('history', 'show', 'demo', '--format', 'json')).out), {
    project: 'demo',
    first: { file: one.wheel.filename },
    files: { length: 8 },
  })
  const renamed = await world.release('demo', '3.0', {
    identity: { kind: 'github', repository: 'acme/demo', workflow: 'release.yml', ref: 'refs/tags/v3', ownerId: '666' },
  })
  desk_.clock.now += 61_000
  const again = await desk_.gate(policyOf('projects: [{ match: demo, attestation: optional }]'))
  t.equal(await desk_.ask(again, renamed.wheel), 200)
  t.match(await desk_.run('history', 'show', 'demo'), { exit: 0, err: '' }, 'while the gate runs')
  await again.stop()
  t.match(
    (await desk_.run('history', 'show', 'demo')).out,
    /3\.0 +3\.0 +2\/2 .*acme\/demo release\.yml \(.*owner id 666.*← another signer\n/,
    'taken over',
  )
  t.match(await desk_.run('history', 'show', 'never'), { exit: 0, out: 'the gate has never read the page of never\n' })
})

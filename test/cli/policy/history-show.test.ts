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

t.test(
  'history show has the newest releases, and says how many are on other pages and which of them are marked',
  async t => {
    const desk_ = await gateDesk(t)
    const { world } = desk_
    await world.release('demo', '0.1')
    for (const version of ['0.2', '0.3', '0.4', '0.5']) await world.release('demo', version, { attested: false })
    const newest = await world.release('demo', '0.6')
    const gate = await desk_.gate(policyOf('projects: [{ match: demo, attestation: optional }]'))
    t.equal(await desk_.ask(gate, newest.wheel), 200)
    await gate.stop()
    const shown = async (...argv: readonly string[]) => {
      const { exit, out } = await desk_.run('history', 'show', 'demo', ...argv)
      t.equal(exit, 0)
      return { out, versions: [...out.matchAll(/ (0\.\d) +\d\/2 /g)].map(([, version]) => version) }
    }
    const page = await shown('--last', '2')
    t.strictSame(page.versions, ['0.5', '0.6'])
    t.match(page.out, 'and 4 earlier releases, 3 of them marked (--before 0.5 shows those before, --all all of demo)\n')
    const before = await shown('--last', '3', '--before', '0.5')
    t.strictSame(before.versions, ['0.2', '0.3', '0.4'])
    t.match(before.out, 'and 1 earlier release; 2 later releases, 1 of them marked (--before 0.2 shows')
    for (const argv of [[], ['--all'], ['--all', '--last', '1']]) {
      const all = await shown(...argv)
      t.equal(all.versions.length, 6, argv.join(' '))
      t.notMatch(all.out, '--before')
    }
    const json = JSON.parse((await desk_.run('history', 'show', 'demo', '--last', '1', '--format', 'json')).out)
    t.equal(json.files.length, 12, 'a program is told all')
    for (const wrong of [
      ['--last', '0'],
      ['--last', 'x'],
      ['--before', 'new'],
    ])
      t.match(await desk_.run('history', 'show', 'demo', ...wrong), { exit: 2, out: '' }, wrong.join(' '))
  },
)

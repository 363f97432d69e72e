import t from 'tap'
import { jsonLines } from '../../world/commands/desk.ts'
import { DAY, gateDesk, policyOf, rule } from '../../world/commands/gate-desk.ts'

const sorted = (names: readonly unknown[]): readonly string[] => names.map(String).sort()

t.test('who got what is told by file, release, project, bytes and subject', async t => {
  const { world, gate: start, ask, run, clock } = await gateDesk(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const { wheel: second } = await world.release('demo', '2.0')
  const { wheel: other } = await world.release('other', '1.0')
  const unattested = (await world.release('demo', '3.0', { attested: false })).wheel
  const gate = await start(policyOf('projects:', rule('demo'), rule('other')))
  const secret = (await run('token', 'create', '--name', 'ci')).out.trim()
  const askAs = async (path: string) =>
    (await fetch(`${gate.url}${path}`, { headers: { authorization: `Bearer ${secret}` } })).arrayBuffer()
  for (const file of [wheel, wheel, sdist, other]) t.equal(await ask(gate, file), 200)
  await askAs(wheel.path)
  t.equal(await ask(gate, unattested), 403)
  clock.now += DAY
  await askAs(second.path)
  await gate.stop()

  const shown = async (...argv: readonly string[]) =>
    jsonLines((await run('downloads', 'show', ...argv, '--format', 'json')).out)
  const files = async (...argv: readonly string[]) => (await shown(...argv)).map(({ filename }) => filename)
  t.match(await shown(wheel.filename), [
    { subject: 'anonymous', client: '127.0.0.1', index: 'main', requests: 2, verdict: 'attestation' },
    { subject: 'token:ci', sha256: wheel.sha256, requests: 1 },
  ])
  t.strictSame(sorted(await files('demo')), sorted([wheel.filename, wheel.filename, sdist.filename, second.filename]))
  t.equal((await files('demo'))[0], second.filename, 'the latest first')
  t.equal((await files('Demo==1.0.0')).length, 3, 'however it is spelled')
  t.strictSame(await files(other.sha256), [other.filename])
  t.strictSame(sorted(await files('token:ci')), sorted([wheel.filename, second.filename]))
  t.strictSame(await files('token:ci', '--since', '12h'), [second.filename])
  t.strictSame(await files('demo==3.0'), [], 'a refusal is no download')
  t.match(await run('downloads', 'show', 'nobody-has-it'), { exit: 0, out: /nothing was downloaded/ })
  t.match(
    (await run('downloads', 'show', 'other')).out,
    /anonymous +127\.0\.0\.1 +1 +20\S+ +20\S+ +attestation +other-1\.0/,
  )
  t.match(await run('downloads', 'show', 'a b'), { exit: 2, err: /is no project/ })
})

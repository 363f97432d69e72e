// guards: src/cli/policy/check-contents.ts
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { jsonLines } from '../../world/commands/desk.ts'
import { type GateDesk, gateDesk, policyOf, rule } from '../../world/commands/gate-desk.ts'
import { uvLock } from '../../world/commands/locks.ts'
import { Luggage } from '../../world/mirror/carried.ts'
import { prepareCrossing } from '../../world/mirror/crossing.ts'
import type { Published } from '../../world/world.ts'

const POLICY = policyOf(
  'mode: enforce',
  'projects:',
  rule('demo'),
  '  - { match: six }',
  'exemptions:',
  '  - { id: EX-app, pins: app.txt, waive: [attestation], reason: r, owner: me, expires: 2099-03-31 }',
)
const pinOf = ({ sha256 }: Pick<Published, 'sha256'>, release = 'six==1.0') => `${release} --hash=sha256:${sha256}\n`

async function sixOf(
  t: Test,
): Promise<{ readonly desk: GateDesk; readonly wheel: Published; readonly sdist: Published }> {
  const desk = await gateDesk(t)
  await desk.world.release('demo', '1.0')
  const { wheel, sdist } = await desk.world.release('six', '1.0', { attested: false })
  return { desk, wheel, sdist }
}

t.test('the door lets a pinned file pass, and no byte of any other', async t => {
  const { desk, wheel, sdist } = await sixOf(t)
  desk.write('app.txt', pinOf(wheel))
  const gate = await desk.gate(POLICY)
  t.equal(await desk.ask(gate, wheel), 200)
  t.equal(await desk.ask(gate, sdist), 403, 'a file of the same release that is not pinned')
  t.equal((await fetch(`${gate.url}${sdist.path}`, { method: 'HEAD' })).status, 403)
  t.equal((await fetch(`${gate.url}${sdist.path}`, { headers: { range: 'bytes=0-1' } })).status, 403)

  const digits = wheel.sha256.startsWith('0') ? `1${wheel.sha256.slice(1)}` : `0${wheel.sha256.slice(1)}`
  for (const [what, text] of [
    ['one digit less right', pinOf({ sha256: digits })],
    ['another release', pinOf(wheel, 'six==1.0.1')],
  ] as const) {
    desk.write('app.txt', text)
    t.equal(gate.app.reload(), 'loaded', what)
    t.equal(await desk.ask(gate, wheel), 403, what)
  }
  desk.write('app.txt', `${pinOf(wheel)}six 1.1\n`)
  t.equal(gate.app.reload(), 'kept', 'what is no pin changes nothing')
  desk.write('app.txt', pinOf(wheel))
  t.equal(gate.app.reload(), 'loaded')
  t.equal(await desk.ask(gate, wheel), 200)
})

t.test('every command reads the pins that the door reads', async t => {
  const { desk, wheel, sdist } = await sixOf(t)
  desk.write('app.txt', pinOf(wheel))
  const gate = await desk.gate(POLICY)
  t.equal(await desk.ask(gate, wheel), 200)
  t.equal(await desk.ask(gate, sdist), 403)
  await gate.stop()
  t.match(await desk.run('explain', wheel.filename), { exit: 0, out: /exemption EX-app waives attestation/ })
  t.match(await desk.run('verify', 'six==1.0'), { exit: 1, out: /unattested/ })
  t.equal((await desk.run('audit', desk.write('uv.lock', uvLock([wheel])))).exit, 0)
  t.equal((await desk.run('audit', desk.write('uv.lock', uvLock([wheel, sdist])))).exit, 1)
  t.match(await desk.run('policy', 'replay', '--since', '1d', '--policy', desk.world.policy), { exit: 0 })
  desk.write('app.txt', pinOf(sdist))
  t.match(await desk.run('policy', 'replay', '--since', '1d', '--policy', desk.world.policy), { exit: 1 })
})

t.test('policy check says what stands in which file', async t => {
  const { desk, wheel, sdist } = await sixOf(t)
  const app = desk.write('app.txt', `${pinOf(wheel)}six==2.0 --hash=sha256:${sdist.sha256}\n`)
  const policy = desk.write('acme.yaml', POLICY)
  const { exit, out } = await desk.run('policy', 'check', policy)
  t.equal(exit, 0)
  t.match(out, /acme\.yaml +2 rules, 1 exemption\n/)
  t.match(out, /app\.txt +2 pins of 2 releases of 1 project, for EX-app\n$/)
  const [json] = jsonLines((await desk.run('policy', 'check', policy, '--format', 'json')).out)
  t.match(json, {
    exemptions: [{ id: 'EX-app', project: null, pins: app }],
    contents: [
      { file: policy, defaults: false, rules: 2, exemptions: 1 },
      { file: app, exemptions: ['EX-app'], projects: 1, releases: 2, pins: 2 },
    ],
  })
  desk.write('app.txt', 'six==1.0\n')
  t.match(await desk.run('policy', 'check', policy), { exit: 2, out: /app\.txt:1:1 "six==1\.0" has no --hash/ })
})

t.test('exemptions expiring and policy diff speak of pins', async t => {
  const { desk, wheel, sdist } = await sixOf(t)
  const app = desk.write('app.txt', pinOf(wheel))
  const old = desk.write('old.yaml', POLICY)
  const run = async (...flags: readonly string[]) =>
    await desk.run('exemptions', 'expiring', '--within', '40000d', '--policy', old, ...flags)
  t.match((await run()).out, /EX-app +six +1 +attestation/)
  const [json] = jsonLines((await run('--format', 'json')).out)
  t.match(json, { id: 'EX-app', project: null, files: {}, pins: { file: app, projects: ['six'], files: 1 } })
  desk.write('more.txt', `${pinOf(wheel)}six==2.0 --hash=sha256:${sdist.sha256}\n`)
  const fresh = desk.write('new.yaml', POLICY.replace('app.txt', 'more.txt'))
  const { exit, out } = await desk.run('policy', 'diff', old, fresh)
  t.equal(exit, 1)
  t.match(out, /exemption EX-app\n *\+ files: six==2, sha256:[0-9a-f]{64} was added\n/)
  t.match(out, /1 change: 1 admit more/)
})

t.test('a mirror carries the pins of its policy', async t => {
  const crossing = await prepareCrossing(t)
  const { world } = crossing
  const { wheel } = await world.release('six', '1.0', { attested: false })
  writeFileSync(join(dirname(world.policy), 'app.txt'), pinOf(wheel))
  world.writePolicy(POLICY)
  await crossing.fetch([wheel])
  const { manifest } = new Luggage(await crossing.export('one'))
  t.strictSame(
    manifest.policy.files.map(({ name }) => name),
    ['policy/01-policy.yaml', 'policy/02-app.txt'],
  )
  t.strictSame(
    manifest.files.map(({ filename }) => filename),
    [wheel.filename],
  )
})

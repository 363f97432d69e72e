import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { jsonLines } from '../../world/commands/desk.ts'
import { uvLock } from '../../world/commands/locks.ts'
import { createCrossing, must } from '../../world/mirror/crossing.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

const RULES = 'version: 1\nprojects: [{ match: "*", attestation: optional }]\n'

function waiving({ filename, sha256 }: Published): string {
  return `${RULES}exemptions:
  - { id: EX-1, project: tools, waive: [source], reason: "looked at", owner: platform, expires: 2099-01-01,
      files: { "${filename}": "sha256:${sha256}" } }
`
}

/** A name that acme has lost and PyPI has too, once a gate had learned that it is acme's. */
async function scene(scope: Test) {
  const crossing = await createCrossing(scope)
  const { world: pypi, places } = crossing
  const acme = await createWorld(scope)
  const at = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const configuration = {
    listen: '127.0.0.1:0',
    data: join(places.outside, 'data'),
    policy: [pypi.policy],
    trust: { root: pypi.trustRoot },
    sources: { acme: at(acme), pypi: at(pypi) },
  }
  writeFileSync(join(places.outside, 'portcullis.yaml'), stringify(configuration))
  await acme.release('tools', '1.0', { attested: false })
  const { wheel, sdist } = await pypi.release('tools', '9.0', { attested: false })
  pypi.writePolicy(RULES)
  const gate = await crossing.serve('outside')
  must({ exit: (await gate.get('/simple/tools/')).status, out: '', err: '' }, 200)
  await gate.stop()
  acme.upstream.remove('tools')
  const plan = join(places.outside, 'plan.json')
  const lock = join(places.outside, 'uv.lock')
  return {
    crossing,
    wheel,
    sdist,
    policy: (text: string) => pypi.writePolicy(text),
    plan,
    lock(...files: readonly Published[]): string {
      writeFileSync(lock, uvLock(files))
      return lock
    },
    planned: () => JSON.parse(readFileSync(plan, 'utf8')).files,
  }
}

t.test('audit and plan say of another source’s file what the door says', async t => {
  const { crossing, wheel, sdist, policy, lock, plan, planned } = await scene(t)
  const audit = async (file: string) => await crossing.outside('audit', file, '--format', 'json')
  const both = await audit(lock(wheel, sdist))
  t.equal(both.exit, 1)
  t.match(both.out, /"code":"source-changed"/)
  t.notMatch(both.out, /not-listed/)
  policy(waiving(wheel))
  t.equal((await audit(lock(wheel))).exit, 0)
  t.match(await crossing.outside('mirror', 'plan', lock(wheel), '--out', plan), { exit: 0 })
  t.match(planned(), [{ filename: wheel.filename, source: 'pypi', outcome: 'admitted' }])
  t.equal((await audit(lock(wheel, sdist))).exit, 1)
  t.match(await crossing.outside('mirror', 'plan', lock(wheel, sdist), '--out', plan), { exit: 1 })
  t.match(
    planned().find(({ filename }: Published) => filename === sdist.filename),
    {
      outcome: 'refused',
      code: 'source-changed',
    },
  )
  t.match(jsonLines((await crossing.outside('explain', wheel.filename, '--format', 'json')).out), [
    { outcome: 'admitted', source: 'pypi' },
  ])
})

t.test('what no source lists stays not listed', async t => {
  const { crossing, wheel, policy, lock } = await scene(t)
  policy(waiving(wheel))
  const other = { ...wheel, sha256: '0'.repeat(64) }
  const { exit, out } = await crossing.outside('audit', lock(other), '--format', 'json')
  t.equal(exit, 1)
  t.match(out, /not-listed/)
})

t.test('a mirror fetches what is waived as a file of the source that lists it, and carries it', async t => {
  const { crossing, wheel, sdist, policy, lock, plan } = await scene(t)
  policy(waiving(wheel))
  must(await crossing.outside('mirror', 'plan', lock(wheel), '--out', plan), 0)
  t.match(await crossing.outside('mirror', 'fetch', plan), { exit: 0, out: /1 file.* held/ })
  const { files, ...rest } = JSON.parse(readFileSync(plan, 'utf8'))
  const [{ source, ...file }] = files
  t.equal(source, 'pypi')
  const without = JSON.stringify({ ...rest, format: 'portcullis-plan/1', files: [file] })
  writeFileSync(plan, without)
  t.match(await crossing.outside('mirror', 'fetch', plan), { exit: 0 }, 'a plan that says no source')
  writeFileSync(plan, without.replaceAll(wheel.filename, sdist.filename).replaceAll(wheel.sha256, sdist.sha256))
  t.match(await crossing.outside('mirror', 'fetch', plan), { exit: 1, out: /source-changed/ }, 'no other file')
  t.match(await crossing.outside('mirror', 'verify'), { exit: 0 })
  const carried = await crossing.export('one')
  t.match(JSON.parse(readFileSync(join(carried, 'manifest.json'), 'utf8')).files, [
    { filename: wheel.filename, source: 'pypi' },
  ])
  policy(RULES)
  t.match(await crossing.outside('mirror', 'verify'), { exit: 1, out: /source-changed/ }, 'once nothing waives it')
})

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Desk, desk } from '../../world/commands/desk.ts'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import type { Published } from '../../world/world.ts'

t.setTimeout(900_000)

interface Bench {
  readonly desk: Desk
  /** of two projects that are source alone */
  readonly sdists: readonly Published[]
  readonly builders: readonly Published[]
}

async function bench(t: Test): Promise<Bench> {
  const desk_ = await desk(t)
  const { world } = desk_
  const wheel = (name: string, version: string, requires: readonly string[] = [], attested = true) =>
    world.release(name, version, { kinds: ['wheel'], requires, attested })
  const one = await world.release('one', '1.0', { kinds: ['sdist'], buildRequires: ['setuptools', 'backend'] })
  const two = await world.release('two', '1.0', { kinds: ['sdist'], buildRequires: ['setuptools>=60'] })
  const builders = [
    await wheel('setuptools', '80.0'),
    await wheel('backend', '2.0', ['core>=1']),
    await wheel('core', '1.1', [], false),
  ]
  await wheel('unused', '1.0')
  return { desk: desk_, sdists: [...one.files, ...two.files], builders: builders.flatMap(({ files }) => files) }
}

t.test('policy init covers what the source distributions of a lock are built with', async t => {
  const { desk, sdists, builders } = await bench(t)
  const lock = desk.write('uv.lock', uvLock(sdists))
  const built = desk.write('builders.txt', requirementsLock(builders))
  const out = join(desk.world.folder, 'acme.yaml')
  const ended = await desk.run('policy', 'init', lock, '--out', out, '--owner', 'me', '--expires', '2027-03-31')
  t.equal(ended.exit, 0, ended.err)
  t.match(ended.err, /^5 files of 5 releases\n/m, 'the releases of the builders count too')
  const told = /2 releases built from source \(one 1\.0, two 1\.0\) with backend 2\.0, core 1\.1, setuptools 80\.0/
  t.match(ended.err.replace(/\s+/g, ' '), told)
  t.match(desk.read('acme.yaml').replace(/\s+(?:# )?/g, ' '), told, 'and the policy says so')
  t.match(await desk.run('audit', lock, built, '--policy', out), { exit: 0 })
  t.notMatch(desk.read('acme.yaml'), /unused/)

  const without = join(desk.world.folder, 'without.yaml')
  t.equal((await desk.run('policy', 'init', lock, '--out', without, '--no-build-deps')).exit, 0)
  t.match(await desk.run('audit', built, '--policy', without), { exit: 1, out: /setuptools.*no-rule/s })
})

t.test('what a build cannot have is left out, and named', async t => {
  const { desk } = await bench(t)
  const { files } = await desk.world.release('odd', '1.0', { kinds: ['sdist'], buildRequires: ['setuptools<2'] })
  const lock = desk.write('uv.lock', uvLock(files))
  const { exit, out, err } = await desk.run('policy', 'init', lock)
  t.equal(exit, 1)
  t.match(
    err.replace(/\s+/g, ' '),
    /✗ setuptools<2 \(for odd 1\.0\): not-listed, no admitted release of setuptools serves/,
  )
  t.match(out, /# Not covered: setuptools<2 \(for odd 1\.0\)/)
  t.match(out, /match: odd/, 'the rest is written')

  desk.world.upstream.fault({ route: 'page', match: '/simple/setuptools/', do: { status: 502 } })
  const unknown = await desk.with({ environment: { XDG_CACHE_HOME: t.testdir() } })('policy', 'init', lock)
  t.match(unknown, { exit: 4, out: '' }, 'what cannot be determined is nothing to write a policy from')
})

t.test('bytes that are not the locked ones tell nothing of a build', async t => {
  const { desk, sdists } = await bench(t)
  const [one] = sdists
  if (one === undefined) throw new TypeError('there is one')
  const { bytes } = await desk.world.release('other', '1.0', { kinds: ['sdist'] }).then(({ sdist }) => sdist)
  desk.world.upstream.replace('one', one.filename, { bytes })
  const { exit, out } = await desk.run('policy', 'init', desk.write('uv.lock', uvLock(sdists)))
  t.match({ exit, out }, { exit: 4, out: '' })
})

t.test('policy init writes for the targets that are named, and says what it left aside', async t => {
  const { desk } = await bench(t)
  const { world } = desk
  const { files } = await world.release('fast', '1.0', { buildRequires: ['setuptools'], attested: false })
  const tags = ['cp312-cp312-manylinux_2_17_x86_64', 'cp312-cp312-win_amd64']
  const wheels = tags.map(tag => {
    const { filename, bytes, sha256 } = makeWheel({ name: 'native', version: '1.0', tag })
    world.upstream.add('native', { filename, bytes })
    return { filename, sha256 }
  })
  const lock = desk.write(
    'requirements.txt',
    `${requirementsLock(files)}\nnative==1.0 ${wheels.map(({ sha256 }) => `--hash=sha256:${sha256}`).join(' ')}\n`,
  )
  const init = async (...flags: readonly string[]) => await desk.run('policy', 'init', lock, ...flags)
  const all = await init()
  for (const { filename } of wheels) t.match(all.out, filename)
  const linux = await init('--python', '3.12', '--platform', 'linux_x86_64')
  t.equal(linux.exit, 0)
  t.match(linux.out, wheels[0]?.filename ?? '')
  t.notMatch(linux.out, wheels[1]?.filename ?? '')
  t.notMatch(linux.out, /fast-1\.0\.tar\.gz/)
  const told = /left aside(?:, not judged)?: 2 files: not for Python 3\.12, linux_x86_64/i
  t.match(linux.err.replace(/\s+/g, ' '), told)
  t.match(linux.out.replace(/\s+(?:# )?/g, ' '), told)
  t.equal((await init('--platform', 'amiga')).exit, 2)
})

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import { type Crossing, createCrossing } from '../../world/mirror/crossing.ts'
import type { Published } from '../../world/world.ts'

t.setTimeout(900_000)

interface Builders {
  readonly crossing: Crossing
  readonly sdists: readonly Published[]
  /** file names of the plan, and what was printed */
  plan(lock: string, ...flags: readonly string[]): Promise<{ exit: number; files: readonly string[]; out: string }>
}

/** Two projects that are source alone, what they are built with, and what that needs. */
async function builders(t: Test): Promise<Builders> {
  const crossing = await createCrossing(t)
  const { world, places } = crossing
  const wheel = (name: string, version: string, requires: readonly string[] = [], more: object = {}) =>
    world.release(name, version, { kinds: ['wheel'], requires, ...more })
  const modern = await world.release('modern', '1.0', {
    kinds: ['sdist'],
    buildRequires: ['backend[fast]>=1', 'setuptools>=61'],
  })
  // the later one of two is what an installer finds
  const legacy = await world.release('legacy', '2.0', { kinds: ['sdist'], files: { 'pyproject.toml': '[tool.x]\n' } })
  await wheel('setuptools', '69.0')
  await wheel('setuptools', '80.1')
  await wheel('setuptools', '81.0', [], { attested: false })
  await wheel('setuptools', '82.0rc1')
  await wheel('wheel', '0.45', ['packaging>=24'])
  await wheel('packaging', '25.0')
  await wheel('backend', '1.0', ['packaging', 'never ; extra == "slow"', 'speed[more]~=1.0 ; extra == "fast"'])
  await wheel('speed', '1.4', ['tomli ; python_version < "3.11"', 'colour ; sys_platform == "win32"'])
  await wheel('tomli', '2.0')
  await wheel('colour', '0.4')
  await wheel('unused', '1.0')
  world.writePolicy()
  const out = join(places.outside, 'plan.json')
  return {
    crossing,
    sdists: [...modern.files, ...legacy.files],
    async plan(text, ...flags) {
      const lock = join(places.outside, text.startsWith('version') ? 'uv.lock' : 'requirements.txt')
      writeFileSync(lock, text)
      const ended = await crossing.outside('mirror', 'plan', lock, '--out', out, ...flags)
      const { files } = JSON.parse(readFileSync(out, 'utf8'))
      return {
        exit: ended.exit,
        out: ended.out + ended.err,
        files: files.map(({ filename }: { readonly filename: string }) => filename.replace('-py3-none-any.whl', '')),
      }
    },
  }
}

const SDISTS = ['legacy-2.0.tar.gz', 'modern-1.0.tar.gz']

t.test('what source distributions need to be built', async t => {
  const { sdists, plan, crossing } = await builders(t)
  const lock = uvLock(sdists)

  await t.test('is planned with them, as far as anybody may need it', async t => {
    const { exit, files, out } = await plan(lock)
    t.equal(exit, 0)
    t.strictSame(files, [
      'backend-1.0',
      'colour-0.4',
      SDISTS[0],
      SDISTS[1],
      'packaging-25.0',
      'setuptools-80.1',
      'speed-1.4',
      'tomli-2.0',
      'wheel-0.45',
    ])
    t.match(out.replace(/\s+/g, ' '), /2 releases built from source \(legacy 2\.0, modern 1\.0\) with backend 1\.0, /)
  })
  await t.test('is what a target needs', async t => {
    const on = async (python: string, platform: string) =>
      (await plan(lock, '--python', python, '--platform', platform)).files.filter(name => !SDISTS.includes(name))
    const common = ['backend-1.0', 'packaging-25.0', 'setuptools-80.1', 'speed-1.4', 'wheel-0.45']
    t.strictSame(await on('3.12', 'linux_x86_64'), common)
    t.strictSame(await on('3.9', 'win_amd64'), [...common, 'colour-0.4', 'tomli-2.0'].sort())
  })
  await t.test('is left out where nobody wants it, or nobody builds', async t => {
    t.strictSame((await plan(lock, '--no-build-deps')).files, SDISTS)
    const wheels = await crossing.world.release('both', '1.0', { buildRequires: ['setuptools'] })
    crossing.world.writePolicy()
    t.strictSame((await plan(uvLock(wheels.files))).files, ['both-1.0', 'both-1.0.tar.gz'])
    const required = requirementsLock(wheels.files)
    t.strictSame((await plan(`--no-binary both\n${required}`)).files, [
      'both-1.0',
      'both-1.0.tar.gz',
      'setuptools-80.1',
    ])
    const told = ['--python', '3.12', '--platform', 'linux_x86_64']
    t.strictSame((await plan(`--no-binary both\n${required}`, ...told)).files, ['both-1.0.tar.gz', 'setuptools-80.1'])
  })
  await t.test('is written as constraints', async t => {
    const path = join(crossing.places.outside, 'build-constraints.txt')
    await plan(lock, '--build-constraints', path, '--python', '3.12')
    t.equal(
      readFileSync(path, 'utf8'),
      'backend==1.0\ncolour==0.4\npackaging==25.0\nsetuptools==80.1\nspeed==1.4\nwheel==0.45\n',
    )
  })
})

t.test('what cannot be had is named, and no plan is called whole', async t => {
  const { crossing, plan } = await builders(t)
  const { world } = crossing
  const sdist = async (name: string, ...buildRequires: readonly string[]) => {
    const { files } = await world.release(name, '1.0', { kinds: ['sdist'], buildRequires })
    world.writePolicy()
    return uvLock(files)
  }
  const flat = (text: string) => text.replace(/\s+/g, ' ')

  const old = await plan(await sdist('old', 'setuptools<60'))
  t.equal(old.exit, 1)
  t.match(
    flat(old.out),
    /setuptools<60 \(for old 1\.0\): not-listed no admitted release of setuptools serves: old 1\.0 needs setuptools<60; no version with a wheel satisfies that/,
  )
  const young = await plan(await sdist('young', 'setuptools>80.1'))
  t.equal(young.exit, 1)
  t.match(flat(young.out), /81\.0 is refused \(unattested\)/)
  t.notOk(young.files.includes('setuptools-81.0'))
  const gone = await plan(await sdist('gone', 'nobody-knows-it'))
  t.match(flat(gone.out), /the index does not know nobody-knows-it/)
  t.equal(gone.exit, 1)
  const direct = await plan(await sdist('direct', 'thing @ https://files.example/thing-1.0.tar.gz'))
  t.match(
    flat(direct.out),
    /thing @ https:\/\/files\.example\/thing-1\.0\.tar\.gz \(for direct 1\.0\): not-listed it is nothing that an index has/,
  )

  await t.test('a name that is asked of nobody is told, and asked of nobody', async t => {
    const lock = await sdist('inner', 'acme-maker', 'backend')
    const config = join(crossing.places.outside, 'portcullis.yaml')
    writeFileSync(config, `${readFileSync(config, 'utf8')}index: { internal: ["acme-*"] }\n`)
    world.upstream.forgetRequests()
    const { exit, out, files } = await plan(lock)
    t.equal(exit, 0, out)
    t.match(flat(out), /needed by a build and under index\.internal: your own index serves it: acme-maker/)
    t.ok(files.includes('backend-1.0'))
    t.notOk(world.upstream.requests.some(({ url }) => url.includes('acme')))
  })
  await t.test('an answer that does not come is no answer', async t => {
    const lock = await sdist('patient', 'backend')
    world.upstream.fault({ route: 'page', match: '/simple/backend/', do: { status: 500 } })
    const { exit, out } = await plan(lock)
    t.equal(exit, 4, out)
    world.upstream.clearFaults()
  })
})

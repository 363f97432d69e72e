import t, { type Test } from 'tap'
import { type Desk, desk } from '../../world/commands/desk.ts'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import { makeWheel } from '../../world/index/distributions.ts'

const LINUX = 'native-1.0-cp312-cp312-manylinux_2_17_x86_64.whl'
const WINDOWS = 'native-1.0-cp312-cp312-win_amd64.whl'

/** `half`: a wheel that is attested, and a source distribution that is not. `native`: two wheels, both unattested. */
async function mixed(t: Test): Promise<{ desk: Desk; lock: string }> {
  const desk_ = await desk(t)
  const { world } = desk_
  const half = await world.release('half', '1.0', { attested: ['wheel'] })
  world.writePolicy(`${world.policyText()}  - match: native\n    attestation: optional\n`)
  const hashes = ['manylinux_2_17_x86_64', 'win_amd64'].map(platform => {
    const tag = `cp312-cp312-${platform}`
    const { filename, bytes, sha256, metadata } = makeWheel({ name: 'native', version: '1.0', tag })
    world.upstream.add('native', { filename, bytes, metadata })
    return `--hash=sha256:${sha256}`
  })
  const native = `native==1.0 ${hashes.join(' ')}`
  const only = `only==1.0 ; sys_platform == 'win32' ${hashes[1] ?? ''}`
  return { desk: desk_, lock: desk_.write('requirements.txt', `${requirementsLock(half.files)}\n${native}\n${only}\n`) }
}

const TARGET = ['--python', '3.12', '--platform', 'linux_x86_64']

t.test('audit judges what a target takes, and says what it left aside', async t => {
  const { desk, lock } = await mixed(t)
  const all = await desk.run('audit', lock)
  t.match(all, { exit: 1, out: /half-1\.0\.tar\.gz: unattested/ })
  const { upstream } = desk.world
  upstream.forgetRequests()
  const fresh = desk.with({ environment: { XDG_CACHE_HOME: t.testdir() } })
  const target = await fresh('audit', lock, ...TARGET)
  t.match(target, { exit: 0, out: /^2 files of 2 releases$/m })
  t.match(
    target.out.replace(/\s+/g, ' '),
    /left aside, not judged: 2 files: not for Python 3\.12, linux_x86_64 – left out, by its marker for none of the targets: only 1\.0/,
  )
  t.equal(upstream.count('provenance', 'half-1.0.tar.gz'), 0, 'nobody asked about it')
  t.equal(upstream.count('page', 'only'), 0)

  const json = JSON.parse((await desk.run('audit', lock, ...TARGET, '--format', 'json')).out)
  t.strictSame(
    json.files.map((file: Record<string, unknown>) => file['filename']),
    ['half-1.0-py3-none-any.whl', LINUX],
  )
  t.match(
    json.aside.toSorted((a: { project: string }, b: { project: string }) => (a.project < b.project ? -1 : 1)),
    [
      { project: 'half', filename: 'half-1.0.tar.gz', line: 1, lock },
      { project: 'native', version: '1.0', filename: WINDOWS, line: 4 },
      { project: 'only', filename: null, line: 5 },
    ],
  )
  const sarif = await desk.run('audit', lock, ...TARGET, '--format', 'sarif')
  t.match(sarif.err.replace(/\s+/g, ' '), /left aside, not judged: 2 files: .* only 1\.0/)
})

t.test('what a target takes is refused for it as ever, and what cannot be determined counts', async t => {
  const { desk, lock } = await mixed(t)
  desk.world.writePolicy()
  t.match(await desk.run('audit', lock, ...TARGET), { exit: 1, out: /native-1\.0.*: no-rule/ })
  desk.world.upstream.fault({ route: 'page', match: '/simple/half/', do: { status: 502 } })
  t.match(await desk.run('audit', lock, '--platform', 'win_amd64', '--policy', desk.world.policy), { exit: 1 })
  desk.world.writePolicy(`${desk.world.policyText()}  - match: native\n    attestation: optional\n`)
  t.equal((await desk.run('audit', lock, ...TARGET)).exit, 4)
  t.equal((await desk.run('audit', lock, '--platform', 'amiga')).exit, 2)
})

t.test('audit tells file by file what a client here takes, and the rest in a line', async t => {
  const { desk } = await mixed(t)
  const { files } = await desk.world.release('plain', '1.0', { attested: false })
  desk.world.writePolicy()
  const lock = desk.write('uv.lock', uvLock(files))
  const folded = await desk.run('audit', lock)
  t.match(folded, {
    exit: 1,
    out: /✗ plain-1\.0-py3-none-any\.whl: unattested\n(?: {4}.*\n)+ {2}✗ 1 file that no client here takes: unattested\n/,
  })
  t.notMatch(folded.out, /plain-1\.0\.tar\.gz/)
  t.match(folded.out, /refused {5}2\n/, 'both count')
  const all = await desk.run('audit', lock, '--all')
  t.match(all.out, /✗ plain-1\.0\.tar\.gz: unattested/)
  t.notMatch(all.out, /no client here takes/)
  const json = JSON.parse((await desk.run('audit', lock, '--format', 'json')).out)
  t.strictSame(
    json.files.map(({ filename, here }: Record<string, unknown>) => [filename, here]),
    [
      ['plain-1.0-py3-none-any.whl', true],
      ['plain-1.0.tar.gz', false],
    ],
  )
  t.strictSame(json.aside, [])
})

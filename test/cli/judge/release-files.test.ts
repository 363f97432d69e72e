import t from 'tap'
import { chooseOfRelease, takenHere } from '../../../src/cli/judge/release-files.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parsePlatformTarget, parsePythonTarget } from '../../../src/domain/packaging/targets.ts'
import { desk } from '../../world/commands/desk.ts'
import { makeWheel } from '../../world/index/distributions.ts'

const project = parseProjectName('demo')
const FILES = [
  'demo-1.0-cp312-cp312-win_amd64.whl',
  'demo-1.0-cp312-cp312-macosx_11_0_arm64.whl',
  'demo-1.0.tar.gz',
  'demo-1.0.egg',
]

t.test('of a release a target takes some, and the rest is counted', async t => {
  const windows = {
    pythons: [parsePythonTarget('3.12') ?? []].flat(),
    platforms: [parsePlatformTarget('win_amd64') ?? []].flat(),
  }
  const choice = chooseOfRelease({ project }, windows)
  t.strictSame([...choice.wanted(FILES)], [FILES[0], FILES[3]])
  t.equal(choice.left(), 2)
  const all = chooseOfRelease({ project }, { pythons: [], platforms: [] })
  t.strictSame([...all.wanted(FILES)], FILES)
  t.equal(all.left(), 0)
})

t.test('of a release a machine takes wheels, or builds', async t => {
  const told = FILES.map(filename => ({ file: { project, version: '1.0', filename, sha256: undefined } }))
  const on = (platform: string, arch: string) =>
    [...takenHere({ project }, told, { platform, arch, glibc: undefined })].map(({ file }) => file.filename)
  t.strictSame(on('win32', 'x64'), [FILES[0]])
  t.strictSame(on('darwin', 'arm64'), [FILES[1]])
  t.strictSame(on('linux', 'x64'), [FILES[2]])
})

t.test('explain looks at what a target takes, and marks what a client here does', async t => {
  const desk_ = await desk(t)
  const { world } = desk_
  await world.release('demo', '1.0')
  const { filename, bytes } = makeWheel({ name: 'demo', version: '1.0', tag: 'cp312-cp312-win_amd64' })
  world.upstream.add('demo', { filename, bytes })
  world.writePolicy()
  const all = await desk_.run('explain', 'demo==1.0')
  t.match(all, { exit: 0, out: /demo 1\.0: 3 files/ })
  t.match(all.out, /demo-1\.0-py3-none-any\.whl {2}taken here\n {2}demo-1\.0\.tar\.gz\n/)
  const target = ['--python', '3.12', '--platform', 'win_amd64']
  const windows = await desk_.run('explain', 'demo', ...target)
  t.match(windows.out, /demo 1\.0, the newest release: 2 files/)
  t.match(windows.out.replace(/\s+/g, ' '), /left aside, not judged: 1 file: not for Python 3\.12, win_amd64/)
  const json = await desk_.run('explain', 'demo==1.0', ...target, '--format', 'json')
  t.strictSame(
    json.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).filename),
    ['demo-1.0-py3-none-any.whl', filename],
  )
  t.match(json.err, /left aside, not judged: 1 file/)
  t.match(await desk_.run('explain', filename, ...target), { exit: 2, err: /choose among the files of a release/ })
})

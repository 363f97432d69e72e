import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parsePlatformTarget, parsePythonTarget } from '../../../src/domain/packaging/targets.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { createChoice } from '../../../src/gate/explain/choice.ts'
import type { Lock, LockedPackage } from '../../../src/protocol/lockfiles/lock.ts'

const VERSION = parseVersion('1.0')
if (VERSION === undefined) throw new TypeError('a version')

function locked(name: string, marker?: string): LockedPackage {
  if (VERSION === undefined) throw new TypeError('a version')
  const project = parseProjectName(name)
  return {
    project,
    version: VERSION,
    files: [],
    open: false,
    places: [],
    index: undefined,
    marker,
    line: 7,
    identities: [],
  }
}

const FILES = ['demo-1.0-py3-none-any.whl', 'demo-1.0-cp311-cp311-win_amd64.whl', 'demo-1.0.tar.gz', 'demo-1.0.egg']
const linux = {
  pythons: [parsePythonTarget('3.11') ?? []].flat(),
  platforms: [parsePlatformTarget('linux_x86_64') ?? []].flat(),
}
const lockOf = (...packages: readonly LockedPackage[]): Lock => ({
  path: 'uv.lock',
  kind: 'uv',
  packages,
  unjudged: [],
})

t.test('nothing is left aside where nobody is named', async t => {
  const choice = createChoice({ pythons: [], platforms: [] })
  const lock = lockOf(locked('demo', "sys_platform == 'win32'"))
  t.strictSame(choice.locks([lock]), [lock])
  t.strictSame([...choice.wanted(lock, locked('demo'))(FILES)], FILES)
  t.strictSame(choice.aside(), [])
})

t.test('what a target does not take is left aside, and told once', async t => {
  const choice = createChoice(linux)
  const lock = lockOf(locked('demo'), locked('winonly', "sys_platform == 'win32'"))
  t.strictSame(
    choice.locks([lock]).flatMap(({ packages }) => packages.map(({ project }) => project)),
    ['demo'],
  )
  for (let look = 0; look < 2; look += 1)
    t.strictSame(
      [...choice.wanted(lock, locked('demo'))(FILES)],
      [FILES[0], FILES[3]],
      'what no name says anything of stays',
    )
  t.strictSame(
    choice.aside().map(({ project, filename, line }) => `${project} ${filename ?? 'all of it'} @${line}`),
    ['winonly all of it @7', `demo ${FILES[1]} @7`, `demo ${FILES[2]} @7`],
  )
})

t.test('a lock that says so takes sources alone', async t => {
  const choice = createChoice(linux)
  const lock: Lock = { ...lockOf(locked('demo')), formats: () => 'sdist' }
  t.strictSame([...choice.wanted(lock, locked('demo'))(FILES)], [FILES[2], FILES[3]])
})

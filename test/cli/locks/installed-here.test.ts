// guards: src/cli/locks/build-options.ts src/cli/locks/look-at-locks.ts src/cli/locks/targets-options.ts
import t from 'tap'
import { installedHere, thisMachine } from '../../../src/cli/locks/installed-here.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { Machine } from '../../../src/domain/packaging/machine.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { bareExplanation } from '../../../src/gate/explain/explanation.ts'
import type { Lock, LockedPackage } from '../../../src/protocol/lockfiles/lock.ts'

const FILES = [
  'demo-1.0-cp39-cp39-manylinux_2_17_x86_64.whl',
  'demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl',
  'demo-1.0-cp312-cp312-manylinux_2_99_x86_64.whl',
  'demo-1.0-cp312-cp312-win_amd64.whl',
  'demo-1.0.tar.gz',
  'demo-1.0.egg',
]
const LINUX: Machine = { platform: 'linux', arch: 'x64', glibc: '2.36' }
const MAC: Machine = { platform: 'darwin', arch: 'arm64', glibc: undefined }

/** Of these files, the numbers of those that a client takes. */
function taken(machine: Machine, lock: Partial<Lock> = {}, marker?: string): readonly number[] {
  const project = parseProjectName('demo')
  const version = parseVersion('1.0')
  if (version === undefined) throw new TypeError('a version')
  const locked: LockedPackage = {
    project,
    version,
    files: [],
    open: true,
    places: [],
    index: undefined,
    marker,
    line: 1,
    identities: [],
  }
  const surveyed = FILES.map(filename => ({
    lock: 'uv.lock',
    package: locked,
    explanation: bareExplanation(
      { project, version, filename, sha256: undefined },
      new GateError('not-listed', 'gone'),
    ),
  }))
  const whole: Lock = { path: 'uv.lock', kind: 'uv', packages: [locked], unjudged: [], ...lock }
  const here = installedHere([whole], surveyed, machine)
  return surveyed.flatMap((it, index) => (here.has(it) ? [index] : []))
}

t.test('a client takes the wheels of its platform and of the Pythons of its lock', async t => {
  t.strictSame(taken(LINUX), [0, 1, 5])
  t.strictSame(taken(LINUX, { requiresPython: '>=3.11' }), [1, 5])
  t.strictSame(taken({ ...LINUX, glibc: undefined }), [0, 1, 2, 5], 'which libc is not known')
  t.strictSame(taken({ ...LINUX, platform: 'win32' }), [3, 5])
})

t.test('or builds where no wheel fits, or it is told to', async t => {
  t.strictSame(taken(MAC), [4, 5])
  t.strictSame(taken(LINUX, { requiresPython: '>=3.13' }), [4, 5])
  t.strictSame(taken(LINUX, { formats: () => 'sdist' }), [4, 5])
  t.strictSame(taken(MAC, { formats: () => 'wheel' }), [5])
})

t.test('and nothing of what its marker leaves out', async t => {
  t.strictSame(taken(LINUX, {}, "sys_platform == 'win32'"), [])
  t.strictSame(taken(LINUX, { requiresPython: '>=3.11' }, "python_version < '3.11'"), [])
  t.strictSame(taken(LINUX, { requiresPython: '>=3.11' }, "python_version < '3.12'"), [1, 5])
})

t.test('the machine that runs this has a platform', async t => {
  const { platform, arch, glibc } = thisMachine()
  t.equal(`${platform} ${arch}`, `${process.platform} ${process.arch}`)
  t.match(glibc ?? '2.0', /^\d+\.\d+/)
})

import t from 'tap'
import { platformOfMachine, pythonsAllowed, targetsOfMachine } from '../../../src/domain/packaging/machine.ts'

const MACHINES: readonly (readonly [
  platform: string,
  arch: string,
  glibc: string | undefined,
  named: string | undefined,
])[] = [
  ['linux', 'x64', '2.36', 'manylinux_2_36_x86_64'],
  ['linux', 'arm64', undefined, 'linux_aarch64'],
  ['darwin', 'arm64', undefined, 'macosx_99_0_arm64'],
  ['win32', 'x64', undefined, 'win_amd64'],
  ['win32', 'mips', undefined, undefined],
  ['plan9', 'x64', undefined, undefined],
]

t.test('a machine has the platform that wheels name', async t => {
  for (const [platform, arch, glibc, named] of MACHINES)
    t.equal(platformOfMachine({ platform, arch, glibc })?.text, named, `${platform} ${arch} ${glibc ?? ''}`)
})

t.test('a range of Pythons lets in those that some patch of fits', async t => {
  const minors = (range: string | undefined) => pythonsAllowed(range).map(({ minor }) => minor)
  t.strictSame(minors('>=3.11,<3.14'), [11, 12, 13])
  t.strictSame(minors('==3.12.*'), [12])
  t.equal(minors('>=3.11')[0], 11)
  t.strictSame(minors(undefined), [], 'all where nothing is said')
  t.strictSame(minors('>=2.7'), [], 'all where all fit')
  t.strictSame(minors('no range'), [])
  t.match(targetsOfMachine({ platform: 'win32', arch: 'x64', glibc: undefined }, '==3.9.*'), {
    pythons: [{ text: '3.9' }],
    platforms: [{ text: 'win_amd64' }],
  })
})

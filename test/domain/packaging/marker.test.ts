import t from 'tap'
import { mayHold } from '../../../src/domain/packaging/marker.ts'
import { parsePlatformTarget, parsePythonTarget } from '../../../src/domain/packaging/targets.ts'

/** Markers, a Python and a platform ('' is not named), and whether the marker may hold. */
const MARKERS: readonly (readonly [marker: string, python: string, platform: string, may: boolean])[] = [
  ["sys_platform == 'win32'", '', 'linux_x86_64', false],
  ["sys_platform == 'win32'", '', 'win_amd64', true],
  ["sys_platform == 'win32'", '3.11', '', true],
  ["sys_platform != 'win32'", '', 'win_amd64', false],
  ["'linux' in sys_platform", '', 'macosx_14_0_arm64', false],
  ["sys_platform not in 'linux darwin'", '', 'linux_x86_64', false],
  ["platform_system == 'Darwin' and platform_machine == 'arm64'", '', 'macosx_14_0_arm64', true],
  ["platform_system == 'Darwin' and platform_machine == 'arm64'", '', 'macosx_14_0_x86_64', false],
  ["os_name == 'nt' or python_version < '3.8'", '3.11', 'manylinux2014_x86_64', false],
  ["os_name == 'nt' or python_version < '3.8'", '3.7', 'manylinux2014_x86_64', true],
  ["(os_name == 'nt' or os_name == 'posix') and python_version >= '3.12'", '3.11', 'linux_x86_64', false],
  ['python_full_version >= "3.11.4"', '3.11', '', true],
  ['python_full_version >= "3.12"', '3.11', '', false],
  ["python_version ~= '3.9'", '3.11', '', true],
  ["implementation_name == 'pypy'", '3.11', '', false],
  ["extra == 'test'", '3.11', 'linux_x86_64', true],
  ["extra == 'test' and sys_platform == 'win32'", '3.11', 'linux_x86_64', false],
  ["platform_release == '6.1'", '', 'linux_x86_64', true],
  ["platform_machine == 'AMD64'", '', 'win32', false],
  ['sys_platform', '', 'linux_x86_64', true],
  ["sys_platform == 'win32' and", '', 'linux_x86_64', true],
  ["sys_platform == 'win32' nonsense", '', 'linux_x86_64', true],
  ["'win32' == 'linux'", '', 'linux_x86_64', true],
  ["sys_platform == 'win32'; more", '', 'linux_x86_64', true],
]

t.test('an extra holds where it is asked for, however it is spelled', async t => {
  const target = { python: parsePythonTarget('3.11'), platform: undefined }
  const asked = (...extras: readonly string[]) => ({ ...target, extras: new Set(extras) })
  t.ok(mayHold("extra == 'test'", asked('test')))
  t.ok(mayHold("extra == 'Fast_Test'", asked('fast-test', 'other')))
  t.notOk(mayHold("extra == 'test'", asked()))
  t.notOk(mayHold("'test' == extra", asked('other')))
  t.ok(mayHold("extra != 'test'", asked('other')))
  t.notOk(mayHold("extra == 'test' and python_version < '3.9'", asked('test')))
})

t.test('a marker leaves out only what it cannot hold on', async t => {
  for (const [marker, python, platform, may] of MARKERS)
    t.equal(
      mayHold(marker, { python: parsePythonTarget(python), platform: parsePlatformTarget(platform) }),
      may,
      `${marker} on ${python} ${platform}`,
    )
})

import t from 'tap'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parsePlatformTarget, parsePythonTarget } from '../../../src/domain/packaging/targets.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { constraintsOf, renderConstraints } from '../../../src/gate/builds/constraints.ts'

function chosen(name: string, version: string, python?: string, platform?: string) {
  const parsed = parseVersion(version)
  if (parsed === undefined) throw new TypeError(version)
  const target = {
    pythons: [parsePythonTarget(python ?? '') ?? []].flat(),
    platforms: [parsePlatformTarget(platform ?? '') ?? []].flat(),
  }
  return { project: parseProjectName(name), version: parsed, target }
}

const written = (...all: readonly ReturnType<typeof chosen>[]) => renderConstraints(constraintsOf(all))

t.test('one version holds for everybody', async t => {
  const all = [chosen('b', '2.0', '3.9'), chosen('a', '1.0', '3.9'), chosen('a', '1.0', '3.12')]
  t.equal(written(...all), 'a==1.0\nb==2.0\n')
  t.equal(written(chosen('a', '1.0')), 'a==1.0\n')
  t.equal(written(), '')
})

t.test('two versions hold for the Pythons that they were chosen for', async t => {
  t.equal(
    written(chosen('a', '1.0', '3.8'), chosen('a', '1.0', '3.9'), chosen('a', '2.0', '3.13t')),
    'a==1.0 ; python_version == "3.8" or python_version == "3.9"\na==2.0 ; python_version == "3.13"\n',
  )
})

t.test('where nobody can say which of two, none is held', async t => {
  const told = /^# two builds need different versions.*: a==1\.0\n# .*: a==2\.0\n$/
  t.match(written(chosen('a', '1.0'), chosen('a', '2.0')), told)
  t.match(written(chosen('a', '1.0', '3.9', 'win_amd64'), chosen('a', '2.0', '3.9', 'linux_x86_64')), told)
})

import t from 'tap'
import { renderAside, textOfAside, textOfTargets } from '../../../src/cli/report/aside.ts'
import { renderBuilds } from '../../../src/cli/report/build-releases.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parsePlatformTarget, parsePythonTarget } from '../../../src/domain/packaging/targets.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { NO_BUILDS } from '../../../src/gate/builds/builds.ts'
import { drawn } from '../terminal/on-paper.ts'

const project = parseProjectName('demo')
const version = parseVersion('1.0')
if (version === undefined) throw new TypeError('a version')
const TARGETS = {
  pythons: ['3.11', '3.12'].flatMap(text => parsePythonTarget(text) ?? []),
  platforms: [parsePlatformTarget('win_amd64') ?? []].flat(),
}
const NOBODY = { pythons: [], platforms: [] }
const left = (filename: string | undefined) => ({ lock: 'uv.lock', line: 1, project, version, filename })

t.test('whom something is for is told in words', async t => {
  t.equal(textOfTargets(TARGETS), 'Python 3.11 or 3.12, win_amd64')
  t.equal(textOfTargets(NOBODY), '')
})

t.test('what was left aside is counted, and nothing is told where nothing was', async t => {
  t.equal(
    drawn(screen => renderAside(screen, [left('a'), left('b'), left(undefined)], TARGETS)),
    '– left aside, not judged: 2 files: not for Python 3.11 or 3.12, win_amd64\n– left out, by its marker for none of the targets: demo 1.0\n',
  )
  t.equal(textOfAside([left(undefined)], TARGETS), '1 whole release: not for Python 3.11 or 3.12, win_amd64')
  t.equal(
    drawn(screen => renderAside(screen, [], NOBODY)),
    '',
  )
})

t.test('what is built is told with what that takes', async t => {
  const releases = [{ project, version, files: 1 }]
  const told = (changes: object) => drawn(screen => renderBuilds(screen, { ...NO_BUILDS, ...changes }))
  t.equal(told({}), '')
  t.equal(told({ builds: ['a 1.0'], releases }), '+ 1 release built from source (a 1.0) with demo 1.0\n')
  t.equal(told({ builds: ['a 1.0'] }), '+ 1 release built from source (a 1.0) with nothing of the index\n')
  const constraints = [{ project, version, pythons: undefined, contested: true }]
  t.match(told({ builds: ['a 1.0', 'b 1.0'], releases, constraints }), /! two builds need different versions of demo/)
})

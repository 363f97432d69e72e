import t from 'tap'
import { parseDistFilename, type WheelFilename } from '../../../src/domain/packaging/filename.ts'
import {
  allowsPython,
  fitsTargets,
  parsePlatformTarget,
  parsePythonTarget,
  pickForOne,
  pickForTargets,
  type Targets,
  takeForTargets,
} from '../../../src/domain/packaging/targets.ts'

function targets(pythons: readonly string[], platforms: readonly string[]): Targets {
  return {
    pythons: pythons.map(text => given(parsePythonTarget(text))),
    platforms: platforms.map(text => given(parsePlatformTarget(text))),
  }
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a test names what can be read')
  return value
}

function wheel(tags: string): WheelFilename {
  const filename = parseDistFilename(`demo-1.0-${tags}.whl`)
  if (filename?.kind !== 'wheel') throw new Error(`${tags} is no wheel`)
  return filename
}

/** Wheels, a Python, a platform, and whether pip there would take the wheel. */
const WHEELS: readonly (readonly [tags: string, python: string, platform: string, fits: boolean])[] = [
  ['py3-none-any', '3.11', 'linux_x86_64', true],
  ['py2.py3-none-any', '3.11', 'win_amd64', true],
  ['py2-none-any', '3.11', 'linux_x86_64', false],
  ['py312-none-any', '3.11', 'linux_x86_64', false],
  ['py310-none-any', '3.11', 'linux_x86_64', true],
  ['cp311-cp311-manylinux_2_17_x86_64', '3.11', 'linux_x86_64', true],
  ['cp311-cp311-manylinux_2_17_x86_64', '3.12', 'linux_x86_64', false],
  ['cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64', '3.11', 'manylinux_2_17_x86_64', true],
  ['cp311-cp311-manylinux_2_28_x86_64', '3.11', 'manylinux_2_17_x86_64', false],
  ['cp311-cp311-manylinux2014_x86_64', '3.11', 'manylinux_2_28_x86_64', true],
  ['cp311-cp311-manylinux1_x86_64', '3.11', 'manylinux2014_x86_64', true],
  ['cp311-cp311-manylinux_2_17_aarch64', '3.11', 'linux_x86_64', false],
  ['cp311-cp311-musllinux_1_1_x86_64', '3.11', 'linux_x86_64', true],
  ['cp311-cp311-musllinux_1_2_x86_64', '3.11', 'musllinux_1_1_x86_64', false],
  ['cp311-cp311-musllinux_1_1_x86_64', '3.11', 'manylinux_2_28_x86_64', false],
  ['cp37-abi3-manylinux_2_17_x86_64', '3.11', 'linux_x86_64', true],
  ['cp312-abi3-manylinux_2_17_x86_64', '3.11', 'linux_x86_64', false],
  ['cp37-abi3-manylinux_2_17_x86_64', '3.13t', 'linux_x86_64', false],
  ['cp313-cp313t-manylinux_2_17_x86_64', '3.13t', 'linux_x86_64', true],
  ['cp313-cp313t-manylinux_2_17_x86_64', '3.13', 'linux_x86_64', false],
  ['cp37-cp37m-manylinux1_x86_64', '3.7', 'linux_x86_64', true],
  ['cp311-none-win_amd64', '3.11', 'win_amd64', true],
  ['cp311-cp311-win32', '3.11', 'win_amd64', false],
  ['cp311-cp311-macosx_11_0_arm64', '3.11', 'macosx_14_0_arm64', true],
  ['cp311-cp311-macosx_15_0_arm64', '3.11', 'macosx_14_0_arm64', false],
  ['cp311-cp311-macosx_10_9_universal2', '3.11', 'macosx_14_0_arm64', true],
  ['cp311-cp311-macosx_10_9_universal2', '3.11', 'macosx_14_0_x86_64', true],
  ['cp311-cp311-macosx_10_9_x86_64', '3.11', 'macosx_14_0_arm64', false],
  ['pp310-pypy310_pp73-manylinux_2_17_x86_64', '3.10', 'linux_x86_64', false],
]

t.test('a wheel fits a target as it would there', async t => {
  for (const [tags, python, platform, fits] of WHEELS)
    t.equal(fitsTargets(wheel(tags), targets([python], [platform])), fits, `${tags} on ${python} ${platform}`)
  t.ok(fitsTargets(wheel('cp311-cp311-win_amd64'), targets([], ['win_amd64'])), 'any Python where none is named')
  t.ok(fitsTargets(wheel('cp311-cp311-win_amd64'), targets(['3.11'], [])), 'any platform where none is named')
})

t.test('what is no target is none', async t => {
  for (const text of ['3', '2.7', '3.11.4', 'cp311', '3.13T', '']) t.equal(parsePythonTarget(text), undefined, text)
  for (const text of ['linux', 'any', 'manylinux', 'windows', 'macosx_arm64', 'Linux_x86_64', ''])
    t.equal(parsePlatformTarget(text), undefined, text)
})

const RELEASE = [
  'demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl',
  'demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl',
  'demo-1.0-cp312-cp312-win_amd64.whl',
  'demo-1.0.tar.gz',
].map(text => ({ filename: given(parseDistFilename(text)) }))

/** Targets, and what they need of the release. */
const PICKED: readonly (readonly [
  title: string,
  pythons: readonly string[],
  platforms: readonly string[],
  picked: readonly number[],
])[] = [
  ['everything where nothing is named', [], [], [0, 1, 2, 3]],
  ['one wheel and no sdist where it serves', ['3.11'], ['linux_x86_64'], [0]],
  ['one wheel for each Python', ['3.11', '3.12'], ['linux_x86_64'], [0, 1]],
  ['the sdist too where one of the Pythons has no wheel', ['3.11', '3.13'], ['linux_x86_64'], [0, 3]],
  ['the sdist too where one of the platforms has no wheel', ['3.11'], ['linux_x86_64', 'win_amd64'], [0, 3]],
  ['the sdist alone where no wheel fits', ['3.13'], ['linux_x86_64'], [3]],
  ['the wheels of a platform', [], ['win_amd64'], [2]],
]

t.test('of a release a target gets what it needs', async t => {
  for (const [title, pythons, platforms, picked] of PICKED)
    t.strictSame(
      pickForTargets(RELEASE, targets(pythons, platforms)),
      picked.map(index => RELEASE[index]),
      title,
    )
})

/** Targets, the formats that somebody told of, and who builds from the source distribution: `python platform` each. */
const BUILT: readonly (readonly [
  title: string,
  pythons: readonly string[],
  formats: Parameters<typeof takeForTargets>[2],
  built: readonly string[],
])[] = [
  ['nobody where every target has a wheel', ['3.11', '3.12'], 'any', []],
  ['whoever has no wheel', ['3.11', '3.13', '3.14'], 'any', ['3.13', '3.14']],
  ['everybody where wheels are not to be taken', ['3.11'], 'sdist', ['3.11']],
  ['nobody where source distributions are not', ['3.13'], 'wheel', []],
]

t.test('of a release it is known who builds it', async t => {
  for (const [title, pythons, formats, built] of BUILT) {
    const { builds } = takeForTargets(RELEASE, targets(pythons, ['linux_x86_64']), formats)
    t.strictSame(
      builds.flatMap(it => it.for.map(one => one.pythons[0]?.text)),
      built,
      title,
    )
    t.ok(builds.every(({ file }) => file.filename.kind === 'sdist'))
  }
  const everybody = targets([], [])
  t.strictSame(takeForTargets(RELEASE, everybody).builds, [], 'of everybody some have a wheel')
  const sources = RELEASE.filter(({ filename }) => filename.kind === 'sdist')
  t.strictSame(takeForTargets(sources, everybody).builds, [{ file: sources[0], for: [everybody] }])
  t.strictSame(takeForTargets(RELEASE, everybody, 'sdist').files, RELEASE, 'and everybody may take anything')
  t.strictSame(takeForTargets(RELEASE, targets(['3.11'], []), 'sdist').files, sources)
})

t.test('one client takes wheels that fit, or builds', async t => {
  const linux = (...pythons: readonly string[]) => targets(pythons, ['linux_x86_64'])
  t.strictSame(pickForOne(RELEASE, linux('3.11', '3.13')), [RELEASE[0]], 'whichever Python it has')
  t.strictSame(pickForOne(RELEASE, linux('3.13')), [RELEASE[3]])
  t.strictSame(pickForOne(RELEASE, linux('3.11'), 'sdist'), [RELEASE[3]])
  t.strictSame(pickForOne(RELEASE, linux('3.13'), 'wheel'), [])
})

t.test('requires-python leaves out what no target may use', async t => {
  t.ok(allowsPython('>=3.9', targets(['3.11'], [])))
  t.ok(allowsPython('>=3.11.4', targets(['3.11'], [])), 'a late patch may')
  t.ok(allowsPython(undefined, targets(['3.11'], [])))
  t.ok(allowsPython('no specifier', targets(['3.11'], [])))
  t.ok(allowsPython('>=3.12', targets(['3.11', '3.12'], [])))
  t.notOk(allowsPython('>=3.12', targets(['3.11'], [])))
  t.notOk(allowsPython('<3.9', targets(['3.11'], [])))
})

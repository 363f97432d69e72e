import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parseSpecifierSet } from '../../../src/domain/packaging/specifier.ts'
import { compareVersions, parseVersion, type Version } from '../../../src/domain/packaging/version.ts'
import { vectorsFolder } from '../../world/vectors/vectors-folder.ts'

const file = new URL('pep440-vectors.json', vectorsFolder)
const skip = existsSync(file) ? false : 'the shared vectors are not here'

interface Vectors {
  readonly vs: readonly (readonly [string, string | null])[]
  readonly srt: readonly (readonly [string, string, number])[]
  readonly sp: readonly (readonly [string, string, boolean, boolean])[]
}

function version(text: string): Version {
  const parsed = parseVersion(text)
  if (parsed === undefined) throw new Error(`not a version: ${text}`)
  return parsed
}

t.test('versions, ordering and specifiers answer as `packaging` does', { skip }, async t => {
  const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'))
  for (const [text, normal] of vectors.vs) t.equal(parseVersion(text) ?? null, normal, text)
  const misordered = vectors.srt.filter(([a, b, order]) => compareVersions(version(a), version(b)) !== order)
  t.same(misordered, [], `${vectors.srt.length} orderings`)
  // PEP 440 permits no local version here: `packaging` falls back to comparing text, we refuse the specifier
  const forbidden = '<=1.0+abc.7'
  t.equal(parseSpecifierSet(forbidden), undefined)
  const wrong = vectors.sp
    .filter(([specifier]) => specifier !== forbidden)
    .filter(([specifier, text, allowed, byDefault]) => {
      const set = parseSpecifierSet(specifier)
      // what is no specifier accepts nothing
      const accepts = (prereleases: 'allow' | 'exclude') => set?.contains(version(text), prereleases) ?? false
      return accepts('allow') !== allowed || accepts('exclude') !== byDefault
    })
  t.same(wrong.slice(0, 20), [], `${vectors.sp.length} specifier checks`)
})

t.test('what PEP 440 does not know is no version', async t => {
  for (const text of ['', 'x', '1..0', '1.0-', '1.0+', '1.0+a..b', '١', '1e3', '-1'])
    t.equal(parseVersion(text), undefined, JSON.stringify(text))
})

t.test('what PEP 440 does not know is no specifier', async t => {
  for (const text of [
    '1.0',
    '=1.0',
    '~=1',
    '==',
    '>=1.0.*',
    '==1.0.dev1.*',
    '>1.0+local',
    '== 1.0 2.0',
    '==1.0;',
    '~=1.0+x',
  ])
    t.equal(parseSpecifierSet(text), undefined, text)
})

t.test('hostile names cost no time', async t => {
  for (const text of [
    '1'.repeat(255),
    '1.'.repeat(127),
    '-'.repeat(255),
    `1${'.post'.repeat(50)}`,
    `1+${'a.'.repeat(120)}!`,
  ]) {
    parseVersion(text)
    t.pass(`${text.slice(0, 12)}…`)
  }
})

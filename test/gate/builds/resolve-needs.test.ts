import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { ProjectName } from '../../../src/domain/packaging/name.ts'
import { parsePlatformTarget, parsePythonTarget, type Targets } from '../../../src/domain/packaging/targets.ts'
import { type BuildTarget, type Need, resolveNeeds } from '../../../src/gate/builds/resolve-needs.ts'
import { createShelf } from '../../../src/gate/builds/shelf.ts'
import { anyhow, bareExplanation } from '../../../src/gate/explain/explanation.ts'
import type { IndexFile } from '../../../src/protocol/simple/project-index.ts'
import { listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

/** A wheel on the shelf: what it requires, and whatever else is not as usual. */
interface Stock {
  readonly requires?: readonly string[]
  readonly tag?: string
  readonly python?: string
  readonly yanked?: true
  readonly outcome?: 'refused' | 'ruleless' | 'unknown'
  /** admitted by the policy that goes before */
  readonly known?: true
}

const OPEN = policyOf('version: 1\nmode: enforce\ndefaults:\n  attestation: optional\n  unmatched: apply-defaults\n')
const head = 'version: 1\nmode: enforce\ndefaults:\n  attestation: required\n  unmatched: deny\nprojects:\n'
const SHUT = policyOf(`${head}  - match: "*"\n    identity: first-seen\n`)
const STRANGE = policyOf(`${head}  - match: other\n    identity: first-seen\n`)
const POLICIES = { admitted: OPEN, unknown: OPEN, refused: SHUT, ruleless: STRANGE }

/** A shelf with `name-version` wheels, and how often each project was looked for and each wheel judged. */
function shop(stock: Readonly<Record<string, Stock>>) {
  const asked: string[] = []
  const judged: string[] = []
  const files = Object.entries(stock).map(([release, it]) => ({
    it,
    name: `${release.split(' ')[0]}-${it.tag ?? 'py3-none-any'}.whl`,
  }))
  const shelf = createShelf({
    async listed(project) {
      asked.push(project)
      const own = files.filter(({ name }) => listed(name).project === project)
      if (own.length === 0) throw new GateError('no-project', `the index does not know ${project}`)
      return own.map(({ it, name }) => {
        const artifact = listed(name)
        const { filename: dist, sha256 } = artifact
        const verdict = decide(artifact, UNATTESTED, POLICIES[it.outcome ?? 'admitted'], NO_HISTORY, NOW)
        const outcome = it.outcome === 'unknown' ? new GateError('unknown-upstream', 'no answer') : verdict
        const about = { project, version: dist.version, filename: name, sha256 }
        return {
          file: { filename: name, dist, requiresPython: it.python, yanked: it.yanked ?? false } as IndexFile,
          async judge() {
            judged.push(name)
            const told = bareExplanation(about, outcome)
            const later = bareExplanation(about, decide(artifact, UNATTESTED, it.known ? OPEN : SHUT, NO_HISTORY, NOW))
            return { ...anyhow(told), under: async () => later }
          },
        }
      })
    },
  })
  const inside = {
    requiresDist: async ({ artifact }: { readonly artifact: { readonly filename: { readonly text: string } } }) =>
      files.find(({ name }) => name === artifact.filename.text)?.it.requires ?? [],
  }
  return { parts: { shelf, inside }, asked, judged }
}

function targetOf(python?: string, platform?: string): BuildTarget {
  const targets: Targets = {
    pythons: [parsePythonTarget(python ?? '') ?? []].flat(),
    platforms: [parsePlatformTarget(platform ?? '') ?? []].flat(),
  }
  const [only] = targets.pythons
  return { wheels: targets, pythons: targets, markers: { python: only, platform: targets.platforms[0] } }
}

const needs = (...texts: readonly string[]): readonly Need[] => texts.map(text => ({ text, by: 'demo 1.0' }))

async function taken(stock: Readonly<Record<string, Stock>>, texts: readonly string[], target = targetOf()) {
  const { chosen, unmet } = await resolveNeeds(needs(...texts), target, shop(stock).parts)
  return [
    ...chosen.map(({ project, version }) => `${project} ${version}`).sort(),
    ...unmet.map(({ text, error }) => `${text}: ${error.code}`),
  ]
}

t.test('the newest release that serves is taken, and what it needs in turn', async t => {
  const stock = {
    'a-1.0': { requires: ['b'] },
    'a-2.0': { requires: ['b>=1', 'c ; python_version < "3.9"', 'd ; extra == "x"'] },
    'b-1.0': {},
    'b-1.5': {},
    'b-2.0': {},
    'c-1.0': {},
    'd-1.0': { requires: ['a'] },
  }
  t.strictSame(await taken(stock, ['a'], targetOf('3.12')), ['a 2.0', 'b 2.0'])
  t.strictSame(await taken(stock, ['a']), ['a 2.0', 'b 2.0', 'c 1.0'], 'whatever may hold, where no Python is named')
  t.strictSame(await taken(stock, ['a[x]'], targetOf('3.12')), ['a 2.0', 'b 2.0', 'd 1.0'], 'a circle ends')
  t.strictSame(await taken(stock, ['a<2', 'b<2'], targetOf('3.12')), ['a 1.0', 'b 1.5'])
  t.strictSame(await taken(stock, ['c ; python_version < "3.9"'], targetOf('3.12')), [])
})

t.test('who turns up later narrows what was chosen before', async t => {
  const stock = { 'a-1.0': {}, 'a-2.0': {}, 'b-1.0': { requires: ['c'] }, 'c-1.0': { requires: ['a<2'] } }
  t.strictSame(await taken(stock, ['a', 'b']), ['a 1.0', 'b 1.0', 'c 1.0'])
  const never = { ...stock, 'c-1.0': { requires: ['a<1'] } }
  t.strictSame(await taken(never, ['a', 'b']), ['b 1.0', 'c 1.0', 'a: not-listed'])
})

t.test('what a target cannot take is not chosen', async t => {
  const stock = {
    'a-1.0': {},
    'a-2.0': { python: '>=3.12' },
    'a-3.0': { tag: 'cp312-cp312-win_amd64' },
    'b-1.0': { tag: 'cp311-cp311-manylinux_2_17_x86_64' },
  }
  t.strictSame(await taken(stock, ['a'], targetOf('3.11', 'linux_x86_64')), ['a 1.0'])
  t.strictSame(await taken(stock, ['a'], targetOf('3.12', 'linux_x86_64')), ['a 2.0'])
  t.strictSame(await taken(stock, ['a'], targetOf('3.12', 'win_amd64')), ['a 3.0'])
  t.strictSame(await taken(stock, ['b'], targetOf('3.12')), ['b: not-listed'])
})

t.test('what is refused is passed over, and what cannot be determined is not', async t => {
  const refused = { 'a-1.0': {}, 'a-2.0': { outcome: 'refused' }, 'a-3.0': { yanked: true } } as const
  t.strictSame(await taken(refused, ['a']), ['a 1.0'])
  t.strictSame(await taken(refused, ['a==3.0']), ['a 3.0'], 'exactly that one was asked for')
  t.strictSame(await taken(refused, ['a>=2']), ['a>=2: not-listed'])
  t.strictSame(await taken({ 'a-1.0': {}, 'a-2.0': { outcome: 'unknown' } }, ['a']), ['a: unknown-upstream'])
  t.strictSame(await taken({}, ['a', 'b @ https://files.example/b.zip']), [
    'a: not-listed',
    'b @ https://files.example/b.zip: not-listed',
  ])
})

t.test('a prerelease is taken where somebody names one, or there is nothing else', async t => {
  const stock = { 'a-1.0': {}, 'a-2.0rc1': {}, 'b-1.0b1': {} }
  t.strictSame(await taken(stock, ['a', 'b']), ['a 1.0', 'b 1.0b1'])
  t.strictSame(await taken(stock, ['a>=2.0rc1']), ['a 2.0rc1'])
  const shut = { 'a-1.0': { outcome: 'refused' }, 'a-2.0rc1': {} } as const
  t.strictSame(await taken(shut, ['a']), ['a: not-listed'], 'an installer would want the refused one')
})

t.test('what a policy admits already goes before what is newer', async t => {
  const stock = { 'a-1.0': { known: true }, 'a-2.0': {}, 'b-1.0': {}, 'b-2.0': {} } as const
  const { parts } = shop(stock)
  const settled = async (...texts: readonly string[]) =>
    (await resolveNeeds(needs(...texts), targetOf(), { ...parts, prefer: SHUT })).chosen.map(
      ({ project, version }) => `${project} ${version}`,
    )
  t.strictSame(await settled('a', 'b'), ['a 1.0', 'b 2.0'])
  t.strictSame(await settled('a>1'), ['a 2.0'], 'unless it does not do')
})

t.test('an old setuptools asks for wheel when it runs', async t => {
  const stock = { 'setuptools-69.0': {}, 'setuptools-80.0': {}, 'wheel-0.45': {} }
  t.strictSame(await taken(stock, ['setuptools']), ['setuptools 80.0'])
  t.strictSame(await taken(stock, ['setuptools<70']), ['setuptools 69.0', 'wheel 0.45'])
})

t.test('looking ends: so many projects, so many versions', async t => {
  const chain = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`p${at}-1.0`, { requires: [`p${at + 1}`] }] as const),
  )
  const long = shop(chain)
  const { chosen, unmet } = await resolveNeeds(needs('p0'), targetOf(), long.parts)
  t.equal(chosen.length, 200)
  t.match(unmet, [{ error: { code: 'not-listed', detail: /more than 200 projects/ } }])
  const many = shop(
    Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`a-${at}`, { outcome: 'refused' }] as const)),
  )
  const { unmet: none } = await resolveNeeds(needs('a'), targetOf(), many.parts)
  t.equal(many.judged.length, 30)
  t.match(none, [{ error: { detail: /89 is refused \(unattested\), 88 is refused .*, and 27 more$/ } }])

  const wide = shop({ ...wheelsOf('a', 'refused'), 'a-0.9': {} })
  t.equal((await resolveNeeds(needs('a'), targetOf(), wide.parts)).chosen[0]?.version, '0.9')
  t.equal(wide.judged.length, 2, 'one wheel of a release that is refused, and one that is not')
  const ruleless = shop({ 'a-1.0': { outcome: 'ruleless' }, 'a-2.0': { outcome: 'ruleless' } })
  t.match((await resolveNeeds(needs('a'), targetOf(), ruleless.parts)).unmet, [{ error: { detail: /2\.0.*no-rule/ } }])
  t.equal(ruleless.judged.length, 1, 'a project without a rule has one look')
  const greedy = shop({ 'a-1.0': { requires: Array.from({ length: 5_000 }, (_, at) => `x${at}`) } })
  const { unmet: lacking } = await resolveNeeds(needs('a'), targetOf(), greedy.parts)
  t.ok(lacking.length <= 200 && greedy.asked.length <= 201, `${lacking.length} ${greedy.asked.length}`)
})

/** Of one release, for so many Pythons. */
function wheelsOf(project: string, outcome: 'refused'): Readonly<Record<string, Stock>> {
  const pythons = ['cp39', 'cp310', 'cp311'].map(python => `${python}-${python}-win_amd64`)
  return Object.fromEntries(pythons.map(tag => [`${project}-1.0 ${tag}`, { tag, outcome }]))
}

t.test('each project is looked for once, and each wheel judged once, whoever asks', async t => {
  const stock = { 'a-1.0': { requires: ['b'] }, 'b-1.0': {}, 'c-1.0': { requires: ['b', 'a'] } }
  const { parts, asked, judged } = shop(stock)
  for (const python of ['3.11', '3.12']) await resolveNeeds(needs('a', 'c'), targetOf(python), parts)
  t.strictSame(asked.toSorted(), ['a', 'b', 'c'] as ProjectName[])
  t.equal(judged.length, 3)
})

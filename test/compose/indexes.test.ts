// guards: src/compose/served-indexes.ts src/compose/upstream.ts
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { decideSourceIn } from '../../src/compose/decided/decide-source.ts'
import { systemClock } from '../../src/domain/base/instant.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { startGate, type WorldGate } from '../world/gate/gate.ts'
import { createWorld, type Published, type World } from '../world/world.ts'
import { SPELLINGS } from './sources/two-sources.ts'

const JSON_PAGE = { accept: 'application/vnd.pypi.simple.v1+json' }
const POLICY = `version: 1
projects:
  - match: "acme-*"
    attestation: optional
  - match: "*"
    publishers: [{ kind: github, repository: acme/tools, workflow: release.yml }]
`
const ACME = { kind: 'github', repository: 'acme/tools', workflow: 'release.yml', ref: 'refs/tags/v1' } as const

interface TwoSources {
  readonly acme: World
  readonly pypi: World
  readonly gate: WorldGate
  get(
    path: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly text: string }>
}

async function twoSources(
  t: Test,
  {
    indexes,
    owns = ['acme-*'],
    console: desk,
  }: { readonly indexes?: unknown; readonly owns?: readonly string[]; readonly console?: unknown } = {},
): Promise<TwoSources> {
  const pypi = await createWorld(t)
  const acme = await createWorld(t)
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const gate = await startGate(t, pypi, {
    policy: POLICY,
    configuration: {
      upstream: undefined,
      sources: { acme: { ...source(acme), owns }, pypi: source(pypi) },
      ...(indexes === undefined ? {} : { indexes }),
      ...(desk === undefined ? {} : { console: desk }),
    },
  })
  return {
    acme,
    pypi,
    gate,
    async get(path, headers = {}) {
      const answer = await fetch(`${gate.url}${path}`, { headers, redirect: 'manual' })
      return { status: answer.status, text: await answer.text() }
    },
  }
}

async function filesOn({ get }: TwoSources, page: string): Promise<readonly string[]> {
  const { status, text } = await get(page, JSON_PAGE)
  if (status !== 200) return [`${status}`]
  return (JSON.parse(text) as { files: { filename: string }[] }).files.map(({ filename }) => filename)
}

function asked({ upstream }: World): number {
  return upstream.requests.length
}

t.test('one index gives what two sources have, each name from one of them', async t => {
  const two = await twoSources(t)
  const internal = await two.acme.release('acme-core', '1.0', { attested: false })
  const open = await two.pypi.release('tools', '1.0', { identity: ACME })
  t.same(await filesOn(two, '/simple/acme-core/'), ['acme_core-1.0-py3-none-any.whl', 'acme_core-1.0.tar.gz'].sort())
  t.same((await filesOn(two, '/simple/tools/')).length, 2)
  for (const file of [internal.wheel, internal.sdist, open.wheel, open.sdist])
    t.equal((await two.get(file.path)).status, 200, file.filename)
  t.equal((await two.get(`${open.wheel.path}.metadata`)).status, 200)
  t.equal(JSON.parse((await two.get('/pypi/tools/json')).text).info.version, '1.0')
  t.equal((await two.get(`/integrity/tools/1.0/${open.wheel.filename}/provenance`)).status, 200)
  t.same((JSON.parse((await two.get('/simple/', JSON_PAGE)).text) as { projects: { name: string }[] }).projects, [
    { name: 'acme-core' },
    { name: 'tools' },
  ])
})

t.test('two indexes have each their path, their sources, their policy and their mode', async t => {
  const two = await twoSources(t, {
    indexes: {
      main: { path: '/', sources: ['acme', 'pypi'] },
      ml: { path: '/team/ml', sources: ['pypi'], mode: 'hide' },
    },
  })
  const internal = await two.acme.release('acme-core', '1.0', { attested: false })
  const open = await two.pypi.release('tools', '1.0', { identity: ACME })
  const refused = await two.pypi.release('tools', '2.0', { attested: false })
  const { wheel } = open
  for (const [path, status] of [
    ['/simple/acme-core/', 200],
    ['/team/ml/simple/acme-core/', 404],
    [internal.wheel.path, 200],
    [`/team/ml${internal.wheel.path}`, 404],
    ['/team/ml/simple/tools/', 200],
    [`/team/ml${wheel.path}`, 200],
    [`/team/ml${wheel.path}.metadata`, 200],
    ['/team/ml/pypi/tools/json', 200],
    [`/team/ml/integrity/tools/1.0/${wheel.filename}/provenance`, 200],
    ['/team/ml/simple/', 200],
    ['/team/ml/simple/Tools/', 301],
    ['/team/simple/tools/', 404],
    [refused.wheel.path, 403],
    [`/team/ml${refused.wheel.path}`, 403],
    ['/readyz', 200],
    ['/', 200],
  ] as const)
    t.equal((await two.get(path)).status, status, path)
  t.equal((await filesOn(two, '/simple/tools/')).length, 4)
  t.equal((await filesOn(two, '/team/ml/simple/tools/')).length, 2, 'hide')
  const { text } = await two.get(`/team/ml${refused.wheel.path}`)
  const { index, explain } = JSON.parse(text) as { index: string; explain: string }
  t.equal(index, 'ml')
  t.match((await two.get(new URL(explain).pathname, { accept: 'application/json' })).text, /"code": "unattested"/)
  t.not(JSON.parse((await two.get(refused.wheel.path)).text).explain, explain, 'each index has refusals of its own')
})

/** Everything that can be asked about a file of a project. */
function pathsOf({ project, version, filename, path }: Published, spelled: string): readonly string[] {
  const file = path.replace(filename, filename.replace(/^[^-]+/, spelled.replaceAll('-', '_')))
  return [
    `/simple/${spelled}/`,
    `/simple/${spelled}`,
    `/pypi/${spelled}/json`,
    `/pypi/${spelled}/${version}/json`,
    `/integrity/${spelled}/${version}/${filename}/provenance`,
    file,
    `${file}.metadata`,
    `/simple//${project}/`,
  ]
}

t.test(
  'no packet about an owned name reaches the public source, on any path, in any spelling, in any state of the owner',
  async t => {
    const two = await twoSources(t)
    const { acme, pypi } = two
    const planted = await pypi.release('acme-core', '9.0', { identity: ACME })
    const own = await acme.release('acme-core', '1.0', { attested: false })
    pypi.upstream.forgetRequests()
    async function askAll(state: string): Promise<void> {
      for (const spelled of SPELLINGS)
        for (const file of [planted.wheel, planted.sdist, own.wheel])
          for (const path of pathsOf(file, spelled)) {
            const { text } = await two.get(path)
            if (text.includes('9.0')) t.notMatch(text, /acme_core-9\.0[^ ]*"\s*[,}]|#sha256/, `${state}: ${path}`)
          }
      for (const range of [{ range: 'bytes=0-10' }, { 'if-none-match': '"x"' }]) {
        t.not((await two.get(planted.wheel.path, range)).status, 200, state)
        await fetch(`${two.gate.url}${planted.wheel.path}`, { method: 'HEAD' })
      }
      t.equal(asked(pypi), 0, state)
    }
    await askAll('up')
    acme.upstream.remove('acme-core')
    await askAll('it lost the project')
    for (const route of ['page', 'legacy', 'provenance', 'file', 'metadata'] as const)
      acme.upstream.fault({ route, do: { status: 503 } })
    await askAll('away')
  },
)

async function codeOf({ get }: TwoSources, path: string): Promise<string> {
  const { status, text } = await get(path)
  return status === 200 ? 'admitted' : (JSON.parse(text) as { code: string }).code
}

t.test('a name that its source has lost is no other source’s, until somebody says so', async t => {
  const two = await twoSources(t, { owns: [] })
  const { acme, pypi, gate } = two
  await acme.release('tools', '1.0', { identity: ACME })
  t.same((await filesOn(two, '/simple/tools/')).length, 2)
  const { wheel } = await pypi.release('tools', '2.0', { identity: ACME })
  acme.upstream.remove('tools')
  t.equal(await codeOf(two, wheel.path), 'not-listed', 'the page that has it is still believed')
  await gate.stop()
  const again = { ...two, ...(await restarted(t, two)) }
  t.same(await filesOn(again, '/simple/tools/'), ['404'])
  t.equal(await codeOf(again, wheel.path), 'source-changed')
  const { detail } = JSON.parse((await again.get(wheel.path)).text) as { detail: string }
  t.match(
    detail,
    /tools belongs to the source acme, which does not have it now; pypi lists tools-2\.0-py3-none-any\.whl/,
  )
  t.same((await again.get(`${wheel.path}.metadata`)).status, 403)
  const order = { project: parseProjectName('tools'), source: 'pypi', index: undefined, reason: 'given up' }
  t.same(await decideSourceIn(gate.config, order, { clock: systemClock, environment: {} }), {
    index: 'main',
    was: 'acme',
  })
  await sleep(1_200)
  await again.gate.stop()
  const decided = { ...two, ...(await restarted(t, two)) }
  t.same(await filesOn(decided, '/simple/tools/'), ['tools-2.0-py3-none-any.whl', 'tools-2.0.tar.gz'])
  t.equal(await codeOf(decided, wheel.path), 'admitted')
})

t.test('whose a name is is decided among the sources that may be asked, and not of an owned one', async t => {
  const { gate } = await twoSources(t)
  const decide = (project: string, source: string, index?: string) =>
    decideSourceIn(
      gate.config,
      { project: parseProjectName(project), source, index, reason: 'x' },
      { clock: systemClock, environment: {} },
    )
  await t.rejects(decide('acme-core', 'pypi'), { code: 'usage', detail: /acme-core is owned by acme/ })
  await t.rejects(decide('tools', 'nexus'), {
    code: 'usage',
    detail: /main may not ask nexus about tools; it may ask: acme, pypi/,
  })
  await t.rejects(decide('tools', 'pypi', 'ml'), {
    code: 'usage',
    detail: /there is no index "ml"; the configuration has: main/,
  })
})

t.test('a name like an owned one is warned about, and refused where the rule denies it', async t => {
  const two = await twoSources(t, { owns: ['acme-core'] })
  const { wheel } = await two.pypi.release('acme-c0re', '1.0', { identity: ACME })
  const policy = (confusable: string) => `version: 1
projects:
  - { match: "acme-c*", confusable: ${confusable}, publishers: [{ kind: github, repository: acme/tools, workflow: release.yml }] }
`
  two.pypi.writePolicy(policy('deny'))
  two.gate.app.reload()
  t.equal(await codeOf(two, wheel.path), 'confusable')
  t.match((await two.get(wheel.path)).text, /acme-c0re of pypi could be taken for acme-core, which another source owns/)
  two.pypi.writePolicy(policy('allow'))
  two.gate.app.reload()
  t.equal(await codeOf(two, wheel.path), 'admitted')
  t.match(
    two.gate.events.filter(({ type }) => type === 'index-warning'),
    [{ project: 'acme-c0re', detail: /could be taken for acme-core/ }],
  )
})

t.test('a name like an owned one is told wherever somebody reads why it is refused, or decides', async t => {
  const two = await twoSources(t, {
    owns: ['acme-core'],
    console: { listen: '127.0.0.1:0', requests: { anonymous: true } },
  })
  const { wheel } = await two.pypi.release('acmecore', '1.0', { attested: false })
  const { explain, detail } = (await (await fetch(`${two.gate.url}${wheel.path}`)).json()) as Record<string, string>
  const said = 'The name acmecore could be taken for acme-core, which another source owns.'
  t.match(detail, said)
  const page = new URL(explain ?? '').pathname
  const shown = async (path: string) =>
    await (await fetch(`${two.gate.url}${path}`, { headers: { accept: 'text/html' } })).text()
  t.match(await shown(page), `<strong>${said}</strong>`)
  t.match(await shown(`${page}?format=json`), /"lookalike": ?"acme-core"/)
  t.match(await shown(`${page}?format=yaml`), `# WARNING: ${said}`)
  const sent = { reason: 'the build needs it', email: 'ada@acme.example' }
  await fetch(`${two.gate.url}${page}/request`, { method: 'POST', body: new URLSearchParams(sent) })
  t.match(await shown(`${page}/request`), `<strong>${said}</strong>`)
  const verdicts = two.gate.events.filter(({ type }) => type === 'verdict')
  t.match(verdicts, [{ code: 'unattested', lookalike: 'acme-core' }])
})

t.test('a name like an owned one is known for it at every index, from when its owner was seen to have it', async t => {
  const two = await twoSources(t, {
    indexes: { main: { path: '/', sources: ['acme', 'pypi'] }, pub: { path: '/pub', sources: ['pypi'] } },
  })
  await two.acme.release('acme-core', '1.0', { attested: false })
  const { wheel } = await two.pypi.release('acmecore', '1.0', { identity: ACME })
  const policy = `version: 1
projects:
  - { match: "*", confusable: deny, publishers: [{ kind: github, repository: acme/tools, workflow: release.yml }] }
`
  two.pypi.writePolicy(policy)
  two.gate.app.reload()
  const codes = async () => [await codeOf(two, wheel.path), await codeOf(two, `/pub${wheel.path}`)]
  t.same(await codes(), ['admitted', 'admitted'], 'nobody knows of it yet')
  await two.get('/simple/acme-core/')
  t.same(await codes(), ['confusable', 'confusable'], 'on pages that were read before, too')
  await two.gate.stop()
  const sources = Object.fromEntries(
    Object.entries({ acme: two.acme, pypi: two.pypi }).map(([name, { upstream }]) => [
      name,
      { index: upstream.origin, files: [upstream.filesOrigin], owns: name === 'acme' ? ['acme-*'] : [] },
    ]),
  )
  const gate = await startGate(t, two.pypi, {
    policy,
    configuration: { upstream: undefined, sources, indexes: { pub: { path: '/', sources: ['pypi'] } } },
  })
  const answer = await fetch(`${gate.url}${wheel.path}`)
  t.equal(
    ((await answer.json()) as { code: string }).code,
    'confusable',
    'after a restart, at an index without the owner',
  )
})

t.test('an old data folder goes on as the source that it was', async t => {
  const pypi = await createWorld(t)
  const acme = await createWorld(t)
  const { wheel } = await pypi.release('tools', '1.0', { identity: ACME })
  const before = await startGate(t, pypi, { policy: POLICY })
  t.equal((await fetch(`${before.url}${wheel.path}`)).status, 200)
  await before.stop()
  await acme.release('tools', '9.0', { attested: false })
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const sources = { acme: source(acme), pypi: source(pypi) }
  const gate = await startGate(t, pypi, { policy: POLICY, configuration: { upstream: undefined, sources } })
  const page = await fetch(`${gate.url}/simple/tools/`, { headers: JSON_PAGE })
  t.match(((await page.json()) as { files: unknown[] }).files, [
    { filename: /^tools-1\.0/ },
    { filename: /^tools-1\.0/ },
  ])
  t.equal(acme.upstream.count('page', 'tools'), 0, 'and the new one is not asked about what it had')
})

t.test('a file name that could be of an owned name is asked of nobody but the owner, however it reads', async t => {
  const two = await twoSources(t, { owns: ['left-hand', 'secret-plan-x', 'acme-*'] })
  await two.acme.release('left-hand', '1.0', { attested: false })
  const odd = await two.acme.release('left-hand', '1.0-1', { attested: false, kinds: ['sdist'] })
  for (const filename of [
    'left-hand-1.0-1.tar.gz',
    'left-hand-1.0-py3-none-any.whl',
    'left-hand-1.0-2-3.zip',
    'left-hand-1-2-3.zip',
    'secret-plan-x-1.0-py3-none-any.whl',
    'secret-plan-x-1.0.dev1-2.zip',
    'acme-core-1.0-1.tar.gz',
    'acme-core-1.0-py3-none-any.whl',
  ])
    for (const path of [filename, `${filename}.metadata`]) await two.get(`/packages/aa/bb/${'c'.repeat(60)}/${path}`)
  t.same((await filesOn(two, '/simple/left-hand/')).length, 3)
  await two.get(odd.sdist.path)
  await two.get(odd.sdist.path)
  t.equal(asked(two.pypi), 0, JSON.stringify(two.pypi.upstream.requests))
  t.not(asked(two.acme), 0)
  const { sdist } = await two.pypi.release('left-hand-2', '1.0', { identity: ACME, kinds: ['sdist'] })
  t.equal((await two.get(sdist.path)).status, 200, 'and a name of its own is asked for')
})

t.test('what was asked at one index changes nothing of another’s order, on disk included', async t => {
  const two = await twoSources(t, {
    owns: [],
    indexes: { main: { path: '/', sources: ['acme', 'pypi'] }, pub: { path: '/pub', sources: ['pypi'] } },
  })
  await two.acme.release('tools', '1.0', { attested: false })
  await two.pypi.release('tools', '9.0', { attested: false })
  t.same((await two.get('/pub/simple/tools/')).status, 200)
  await sleep(1_000) // until it is written
  t.same(await filesOn(two, '/simple/tools/'), ['tools-1.0-py3-none-any.whl', 'tools-1.0.tar.gz'])
})

/** Another gate on the same data folder, with the same configuration. */
async function restarted(t: Test, { acme, pypi }: TwoSources): Promise<Pick<TwoSources, 'gate' | 'get'>> {
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const sources = { acme: { ...source(acme), owns: [] }, pypi: source(pypi) }
  const gate = await startGate(t, pypi, { policy: POLICY, configuration: { upstream: undefined, sources } })
  return {
    gate,
    async get(path, headers = {}) {
      const answer = await fetch(`${gate.url}${path}`, { headers, redirect: 'manual' })
      return { status: answer.status, text: await answer.text() }
    },
  }
}

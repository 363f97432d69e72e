import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { type Distribution, makeSdist, makeWheel } from '../../world/index/distributions.ts'
import { type Crossing, createCrossing, must } from '../../world/mirror/crossing.ts'
import { clientOf, pip, poetry, uv } from '../set-up/clients.ts'
import { openSite, type Run, type Site } from '../set-up/site.ts'
import { prepareAll, type Tool } from '../set-up/tools.ts'
import { type SecondIndex, startDevpi, startPypiserver, startPytorch } from './indexes.ts'

t.jobs = 1
t.setTimeout(900_000)

const TOOLS = ['pip 26.3', 'uv', 'poetry', 'pypiserver', 'devpi'] as const
const tools = await prepareAll(TOOLS)

/** The policy of docs/how-to/own-index.md. */
const POLICY = `version: 1
projects:
  - match: "acme-*"
    attestation: optional
  - match: "*"
    attestation: when-seen
    identity: first-seen
    confusable: deny
`

interface Second {
  readonly title: string
  readonly needs: (typeof TOOLS)[number] | undefined
  readonly start: (t: Test, tool: Tool | undefined) => Promise<SecondIndex>
  /** what the source is told besides its index */
  readonly source: object
  readonly requirement: string
  readonly installed: readonly string[]
  /** what nobody but this index may hear of */
  readonly own: string
}

const INTERNAL: readonly Distribution[] = [
  makeWheel({ name: 'acme-app', version: '1.0', requires: ['acme-core>=1.0', 'library>=1.0'] }),
  makeWheel({ name: 'acme-core', version: '1.0' }),
  makeSdist({ name: 'acme-core', version: '1.0' }),
  makeWheel({ name: 'acme-core', version: '1.1+team.2' }),
]
const TORCH: readonly Distribution[] = [
  makeWheel({ name: 'torch', version: '2.1.0+cpu', requires: ['library>=1.0'] }),
  makeWheel({ name: 'torch', version: '2.0.0+cpu' }),
]
const ACME = {
  source: { owns: ['acme-*'] },
  requirement: 'acme-app==1.0',
  installed: ['acme-app-1.0', 'acme-core-1.1+team.2', 'library-1.0'],
  own: 'acme',
}
const SECONDS: readonly Second[] = [
  {
    ...ACME,
    title: 'pypiserver',
    needs: 'pypiserver',
    start: (t, tool) => startPypiserver(t, needed(tool), INTERNAL),
  },
  { ...ACME, title: 'devpi', needs: 'devpi', start: (t, tool) => startDevpi(t, needed(tool), INTERNAL) },
  {
    title: 'PyTorch’s layout',
    needs: undefined,
    start: t => startPytorch(t, TORCH),
    source: { only: ['torch', 'torchvision'], integrity: 'none' },
    requirement: 'torch==2.1.0+cpu',
    installed: ['library-1.0', 'torch-2.1.0+cpu'],
    own: 'torch',
  },
]

for (const second of SECONDS) {
  const needs = ['pip 26.3', 'uv', 'poetry', second.needs].filter(name => name !== undefined)
  const skip = needs.map(name => tools.get(name as 'uv')?.skip ?? false).find(why => why !== false) ?? false
  t.test(`a project that needs PyPI and ${second.title} has one URL`, { skip }, async t => {
    const [pipTool, uvTool, poetryTool] = ['pip 26.3', 'uv', 'poetry'].map(name =>
      needed(tools.get(name as 'uv')?.tool),
    )
    const own = second.needs === undefined ? undefined : tools.get(second.needs)?.tool
    const index = await second.start(t, own)
    const crossing = await openPlaces(t, second, index)
    const all = { pip: needed(pipTool), uv: needed(uvTool), poetry: needed(poetryTool) }
    const began = performance.now()

    const outside = await crossing.serve('outside')
    const locked = await connected(t, second, { url: outside.url, tools: all })
    await outside.stop()
    assertKept(t, second, crossing, index)
    await carry(crossing, locked)
    crossing.world.upstream.forgetRequests()
    const before = index.asked.length
    moveTo(crossing, outside.url)
    const inside = await crossing.serve()
    t.equal(inside.url, outside.url, 'the URL stays the one')
    const installs = await apart(t, second, { url: inside.url, locked, tools: all })
    t.strictSame(crossing.world.upstream.requests, [], 'nobody asked outside for anything')
    t.equal(index.asked.length, before)
    const seconds = Math.round((performance.now() - began) / 1_000)
    t.comment(`${second.title}: ${locked.installs} installs with a network, ${installs} without, in ${seconds} s`)
  })
}

function needed(tool: Tool | undefined): Tool {
  if (tool === undefined) throw new TypeError('it would have been skipped')
  return tool
}

/** A gate in front of both, as docs/how-to/own-index.md has it, and a mirror without a network that names the same sources. */
async function openPlaces(t: Test, { source, own }: Second, { index }: SecondIndex): Promise<Crossing> {
  const crossing = await createCrossing(t)
  const { world, places } = crossing
  await world.release('library', '1.0')
  // somebody else’s, under the same names
  await world.release('torch', '9.0')
  await world.release('acme-core', '9.0')
  world.writePolicy(POLICY)
  crossing.setPolicy(POLICY)
  const sources = {
    [own]: { index, ...source },
    pypi: { index: world.upstream.origin, files: [world.upstream.filesOrigin] },
  }
  const { upstream: _, ...base } = world.configuration()
  for (const place of ['outside', 'inside'] as const) {
    const data = join(places[place], 'data')
    mkdirSync(data, { recursive: true })
    const offline = place === 'inside' ? { offline: true, policy: [join(places.inside, 'policy.yaml')] } : {}
    writeFileSync(join(places[place], 'portcullis.yaml'), stringify({ ...base, data, sources, ...offline }))
  }
  return crossing
}

interface Clients {
  readonly pip: Tool
  readonly uv: Tool
  readonly poetry: Tool
}

interface Locked {
  readonly sites: { readonly uv: Site; readonly poetry: Site; readonly pip: Site }
  /** by what the plan takes */
  readonly paths: readonly string[]
  readonly installs: number
}

/** Plain, and from each lock, in front of the gate that asks both. */
async function connected(
  t: Test,
  { requirement, installed }: Second,
  { url, tools: { pip: pipTool, uv: uvTool, poetry: poetryTool } }: { readonly url: string; readonly tools: Clients },
): Promise<Locked> {
  const wanted = { gate: url, requirements: [requirement] }
  const index = ['--default-index', `${url}/simple/`]
  let installs = 0
  const count = (name: string, site: Site, run: Run): void => {
    installs += 1
    holds(t, name, { site, run, installed })
  }
  for (const tool of [pipTool, uvTool]) {
    const site = await openSite(t)
    count(`${tool.name} by name`, site, await clientOf(tool).install(site, wanted))
  }
  const byPoetry = await openSite(t)
  count('poetry by name', byPoetry, await clientOf(poetryTool).install(byPoetry, wanted))
  await byPoetry.emptyEnvironment()
  count('poetry from its lock', byPoetry, await poetry(poetryTool, byPoetry, ['sync']))

  const byUv = await openSite(t)
  byUv.write('pyproject.toml', uvProject(requirement))
  const lock = await uv(uvTool, byUv, ['lock', ...index])
  t.equal(lock.code, 0, 'uv locks', { printed: lock.text })
  count('uv from its lock', byUv, await uv(uvTool, byUv, ['sync', '--frozen', ...index]))

  const byHash = await openSite(t)
  byHash.write('requirements.in', `${requirement}\n`)
  const compile = ['pip', 'compile', ...index, '--generate-hashes', 'requirements.in', '-o', 'requirements.txt']
  const compiled = await uv(uvTool, byHash, compile)
  t.equal(compiled.code, 0, 'requirements have hashes', { printed: compiled.text })
  count('pip with --require-hashes', byHash, await byHashes(pipTool, byHash, url))
  await byHash.emptyEnvironment()
  const sync = ['pip', 'sync', ...index, '--require-hashes', 'requirements.txt']
  count('uv with --require-hashes', byHash, await uv(uvTool, byHash, sync))
  const paths = [
    join(byUv.project, 'uv.lock'),
    join(byPoetry.project, 'poetry.lock'),
    join(byHash.project, 'requirements.txt'),
  ]
  return { sites: { uv: byUv, poetry: byPoetry, pip: byHash }, paths, installs }
}

function uvProject(requirement: string): string {
  return `[project]\nname = "the-project"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["${requirement}"]\n`
}

function byHashes(tool: Tool, site: Site, url: string): Promise<Run> {
  const index = ['--index-url', `${url}/simple/`, '--trusted-host', '127.0.0.1']
  return pip(tool, site, 'install', [...index, '--require-hashes', '-r', 'requirements.txt'])
}

function holds(
  t: Test,
  name: string,
  { site, run, installed }: { readonly site: Site; readonly run: Run; readonly installed: readonly string[] },
): void {
  t.equal(run.code, 0, `${name} succeeds`, { printed: run.text })
  t.strictSame(site.installed(), installed, name)
}

/** Not a packet about what is ours reached PyPI, and none about anything else the index that may not be asked. */
function assertKept(t: Test, { own }: Second, { world }: Crossing, { asked }: SecondIndex): void {
  const told = world.upstream.requests.filter(request => JSON.stringify(request).includes(own))
  t.strictSame(told, [], `PyPI never hears of ${own}`)
  t.strictSame(
    asked.filter(path => !path.includes('/torch')),
    [],
    'and an index with `only` of nothing else',
  )
}

async function carry(crossing: Crossing, { paths }: Locked): Promise<void> {
  const plan = join(crossing.places.outside, 'plan.json')
  must(await crossing.outside('mirror', 'plan', ...paths, '--out', plan), 0)
  must(await crossing.outside('mirror', 'fetch', plan), 0)
  const folder = await crossing.export('first')
  must(await crossing.inside('mirror', 'import', folder, '--signer', crossing.signer), 0)
}

/** The gate without a network takes the address that locks name. */
function moveTo({ places }: Crossing, url: string): void {
  const file = join(places.inside, 'portcullis.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('127.0.0.1:0', new URL(url).host))
}

interface Apart {
  readonly url: string
  readonly locked: Locked
  readonly tools: Clients
}

/** The same where there is no network, with the locks as they are and empty caches. Answers with how many installs it was. */
async function apart(t: Test, { requirement, installed }: Second, order: Apart): Promise<number> {
  const { url, locked, tools: its } = order
  const wanted = { gate: url, requirements: [requirement] }
  let installs = 0
  for (const tool of [its.pip, its.uv]) {
    const site = await openSite(t)
    holds(t, `${tool.name} by name, offline`, { site, run: await clientOf(tool).install(site, wanted), installed })
    installs += 1
  }
  const { uv: byUv, poetry: byPoetry, pip: byHash } = locked.sites
  for (const site of [byUv, byPoetry, byHash]) {
    await site.emptyEnvironment()
    site.emptyHome()
  }
  const index = ['--default-index', `${url}/simple/`]
  const runs: readonly (readonly [string, Site, () => Promise<Run>])[] = [
    ['uv from its lock', byUv, () => uv(its.uv, byUv, ['sync', '--frozen', ...index])],
    ['poetry from its lock', byPoetry, () => poetry(its.poetry, byPoetry, ['sync'])],
    ['pip with --require-hashes', byHash, () => byHashes(its.pip, byHash, url)],
  ]
  for (const [name, site, run] of runs) {
    holds(t, `${name}, offline`, { site, run: await run(), installed })
    installs += 1
  }
  return installs
}

import t, { type Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { FaultAction } from '../../world/index/upstream-faults.ts'
import { until } from '../../world/until.ts'
import type { Published, Release } from '../../world/world.ts'
import { type Answer, ask, createSources, type Sources, SPELLINGS, startOver, TOOLS } from './two-sources.ts'

// the work is measured in requests, whatever time a busy machine takes for them
t.setTimeout(0)

const HOUR = 3_600_000
/** an owner that is away is tried twice, which whoever asks at the same time shares */
const AT_ONCE = 128

/** What the company has of its name, and what somebody put under the same name where everybody may publish. */
interface Scene extends Sources {
  readonly own: Release
  /** a newer version, another file of the version that the company has, and a name that the company owns and does not have */
  readonly planted: readonly Published[]
  /** the page of the planted ones, as the public source has it */
  readonly plantedPage: Buffer
}

async function createScene(t: Test): Promise<Scene> {
  const sources = await createSources(t)
  const { acme, pypi } = sources
  const own = await acme.release('acme-core', '1.0', { attested: false })
  const planted: Published[] = []
  for (const [project, version] of [
    ['acme-core', '9.0'],
    ['acme-core', '1.0'],
    ['acme-ghost', '1.0'],
  ] as const) {
    const theirs = { identity: TOOLS, files: { 'planted.py': 'print("not the company’s")\n' }, requires: ['planted'] }
    planted.push(...(await pypi.release(project, version, theirs)).files)
  }
  const plantedPage = (await ask(`${pypi.upstream.origin}/simple/acme-core/`)).body
  return { ...sources, own, planted, plantedPage }
}

/** How the company's index answers about everything it is asked. */
function always(action: FaultAction): (scene: Scene) => void {
  return ({ acme }) => {
    for (const route of ['page', 'legacy', 'provenance', 'file', 'metadata'] as const)
      acme.upstream.fault({ route, do: action })
  }
}

/** How it answers where it is asked for the page alone. */
function pages(action: (scene: Scene) => FaultAction): (scene: Scene) => void {
  return scene => scene.acme.upstream.fault({ route: 'page', do: action(scene) })
}

interface State {
  /** what comes of the name's page where nothing was known of it before */
  readonly page: number | 'unknown'
  readonly begin: (scene: Scene) => unknown
}

const STATES: Readonly<Record<string, State>> = {
  up: { page: 200, begin: () => {} },
  'a lower version is new': {
    page: 200,
    begin: ({ acme }) => acme.release('acme-core', '0.5', { attested: false }),
  },
  'it has lost the project': { page: 404, begin: ({ acme }) => acme.upstream.remove('acme-core') },
  'its page is empty': {
    page: 200,
    begin: ({ acme, own }) => {
      for (const { filename } of own.files) acme.upstream.remove('acme-core', filename)
    },
  },
  'it says 404 to everything': { page: 404, begin: always({ status: 404, bytes: 'not here' }) },
  'it says 401': { page: 'unknown', begin: always({ status: 401 }) },
  'it says 403': { page: 'unknown', begin: always({ status: 403 }) },
  'it says 410': { page: 'unknown', begin: always({ status: 410 }) },
  'it says 500': { page: 'unknown', begin: always({ status: 500 }) },
  'it says 503': { page: 'unknown', begin: always({ status: 503 }) },
  'it says nothing': { page: 'unknown', begin: always({ hang: true }) },
  'it resets': { page: 'unknown', begin: always({ reset: true }) },
  'it breaks off': { page: 'unknown', begin: always({ truncateAt: 20 }) },
  'its page is another project’s': {
    page: 'unknown',
    begin: pages(() => ({
      alter: body => Buffer.from(body.toString().replaceAll('"name":"acme-core"', '"name":"tools"')),
    })),
  },
  'its page is cut JSON': { page: 'unknown', begin: pages(() => ({ bytes: '{"meta":{"api-version":"1.4"},"na' })) },
  'its page is a sign-in': {
    page: 'unknown',
    begin: pages(() => ({
      bytes: '<html><body><form><input type="password"></form></body></html>',
      headers: { 'content-type': 'text/html' },
    })),
  },
  'it answers 304 to whoever has nothing': { page: 'unknown', begin: pages(() => ({ status: 304 })) },
  'it sends people to the public source': {
    page: 'unknown',
    begin: scene => {
      const { pypi, planted } = scene
      const { origin, filesOrigin } = pypi.upstream
      pages(() => ({ status: 302, headers: { location: `${origin}/simple/acme-core/` } }))(scene)
      for (const route of ['file', 'metadata', 'legacy', 'provenance'] as const)
        scene.acme.upstream.fault({
          route,
          do: { status: 307, headers: { location: `${filesOrigin}${planted[0]?.path}` } },
        })
    },
  },
  'its page is the public source’s': { page: 200, begin: pages(({ plantedPage }) => ({ bytes: plantedPage })) },
  // for good: no state comes after it
  'it refuses connections': { page: 'unknown', begin: ({ acme }) => acme.upstream.close() },
}

/** Everything that can be asked about a name, in one spelling of it. */
function pathsOf(spelled: string, { planted: everything, own }: Scene): readonly string[] {
  const planted = everything.filter(({ project }) => project.endsWith('ghost') === /ghost/i.test(spelled))
  const named = (file: Published, name: string): string =>
    file.path.replace(file.filename, file.filename.replace(/^[^-]+/, name))
  const files = [...planted, own.wheel, own.sdist].flatMap(file => {
    const underscored = named(file, spelled.replaceAll('-', '_'))
    // an old name of a source distribution has the project's own spelling
    return file.kind === 'sdist' ? [underscored, named(file, spelled)] : [underscored]
  })
  const [wheel] = planted
  return [
    `/simple/${spelled}/`,
    `/simple/${spelled}`,
    `/simple//${spelled}/`,
    `/pypi/${spelled}/json`,
    `/pypi/${spelled}/9.0/json`,
    `/pypi/${spelled}/1.0/json`,
    `/integrity/${spelled}/9.0/${wheel?.filename}/provenance`,
    ...files,
    ...files.map(path => `${path}.metadata`),
  ]
}

/** GET, and each other way to ask for the same. */
function waysFor({ planted }: Scene): readonly RequestInit[] {
  const [tag] = planted.map(({ sha256 }) => `"sha256-${sha256}"`)
  return [
    { headers: { accept: 'application/vnd.pypi.simple.v1+json' } },
    { method: 'HEAD' },
    { headers: { range: 'bytes=0-10' } },
    { headers: { 'if-none-match': `${tag}` } },
    { headers: { 'if-none-match': '*' } },
    { headers: { range: 'bytes=5-', 'if-range': `${tag}` } },
  ]
}

/** What of an answer is the planted file's; nothing where all is well. */
function plantedIn({ status, headers, body }: Answer, path: string, { planted }: Scene): string | undefined {
  if ([200, 206, 304].includes(status) && planted.some(file => path.startsWith(file.path))) return `${status}`
  for (const { sha256, bytes, metadata, provenance, filename } of planted) {
    if (body.length > 0 && [bytes, metadata, provenance].some(it => it?.equals(body))) return `the bytes of ${filename}`
    if (body.includes(sha256)) return `the sha256 of ${filename}`
    if (headers.get('etag')?.includes(sha256)) return `the tag of ${filename}`
  }
  if (status === 200 && /^\/(?:simple|pypi)\//.test(path) && /acme[-_.]core-9\.0/i.test(body.toString()))
    return 'a file name of the public source'
  return undefined
}

/** Asks for everything, and tells what came of it that should not have. */
async function askAll(url: string, scene: Scene, turn: number): Promise<readonly string[]> {
  const ways = waysFor(scene)
  const wrong: string[] = []
  const asks = [...SPELLINGS, 'acme-ghost', 'acme_ghost', 'Acme.Ghost'].flatMap((spelled, at) =>
    pathsOf(spelled, scene).flatMap((path, number) => [
      { path, init: {} },
      // each path is asked in every way, in one spelling after the other
      { path, init: ways[(at + number + turn) % ways.length] ?? {} },
    ]),
  )
  const left = asks.values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const { path, init } of left) {
        const what = plantedIn(await ask(`${url}${path}`, init), path, scene)
        if (what !== undefined) wrong.push(`${path} ${JSON.stringify(init)}: ${what}`)
      }
    }),
  )
  return wrong
}

/** What the public source has heard but for the list of all its projects, which names nobody. */
function heardOf({ pypi }: Sources): readonly string[] {
  return pypi.upstream.requests.filter(({ route }) => route !== 'root').map(({ method, url }) => `${method} ${url}`)
}

/** The company's index as it was before somebody did something to it. */
function restore({ acme, own }: Scene): void {
  acme.upstream.clearFaults()
  acme.upstream.remove('acme-core')
  acme.upstream.add('acme-core', ...own.files)
}

const shared = await createScene(t)

for (const [turn, [state, { page, begin }]] of Object.entries(STATES).entries())
  t.test(`the company’s index, of which nothing is known yet: ${state}`, async t => {
    const scene = shared
    restore(scene)
    const timeout = state === 'it says nothing' ? { timeout: '100ms' } : {}
    const { url } = await startOver(t, scene, { owns: ['acme-*'], data: `data-${turn}`, ...timeout })
    await begin(scene)
    scene.pypi.upstream.forgetRequests()
    const { status } = await ask(`${url}/simple/acme-core/`)
    t.ok(page === 'unknown' ? status >= 500 : status === page, `${status}`)
    const file = await ask(`${url}${scene.own.wheel.path}`)
    if (state === 'up' || state === 'a lower version is new') t.strictSame(file.body, scene.own.wheel.bytes)
    else t.notOk([200, 206].includes(file.status))
    t.strictSame(await askAll(url, scene, turn), [], 'nothing of the public source is served')
    t.strictSame(heardOf(scene), [], 'and it has not heard of the name')
  })

t.test('whatever becomes of it later, minutes and days after it was up', async t => {
  const scene = await createScene(t)
  const clock = { now: Date.now() }
  const more = { clock: () => instant(clock.now), timeout: '2s' }
  const { url } = await startOver(t, scene, { owns: ['acme-*'], ...more })
  scene.pypi.upstream.forgetRequests()
  // the time is for those that say nothing: the others may need more than one on a busy machine
  await until('it is served', async () => (await ask(`${url}/simple/acme-core/`)).status === 200)
  let turn = 0
  // what cannot be undone comes last
  for (const [at, state] of [
    'it says nothing',
    'it says 503',
    'its page is another project’s',
    'it sends people to the public source',
    'its page is the public source’s',
    'it has lost the project',
    'it refuses connections',
  ].entries()) {
    // while its page may stand in, and when it may no more
    const later = at % 2 === 0 ? 2 / 60 : 12
    await STATES[state]?.begin(scene)
    clock.now += later * HOUR
    turn += 1
    t.strictSame(await askAll(url, scene, turn), [], `${state}, ${later} hours later`)
    t.strictSame(heardOf(scene), [], state)
    scene.acme.upstream.clearFaults()
  }
})

t.test('the list of all projects has an owned name from its owner alone', async t => {
  const scene = await createScene(t)
  const { url } = await startOver(t, scene, { owns: ['acme-*'] })
  const names = async (): Promise<readonly string[]> => {
    const { body } = await ask(`${url}/simple/`, { headers: { accept: 'application/vnd.pypi.simple.v1+json' } })
    return (JSON.parse(body.toString()) as { projects: { name: string }[] }).projects.map(({ name }) => name)
  }
  t.strictSame(await names(), ['acme-core'], 'and acme-ghost, which the public one alone has, is not in it')
})

import t, { type Test } from 'tap'
import { createWorld } from '../world/world.ts'
import { CLIENT_NAMES, clientOf, pdm, pip, uv, type Wanted, writePdmProject, writeUvProject } from './set-up/clients.ts'
import { openGate, readsWhy, replaceGate, requestsTo } from './set-up/gates.ts'
import { EVERYTHING_PASSES } from './set-up/policies.ts'
import { openSite, type Run, type Site } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

const world = await createWorld(t)
const library = await world.release('library', '1.0')
const application = await world.release('application', '1.0', { requires: ['library>=1.0'] })
await world.release('demo', '1.0')
const refused = await world.release('demo', '2.0', { attested: false })
const tools = await prepareAll(CLIENT_NAMES)

/** A lock that holds the URL of every file: who installs from it asks for nothing else. */
interface UrlLock {
  readonly title: string
  readonly tool: 'pip 26.3' | 'uv' | 'pdm'
  lock(tool: Tool, site: Site, wanted: Wanted): Promise<Run>
  install(tool: Tool, site: Site): Promise<Run>
}

const URL_LOCKS: readonly UrlLock[] = [
  {
    title: 'uv sync --frozen',
    tool: 'uv',
    lock(tool, site, wanted) {
      writeUvProject(site, wanted)
      return uv(tool, site, ['lock', '--default-index', `${wanted.gate}/simple/`])
    },
    install: (tool, site) => uv(tool, site, ['sync', '--frozen']),
  },
  {
    title: 'uv pip sync pylock.toml',
    tool: 'uv',
    lock(tool, site, wanted) {
      writeUvProject(site, wanted)
      const index = ['--default-index', `${wanted.gate}/simple/`]
      return uv(tool, site, ['pip', 'compile', ...index, 'pyproject.toml', '--output-file', 'pylock.toml'])
    },
    install: (tool, site) => uv(tool, site, ['pip', 'sync', 'pylock.toml']),
  },
  {
    title: 'pip install -r pylock.toml',
    tool: 'pip 26.3',
    lock: (tool, site, { gate, requirements }) =>
      pip(tool, site, 'lock', ['--index-url', `${gate}/simple/`, '--output', 'pylock.toml', ...requirements]),
    install: (tool, site) => pip(tool, site, 'install', ['-r', 'pylock.toml']),
  },
  {
    title: 'pdm sync with static_urls',
    tool: 'pdm',
    lock(tool, site, wanted) {
      writePdmProject(site, wanted)
      return pdm(tool, site, ['lock', '--strategy', 'static_urls'])
    },
    install: (tool, site) => pdm(tool, site, ['sync']),
  },
]

for (const { title, tool: name, lock, install } of URL_LOCKS) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }

  /** A lock, and a gate at the same address that has never seen a page. */
  async function lockedBefore(t: Test, tool: Tool, requirement: string) {
    const before = await openGate(t, world, { policy: EVERYTHING_PASSES })
    const site = await openSite(t)
    const locked = await lock(tool, site, { gate: before.url, requirements: [requirement] })
    t.equal(locked.code, 0, 'it succeeds', { printed: locked.text })
    site.emptyHome()
    await site.emptyEnvironment()
    return { site, gate: await replaceGate(t, world, before, { policy: world.policyText() }) }
  }

  t.test(title, { skip }, async t => {
    if (tool === undefined) return
    t.test('asks a gate that knows nothing for the files alone, and gets them', async t => {
      const { site, gate } = await lockedBefore(t, tool, 'application==1.0')
      const run = await install(tool, site)
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
      t.strictSame(
        [...new Set(requestsTo(gate).map(({ asked }) => asked))],
        ['file'],
        'nothing but files was asked for',
      )
    })

    t.test('reads why a locked file is refused', async t => {
      const { site, gate } = await lockedBefore(t, tool, 'demo==2.0')
      const run = await install(tool, site)
      readsWhy(t, run, clientOf(tool), gate, 'unattested')
      t.strictSame(site.installed(), [])
      t.notOk(
        requestsTo(gate).some(({ asked }) => asked === 'page'),
        'no page was asked for',
      )
    })
  })
}

for (const name of ['poetry', 'pdm', 'pipenv'] as const) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
  t.test(`${name}, from its own lock`, { skip }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)
    const sync = client.installLocked
    if (sync === undefined) throw new Error(`${name} has no lock`)
    const locked = async (t: Test, requirement: string) => {
      const before = await openGate(t, world, { policy: EVERYTHING_PASSES })
      const site = await openSite(t)
      const wanted = { gate: before.url, requirements: [requirement] }
      const run = await client.install(site, wanted)
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      site.emptyHome()
      await site.emptyEnvironment()
      return { site, wanted, before }
    }

    t.test('installs through a gate that knows nothing', async t => {
      const { site, wanted, before } = await locked(t, 'application==1.0')
      await replaceGate(t, world, before, { policy: world.policyText() })
      const run = await sync(site, wanted)
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
    })

    t.test('reads why a locked file is refused', async t => {
      const { site, wanted, before } = await locked(t, 'demo==2.0')
      const gate = await replaceGate(t, world, before, { policy: world.policyText() })
      const run = await sync(site, wanted)
      readsWhy(t, run, client, gate, 'unattested')
      t.strictSame(site.installed(), [])
    })

    t.test('is stopped without a reason where the gate hides refused files', async t => {
      const { site, wanted, before } = await locked(t, 'demo==2.0')
      await replaceGate(t, world, before, {
        policy: world.policyText(),
        configuration: { index: { mode: 'hide' } },
      })
      const run = await sync(site, wanted)
      t.not(run.code, 0, 'it fails', { printed: run.text })
      t.strictSame(site.installed(), [])
    })
  })
}

const HASHED = [...['pip 19.3', 'pip 22.3', 'pip 23.3', 'pip 26.3'].map(name => name as 'pip 26.3'), 'uv'] as const

for (const name of HASHED) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
  t.test(`${name} --require-hashes`, { skip }, async t => {
    if (tool === undefined) return
    const client = clientOf(tool)
    const hashed = (site: Site, ...files: readonly { project: string; version: string; sha256: string }[]): string =>
      site.write(
        'requirements.txt',
        files.map(({ project, version, sha256 }) => `${project}==${version} --hash=sha256:${sha256}\n`).join(''),
      )

    t.test('installs what is pinned and attested', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const file = hashed(site, application.wheel, library.wheel)
      const run = await client.install(site, { gate: gate.url, requirements: ['--require-hashes', '-r', file] })
      t.equal(run.code, 0, 'it succeeds', { printed: run.text })
      t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
    })

    t.test('reads why a pinned file is refused: a hash is no attestation', async t => {
      const gate = await openGate(t, world)
      const site = await openSite(t)
      const file = hashed(site, refused.wheel)
      const run = await client.install(site, { gate: gate.url, requirements: ['--require-hashes', '-r', file] })
      readsWhy(t, run, client, gate, 'unattested')
      t.strictSame(site.installed(), [])
    })
  })
}

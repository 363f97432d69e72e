import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../world/commands/commands.ts'
import { createWorld } from '../world/world.ts'
import {
  clientOf,
  pdm,
  pip,
  pipenv,
  poetry,
  uv,
  type Wanted,
  writePdmProject,
  writeUvProject,
} from './set-up/clients.ts'
import { openGate, requestsTo } from './set-up/gates.ts'
import { openSite, type Run, type Site } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

const world = await createWorld(t)
await world.release('library', '1.0')
await world.release('application', '1.0', { requires: ['library>=1.0'] })
world.writePolicy()
writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))

interface Rewriting {
  readonly file: string
  readonly tool: 'pip 26.3' | 'uv' | 'poetry' | 'pdm' | 'pipenv'
  lock(tool: Tool, site: Site, wanted: Wanted): Promise<Run>
  /** the client's own word on whether the lock is still that of the project */
  readonly check: ((tool: Tool, site: Site, gate: string) => Promise<Run>) | undefined
  install(tool: Tool, site: Site, gate: string): Promise<Run>
  /** what is asked of the new gate, and of nobody else */
  readonly asks: 'file' | 'page' | undefined
}

const index = (gate: string): readonly string[] => ['--default-index', `${gate}/simple/`]

const LOCKS: readonly Rewriting[] = [
  {
    file: 'uv.lock',
    tool: 'uv',
    lock(tool, site, wanted) {
      writeUvProject(site, wanted)
      return uv(tool, site, ['lock', ...index(wanted.gate)])
    },
    check: (tool, site, gate) => uv(tool, site, ['lock', '--check', ...index(gate)]),
    install: (tool, site, gate) => uv(tool, site, ['sync', '--locked', ...index(gate)]),
    asks: 'file',
  },
  {
    file: 'pylock.toml',
    tool: 'uv',
    lock(tool, site, wanted) {
      writeUvProject(site, wanted)
      return uv(tool, site, ['pip', 'compile', ...index(wanted.gate), 'pyproject.toml', '-o', 'pylock.toml'])
    },
    check: undefined,
    install: (tool, site) => uv(tool, site, ['pip', 'sync', 'pylock.toml']),
    asks: 'file',
  },
  {
    file: 'pylock.toml',
    tool: 'pip 26.3',
    lock: (tool, site, { gate, requirements }) =>
      pip(tool, site, 'lock', ['--index-url', `${gate}/simple/`, '--output', 'pylock.toml', ...requirements]),
    check: undefined,
    install: (tool, site) => pip(tool, site, 'install', ['-r', 'pylock.toml']),
    asks: 'file',
  },
  {
    file: 'requirements.txt',
    tool: 'pip 26.3',
    async lock(tool, site, { gate }) {
      const files = await Promise.all([
        world.release('library', '1.0'),
        world.release('application', '1.0', { requires: ['library>=1.0'] }),
      ])
      const pins = files.map(({ wheel }) => `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}`)
      site.write('requirements.txt', [`--index-url ${gate}/simple/`, ...pins, ''].join('\n'))
      return { code: 0, text: tool.name }
    },
    check: undefined,
    install: (tool, site) => pip(tool, site, 'install', ['-r', 'requirements.txt']),
    asks: 'page',
  },
  {
    file: 'poetry.lock',
    tool: 'poetry',
    lock: (tool, site, wanted) => clientOf(tool).install(site, wanted),
    check: (tool, site) => poetry(tool, site, ['check', '--lock']),
    // the project says where the source is, and the lock only which one
    install: (tool, site) => poetry(tool, site, ['sync']),
    asks: undefined,
  },
  {
    file: 'pdm.lock',
    tool: 'pdm',
    lock(tool, site, wanted) {
      writePdmProject(site, wanted)
      return pdm(tool, site, ['lock', '--strategy', 'static_urls'])
    },
    check: (tool, site) => pdm(tool, site, ['lock', '--check']),
    install: (tool, site) => pdm(tool, site, ['sync']),
    asks: 'file',
  },
  {
    file: 'Pipfile.lock',
    tool: 'pipenv',
    lock: (tool, site, wanted) => clientOf(tool).install(site, wanted),
    check: (tool, site) => pipenv(tool, site, ['verify']),
    install: (tool, site) => pipenv(tool, site, ['sync']),
    asks: 'page',
  },
]

const tools = await prepareAll([...new Set(LOCKS.map(({ tool }) => tool))])

for (const { file, tool: name, lock, check, install, asks } of LOCKS) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
  t.test(`${file} of ${name} moves to another gate`, { skip }, async t => {
    if (tool === undefined) return
    const [before, after] = [await openGate(t, world), await openGate(t, world)]
    const site = await openSite(t)
    const locked = await lock(tool, site, { gate: before.url, requirements: ['application==1.0'] })
    t.equal(locked.code, 0, 'it is locked', { printed: locked.text })
    const path = join(site.project, file)
    const old = readFileSync(path, 'utf8')

    const argv = ['lock', 'rewrite', path, '--to', `${after.url}/simple/`]
    const rewritten = await runCommand(argv, { folder: world.folder })
    t.equal(rewritten.exit, 0, rewritten.err)
    t.equal(readFileSync(path, 'utf8'), old.replaceAll(before.url, after.url), 'nothing but addresses changed')
    t.not(readFileSync(path, 'utf8'), old)
    t.equal((await runCommand(argv, { folder: world.folder })).exit, 0)
    t.equal(readFileSync(path, 'utf8'), old.replaceAll(before.url, after.url), 'once is enough')

    site.emptyHome()
    await site.emptyEnvironment()
    if (check !== undefined) {
      const checked = await check(tool, site, after.url)
      t.equal(checked.code, 0, 'the client takes it for its own', { printed: checked.text })
    }
    const asked = requestsTo(before).length
    const run = await install(tool, site, after.url)
    t.equal(run.code, 0, 'it installs', { printed: run.text })
    t.strictSame(site.installed(), ['application-1.0', 'library-1.0'])
    if (asks === undefined) return
    t.ok(
      requestsTo(after).some(request => request.asked === asks && request.status === 200),
      `${asks}s come from the new gate`,
    )
    t.equal(requestsTo(before).length, asked, 'and nothing from the old one')
  })
}

t.test(
  'what poetry writes after its source moved is what was rewritten, but for the hash',
  { skip: tools.get('poetry')?.skip ?? true },
  async t => {
    const tool = tools.get('poetry')?.tool
    if (tool === undefined) return
    const [before, after] = [await openGate(t, world), await openGate(t, world)]
    const site = await openSite(t)
    await clientOf(tool).install(site, { gate: before.url, requirements: ['application==1.0'] })
    const path = join(site.project, 'poetry.lock')
    await runCommand(['lock', 'rewrite', path, '--to', after.url], { folder: world.folder })
    const rewritten = site.read('poetry.lock')
    site.write('pyproject.toml', site.read('pyproject.toml').replaceAll(before.url, after.url))
    const stale = await poetry(tool, site, ['check', '--lock'])
    t.not(stale.code, 0, 'it wants a lock of its own', { printed: stale.text })
    const locked = await poetry(tool, site, ['lock'])
    t.equal(locked.code, 0, { printed: locked.text })
    const withoutHash = (text: string): string => text.replace(/^content-hash = .*$/m, '')
    t.equal(withoutHash(site.read('poetry.lock')), withoutHash(rewritten))
  },
)

import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { type Ended, runCommand } from '../world/commands/commands.ts'
import { createWorld, type Published, type World } from '../world/world.ts'
import { pdm, pip, pipenv, poetry, uv } from './set-up/clients.ts'
import { openSite, type Run, type Site } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

const WHEEL = { kinds: ['wheel'] } as const

/** An index that is audited, and beside it what nobody there answers for. */
interface Places {
  readonly world: World
  readonly other: World
  /** pages, with the slash that clients want */
  readonly index: string
  readonly otherIndex: string
  readonly direct: string
}

const world = await createWorld(t)
await world.release('library', '1.0', WHEEL)
await world.release('application', '1.0', { ...WHEEL, requires: ['library>=1.0'] })
await world.release('Odd.Name', '2.1.0+cpu', WHEEL)
world.writePolicy()
writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
const other = await createWorld(t)
await other.release('private', '3.0', WHEEL)
const direct = await other.release('direct', '4.0', WHEEL)
const beside = await other.release('beside', '5.0', WHEEL)
const places: Places = {
  world,
  other,
  index: `${world.upstream.origin}/simple/`,
  otherIndex: `${other.upstream.origin}/simple/`,
  direct: `${other.upstream.filesOrigin}${direct.wheel.path}`,
}

const OURS = ['application-1.0', 'library-1.0']

interface Locking {
  readonly file: string
  readonly tool: 'pip 26.3' | 'uv' | 'poetry' | 'pdm' | 'pipenv'
  lock(tool: Tool, site: Site): Promise<Run>
  install(tool: Tool, site: Site): Promise<Run>
  /** files that are judged, as what is installed of them is called */
  readonly judged: readonly string[]
  /** kind and name of what is not */
  readonly apart: readonly string[]
}

/** A wheel that lies in the project. */
function lay(site: Site, { filename, bytes }: Published): string {
  const path = `wheels/${filename}`
  writeFileSync(site.write(path, ''), bytes)
  return path
}

function writeUv(site: Site): void {
  site.write(
    'pyproject.toml',
    `[project]
name = "the-project"
version = "0"
requires-python = ">=3.9"
dependencies = ["application==1.0", "private", "direct", "beside"]

[tool.uv.sources]
private = { index = "internal" }
direct = { url = "${places.direct}" }
beside = { path = "${lay(site, beside.wheel)}" }

[[tool.uv.index]]
name = "internal"
url = "${places.otherIndex}"
explicit = true
`,
  )
}

const lockUv = (tool: Tool, site: Site): Promise<Run> => {
  writeUv(site)
  return uv(tool, site, ['lock', '--default-index', places.index])
}

const LOCKS: readonly Locking[] = [
  {
    file: 'uv.lock',
    tool: 'uv',
    lock: lockUv,
    install: (tool, site) => uv(tool, site, ['sync', '--frozen', '--default-index', places.index]),
    judged: OURS,
    apart: ['other-index private', 'own the-project', 'path beside', 'url direct'],
  },
  {
    file: 'pylock.toml',
    tool: 'uv',
    async lock(tool, site) {
      await lockUv(tool, site)
      return uv(tool, site, ['export', '--frozen', '--default-index', places.index, '-o', 'pylock.toml'])
    },
    install: (tool, site) => uv(tool, site, ['pip', 'sync', 'pylock.toml']),
    judged: OURS,
    apart: ['other-index private', 'url beside', 'url direct'],
  },
  {
    file: 'pylock.toml',
    tool: 'pip 26.3',
    lock: (tool, site) =>
      pip(tool, site, 'lock', [
        '--index-url',
        places.index,
        '--output',
        'pylock.toml',
        'application==1.0',
        `direct @ ${places.direct}`,
        `./${lay(site, beside.wheel)}`,
      ]),
    install: (tool, site) => pip(tool, site, 'install', ['-r', 'pylock.toml']),
    judged: OURS,
    apart: ['url beside', 'url direct'],
  },
  {
    file: 'requirements.txt',
    tool: 'uv',
    lock(tool, site) {
      site.write('in.txt', `application==1.0\ndirect @ ${places.direct}\n./${lay(site, beside.wheel)}\n`)
      const index = ['--default-index', places.index, '--emit-index-url']
      return uv(tool, site, ['pip', 'compile', '--generate-hashes', ...index, 'in.txt', '-o', 'requirements.txt'])
    },
    install: (tool, site) => uv(tool, site, ['pip', 'sync', '--require-hashes', 'requirements.txt']),
    judged: OURS,
    apart: ['path beside', 'url direct'],
  },
  {
    file: 'poetry.lock',
    tool: 'poetry',
    lock(tool, site) {
      site.write(
        'pyproject.toml',
        `[project]
name = "the-project"
version = "0"
requires-python = ">=3.9"

[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
application = "1.0"
private = { version = "*", source = "internal" }
direct = { url = "${places.direct}" }
beside = { path = "${lay(site, beside.wheel)}" }

[[tool.poetry.source]]
name = "ours"
url = "${places.index}"
priority = "primary"

[[tool.poetry.source]]
name = "internal"
url = "${places.otherIndex}"
priority = "explicit"
`,
      )
      return poetry(tool, site, ['lock'])
    },
    install: (tool, site) => poetry(tool, site, ['sync']),
    judged: OURS,
    apart: ['other-index private', 'path beside', 'url direct'],
  },
  {
    file: 'pdm.lock',
    tool: 'pdm',
    lock(tool, site) {
      site.write(
        'pyproject.toml',
        `[project]
name = "the-project"
version = "0"
requires-python = ">=3.9"
dependencies = ["application==1.0", "Odd.Name", "direct @ ${places.direct}", "beside @ file:///${'$'}{PROJECT_ROOT}/${lay(site, beside.wheel)}"]

[tool.pdm]
distribution = false

[[tool.pdm.source]]
name = "pypi"
url = "${places.index}"
verify_ssl = false
`,
      )
      site.write('.pdm-python', site.python)
      return pdm(tool, site, ['lock', '--strategy', 'static_urls'])
    },
    install: (tool, site) => pdm(tool, site, ['sync']),
    judged: ['application-1.0', 'library-1.0', 'odd-name-2.1.0+cpu'],
    apart: ['path beside', 'url direct'],
  },
  {
    file: 'Pipfile.lock',
    tool: 'pipenv',
    lock(tool, site) {
      site.write(
        'Pipfile',
        `[[source]]
name = "ours"
url = "${places.index}"
verify_ssl = false

[[source]]
name = "internal"
url = "${places.otherIndex}"
verify_ssl = false

[packages]
application = "==1.0"
private = { version = "*", index = "internal" }
beside = { path = "${lay(site, beside.wheel)}" }
`,
      )
      return pipenv(tool, site, ['lock'])
    },
    install: (tool, site) => pipenv(tool, site, ['sync']),
    judged: OURS,
    // of a direct URL pipenv asks pypi.org for hashes, whatever its sources are
    apart: ['other-index private', 'path beside'],
  },
]

interface Told {
  readonly files: readonly { readonly filename: string; readonly outcome: string }[]
  readonly skipped: readonly { readonly kind: string; readonly name: string; readonly version: string | null }[]
}

const audit = async (path: string, ...flags: readonly string[]): Promise<Ended & { readonly told: Told }> => {
  const ended = await runCommand(['audit', path, '--format', 'json', ...flags], { folder: world.folder })
  if (ended.out === '') throw new Error(ended.err)
  return { ...ended, told: JSON.parse(ended.out) }
}

/** `Odd.Name-2.1.0+cpu-py3-none-any.whl` as what is installed of it is called. */
function installedAs(filename: string): string {
  const [name = '', version = ''] = filename.split('-')
  return `${name.toLowerCase().replace(/[._]+/g, '-')}-${version}`
}

/** A path to a wheel names no project, but the wheel does. */
function projectOf(named: string): string | undefined {
  return named.endsWith('.whl') ? installedAs(basename(named)).split('-')[0] : named
}

const tools = await prepareAll([...new Set(LOCKS.map(({ tool }) => tool))])

for (const { file, tool: name, lock, install, judged, apart } of LOCKS) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
  t.test(`what is told of ${file}, written by ${name}, is what ${name} installs from it`, { skip }, async t => {
    if (tool === undefined) return
    const site = await openSite(t)
    const locked = await lock(tool, site)
    t.equal(locked.code, 0, 'it is locked', { printed: locked.text })
    world.upstream.forgetRequests()
    const { exit, told } = await audit(join(site.project, file))
    t.equal(exit, 1, 'what nobody judged is no success')
    t.strictSame(told.files.map(({ filename }) => installedAs(filename)).toSorted(), judged)
    t.ok(told.files.every(({ outcome }) => outcome === 'admitted'))
    t.strictSame(told.skipped.map(({ kind, name: named }) => `${kind} ${projectOf(named)}`).toSorted(), apart)
    const leaked = world.upstream.requests.filter(({ url }) => /private|direct|beside/.test(url))
    t.strictSame(leaked, [], 'no name of another place was asked of this index')
    t.equal((await audit(join(site.project, file), '--allow-unjudged')).exit, 0, 'unless it is allowed')

    const run = await install(tool, site)
    t.equal(run.code, 0, 'it installs', { printed: run.text })
    const ofOthers = site.installed().filter(it => !judged.includes(it))
    t.strictSame(
      site.installed().filter(it => judged.includes(it)),
      judged,
      'what is judged is installed',
    )
    const named = told.skipped.filter(({ kind }) => kind !== 'own').map(it => projectOf(it.name))
    t.strictSame(
      ofOthers.map(it => it.split('-')[0]),
      named.toSorted((a = '', b = '') => (a < b ? -1 : 1)),
      'and whatever else is was told',
    )
  })
}

t.test('a wheel that uv locks without a sha256 is judged', { skip: tools.get('uv')?.skip ?? true }, async t => {
  const tool = tools.get('uv')?.tool
  if (tool === undefined) return
  for (const hashes of [{}, { sha512: 'a'.repeat(128) }]) {
    const here = await createWorld(t)
    const { wheel } = await here.release('mix', '1.0', { attested: ['sdist'] })
    here.writePolicy()
    writeFileSync(join(here.folder, 'portcullis.yaml'), stringify(here.configuration()))
    here.upstream.replace('mix', wheel.filename, { entry: { hashes } })
    const site = await openSite(t)
    site.write(
      'pyproject.toml',
      '[project]\nname = "the-project"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["mix"]\n',
    )
    const locked = await uv(tool, site, ['lock', '--default-index', `${here.upstream.origin}/simple/`])
    t.equal(locked.code, 0, 'it is locked', { printed: locked.text })
    t.notMatch(site.read('uv.lock'), wheel.sha256)
    // whoever audits it has an index that says the sha256
    here.upstream.replace('mix', wheel.filename, { entry: {} })
    const ended = await runCommand(['audit', join(site.project, 'uv.lock'), '--format', 'json'], {
      folder: here.folder,
    })
    t.equal(ended.exit, 1, 'nobody attested it')
    t.match(JSON.parse(ended.out).files, [
      { filename: basename(wheel.path), outcome: 'refused', code: 'unattested' },
      { outcome: 'admitted' },
    ])
  }
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../world/commands/commands.ts'
import type { WorldGate } from '../world/gate/gate.ts'
import { createWorld, type World } from '../world/world.ts'
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
import { openGate, replaceGate } from './set-up/gates.ts'
import { EVERYTHING_PASSES } from './set-up/policies.ts'
import { openSite, type Run, type Site } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

const MALLORY = { kind: 'github', repository: 'mallory/library', workflow: 'release.yml' } as const

/** A tool that writes a lock, and installs exactly what it allows. */
interface Locking {
  readonly file: string
  readonly tool: 'pip 26.3' | 'uv' | 'poetry' | 'pdm' | 'pipenv'
  lock(tool: Tool, site: Site, wanted: Wanted): Promise<Run>
  install(tool: Tool, site: Site, wanted: Wanted): Promise<Run>
}

const LOCKS: readonly Locking[] = [
  {
    file: 'uv.lock',
    tool: 'uv',
    lock(tool, site, wanted) {
      writeUvProject(site, wanted)
      return uv(tool, site, ['lock', '--default-index', `${wanted.gate}/simple/`])
    },
    install: (tool, site) => uv(tool, site, ['sync', '--frozen']),
  },
  {
    file: 'requirements.txt',
    tool: 'uv',
    lock(tool, site, wanted) {
      writeUvProject(site, wanted)
      const index = ['--default-index', `${wanted.gate}/simple/`]
      const options = ['--generate-hashes', '--output-file', 'requirements.txt']
      return uv(tool, site, ['pip', 'compile', ...index, ...options, 'pyproject.toml'])
    },
    install: (tool, site, { gate }) =>
      uv(tool, site, ['pip', 'sync', '--require-hashes', '--default-index', `${gate}/simple/`, 'requirements.txt']),
  },
  {
    file: 'pylock.toml',
    tool: 'pip 26.3',
    lock: (tool, site, { gate, requirements }) =>
      pip(tool, site, 'lock', ['--index-url', `${gate}/simple/`, '--output', 'pylock.toml', ...requirements]),
    install: (tool, site) => pip(tool, site, 'install', ['-r', 'pylock.toml']),
  },
  {
    file: 'poetry.lock',
    tool: 'poetry',
    lock: (tool, site, wanted) => clientOf(tool).install(site, wanted),
    install: (tool, site) => poetry(tool, site, ['sync']),
  },
  {
    file: 'pdm.lock',
    tool: 'pdm',
    lock(tool, site, wanted) {
      writePdmProject(site, wanted)
      return pdm(tool, site, ['lock'])
    },
    install: (tool, site) => pdm(tool, site, ['sync']),
  },
  {
    file: 'Pipfile.lock',
    tool: 'pipenv',
    lock: (tool, site, wanted) => clientOf(tool).install(site, wanted),
    install: (tool, site) => pipenv(tool, site, ['sync']),
  },
]

const tools = await prepareAll([...new Set(LOCKS.map(({ tool }) => tool))])

/** What is done to a library behind the back of whoever locked it, by the code that refuses it. */
const TAMPERED: readonly (readonly [code: string, tamper: (world: World, filename: string) => Promise<void>])[] = [
  ['unattested', async (world, filename) => world.upstream.replace('library', filename, { provenance: undefined })],
  [
    'subject-mismatch',
    async (world, filename) => {
      const other = await world.release('library', '1.0.post1', { kinds: ['wheel'] })
      const provenance = (other.wheel.provenance ?? Buffer.alloc(0)).toString()
      world.upstream.remove('library', other.wheel.filename)
      world.upstream.replace('library', filename, { provenance: Buffer.from(provenance) })
    },
  ],
]

for (const { file, tool: name, lock, install } of LOCKS) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }

  t.test(`${file}, written by ${name}`, { skip }, async t => {
    if (tool === undefined) return
    const world = await createWorld(t)
    const library = await world.release('library', '1.0')
    await world.release('application', '1.0', { requires: ['library>=1.0', 'bare'] })
    await world.release('bare', '2.0', { attested: false })
    writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
    const before = await openGate(t, world, { policy: EVERYTHING_PASSES })
    const site = await openSite(t)
    const wanted = { gate: before.url, requirements: ['application==1.0'] }
    const locked = await lock(tool, site, wanted)
    t.equal(locked.code, 0, 'it is locked', { printed: locked.text })

    const written = await runCommand(['policy', 'init', join(site.project, file)], { folder: world.folder })
    t.equal(written.exit, 0, 'a policy is written', { err: written.err })
    t.match(written.out, 'repository: acme/application')
    t.match(written.out, /id: EX-bare-2\.0/)
    t.notMatch(written.out, 'EX-application', 'what is attested is not exempted')

    const fresh = async (t: Test, gate: WorldGate): Promise<WorldGate> => {
      site.emptyHome()
      await site.emptyEnvironment()
      return await replaceGate(t, world, gate, { policy: written.out })
    }
    let gate = await fresh(t, before)
    const run = await install(tool, site, wanted)
    t.equal(run.code, 0, 'the locked install succeeds', { printed: run.text })
    t.strictSame(site.installed(), ['application-1.0', 'bare-2.0', 'library-1.0'])

    for (const [code, tamper] of TAMPERED) {
      await tamper(world, library.wheel.filename)
      gate = await fresh(t, gate)
      const stopped = await install(tool, site, wanted)
      t.not(stopped.code, 0, `it stops: ${code}`, { printed: stopped.text })
      t.ok(
        gate.events.some(event => event.type === 'verdict' && event.code === code),
        `the gate refused with ${code}`,
      )
      t.notOk(site.installed().includes('library-1.0'), 'and nothing of it was installed')
      world.upstream.replace('library', library.wheel.filename, { provenance: library.wheel.provenance })
    }
    const moved = await world.release('library', '1.1', { kinds: ['wheel'], identity: MALLORY })
    t.ok(moved.wheel.provenance)
    world.upstream.replace('library', library.wheel.filename, { provenance: moved.wheel.provenance })
    gate = await fresh(t, gate)
    t.not((await install(tool, site, wanted)).code, 0, 'somebody else’s attestation does not help')
  })
}

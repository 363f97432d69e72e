import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../world/commands/commands.ts'
import { jsonLines } from '../world/commands/desk.ts'
import { requirementsLock } from '../world/commands/locks.ts'
import type { WorldGate } from '../world/gate/gate.ts'
import { createWorld, type World } from '../world/world.ts'
import { clientOf, poetry, uv, writeUvProject } from './set-up/clients.ts'
import { openGate, replaceGate } from './set-up/gates.ts'
import { EVERYTHING_PASSES } from './set-up/policies.ts'
import { openSite, type Run, type Site } from './set-up/site.ts'
import { prepareAll, type Tool } from './set-up/tools.ts'

/** A tool that writes a lock, moves it to what is new, and installs exactly what it allows. */
interface Locking {
  readonly file: string
  readonly name: 'uv' | 'poetry'
  lock(tool: Tool, site: Site, gate: string): Promise<Run>
  bump(tool: Tool, site: Site, gate: string): Promise<Run>
  install(tool: Tool, site: Site): Promise<Run>
}

const REQUIREMENTS = ['application']

const LOCKS: readonly Locking[] = [
  {
    file: 'uv.lock',
    name: 'uv',
    lock(tool, site, gate) {
      writeUvProject(site, { gate, requirements: REQUIREMENTS })
      return uv(tool, site, ['lock', '--default-index', `${gate}/simple/`])
    },
    bump: (tool, site, gate) => uv(tool, site, ['lock', '--upgrade', '--default-index', `${gate}/simple/`]),
    install: (tool, site) => uv(tool, site, ['sync', '--frozen']),
  },
  {
    file: 'poetry.lock',
    name: 'poetry',
    lock: (tool, site, gate) => clientOf(tool).install(site, { gate, requirements: REQUIREMENTS }),
    bump: (tool, site) => poetry(tool, site, ['update', '--lock']),
    install: (tool, site) => poetry(tool, site, ['sync']),
  },
]

const tools = await prepareAll(LOCKS.map(({ name }) => name))

const TWELVE = Array.from({ length: 12 }, (_, index) => `lib-${String(index).padStart(2, '0')}`)
/** These have another signer on Tuesday, one for all. */
const MOVED = TWELVE.slice(0, 4)
/** Nobody signs these. */
const BARE = TWELVE.slice(4)

async function publish(world: World, version: string): Promise<void> {
  for (const project of TWELVE)
    await world.release(project, version, {
      kinds: ['wheel'],
      attested: !BARE.includes(project),
      ...(MOVED.includes(project) && version !== '1.0'
        ? { identity: { kind: 'github', repository: 'successor/lib', workflow: 'release.yml' } as const }
        : {}),
    })
}

for (const { file, name, lock, bump, install } of LOCKS) {
  const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }

  t.test(`from Monday to Tuesday with ${name}`, { skip }, async t => {
    if (tool === undefined) return
    const world = await createWorld(t)
    await publish(world, '1.0')
    await world.release('application', '1.0', { kinds: ['wheel'], requires: TWELVE })
    const { folder } = world
    writeFileSync(join(folder, 'portcullis.yaml'), stringify(world.configuration()))
    const run = (...argv: readonly string[]) => runCommand(argv, { folder })
    const site = await openSite(t)
    const policy = join(folder, 'acme.yaml')
    const fresh = async (t: Test, gate: WorldGate, changes: object): Promise<WorldGate> => {
      site.emptyHome()
      await site.emptyEnvironment()
      return await replaceGate(t, world, gate, changes)
    }

    let gate = await openGate(t, world, { policy: EVERYTHING_PASSES })
    t.equal((await lock(tool, site, gate.url)).code, 0, 'it is locked')
    const locked = join(site.project, file)
    t.equal((await run('policy', 'init', locked, '--out', policy, '--owner', 'platform@acme.example')).exit, 0)
    gate = await fresh(t, gate, { configuration: { policy: [policy] } })
    const monday = await install(tool, site)
    t.equal(monday.code, 0, 'what was observed is installed', { printed: monday.text })

    const edited = readFileSync(policy, 'utf8')
      .replace(/owner: .*/, 'owner: ann@acme.example')
      .replace(/( *)(?=- \{ match: lib-00)/, '$1# asked in SEC-7\n$1')
      .replace(/expires: .*/, `expires: ${new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10)}`)
    writeFileSync(policy, edited)
    await publish(world, '2.0')
    gate = await fresh(t, gate, { policy: EVERYTHING_PASSES })
    t.equal((await bump(tool, site, gate.url)).code, 0, 'twelve packages are bumped')
    t.equal((await run('audit', locked, '--policy', policy)).exit, 1, 'the audit of the lock says so')
    gate = await fresh(t, gate, { configuration: { policy: [policy] } })
    t.not((await install(tool, site)).code, 0, 'and so does the gate')

    const { exit, out } = await run('policy', 'update', locked, '--policy', policy, '--format', 'json')
    t.equal(exit, 0)
    const [told] = jsonLines(out) as never as readonly [Record<string, readonly Record<string, unknown>[]>]
    t.strictSame(
      told['publishers']?.map(({ project, versions, before }) => [project, versions, String(before)]),
      MOVED.map(project => [project, ['2.0'], `github acme/${project}`]),
      'who signs now and did not',
    )
    t.strictSame(
      told['releases']?.map(({ project, version }) => [project, version]),
      BARE.map(project => [project, '2.0']),
      'and what nobody signed: exactly the twelve',
    )
    const after = readFileSync(policy, 'utf8')
    const kept = new Set(after.split('\n'))
    t.strictSame(
      edited.split('\n').filter(line => !kept.has(line) && !/match: lib-0[0-3]/.test(line)),
      [],
      'owner, remark and end of a person survive',
    )
    t.equal((await run('audit', locked, '--policy', policy)).exit, 0)
    t.equal(gate.app.reload(), 'loaded')
    site.emptyHome()
    await site.emptyEnvironment()
    const tuesday = await install(tool, site)
    t.equal(tuesday.code, 0, 'and the gate lets it pass', { printed: tuesday.text })
    t.strictSame(site.installed(), ['application-1.0', ...TWELVE.map(project => `${project}-2.0`)])
    t.match(await run('policy', 'update', locked, '--policy', policy), { exit: 0, out: /nothing changes/ })

    const theirs = await world.release('theirs', '1.0', { kinds: ['wheel'], attested: false })
    const second = join(folder, 'requirements.txt')
    writeFileSync(second, requirementsLock(theirs.files))
    t.equal((await run('policy', 'update', second, '--policy', policy, '--owner', 'bob@acme.example')).exit, 0)
    t.equal((await run('audit', locked, second, '--policy', policy)).exit, 0, 'a second team’s lock merges')
  })
}

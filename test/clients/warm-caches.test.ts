import t, { type Test } from 'tap'
import type { WorldGate } from '../world/gate/gate.ts'
import { createWorld } from '../world/world.ts'
import { type Client, clientOf, uv, writeUvProject } from './set-up/clients.ts'
import { openGate, readsWhy, requestsTo } from './set-up/gates.ts'
import { withoutProject } from './set-up/policies.ts'
import { openSite, type Run, type Site } from './set-up/site.ts'
import { prepareAll } from './set-up/tools.ts'

const world = await createWorld(t)
await world.release('demo', '1.0')
const tools = await prepareAll(['pip 23.3', 'pip 26.3', 'uv', 'poetry', 'pdm', 'pipenv'])

type Outcome = 'refused' | 'installs, asks for the page alone' | 'installs, asks for nothing'

/** What a client with everything in its caches does after a change of mind. */
interface Row {
  readonly title: string
  readonly tool: 'pip 23.3' | 'pip 26.3' | 'uv' | 'poetry' | 'pdm' | 'pipenv'
  first(client: Client, site: Site, gate: string): Promise<Run>
  again(client: Client, site: Site, gate: string): Promise<Run>
  readonly outcome: Readonly<Record<'revalidate' | 'forbid', Outcome>>
}

const wanted = (gate: string) => ({ gate, requirements: ['demo==1.0'] })
const install: Row['first'] = (client, site, gate) => client.install(site, wanted(gate))
const sync: Row['again'] = async (client, site, gate) => {
  if (client.installLocked === undefined) throw new Error(`${client.name} has no lock`)
  return await client.installLocked(site, wanted(gate))
}
const BOTH_REFUSED = { revalidate: 'refused', forbid: 'refused' } as const
const uvTool = tools.get('uv')?.tool

const ROWS: readonly Row[] = [
  { title: 'pip 23.3 install', tool: 'pip 23.3', first: install, again: install, outcome: BOTH_REFUSED },
  { title: 'pip 26.3 install', tool: 'pip 26.3', first: install, again: install, outcome: BOTH_REFUSED },
  { title: 'uv pip install', tool: 'uv', first: install, again: install, outcome: BOTH_REFUSED },
  {
    title: 'uv sync --frozen',
    tool: 'uv',
    first: async (_client, site, gate) => {
      writeUvProject(site, wanted(gate))
      return await runUv(site, ['sync', '--default-index', `${gate}/simple/`])
    },
    again: async (_client, site, gate) => await runUv(site, ['sync', '--frozen', '--default-index', `${gate}/simple/`]),
    outcome: { revalidate: 'installs, asks for nothing', forbid: 'refused' },
  },
  {
    title: 'poetry sync',
    tool: 'poetry',
    first: install,
    again: sync,
    outcome: { revalidate: 'installs, asks for the page alone', forbid: 'installs, asks for the page alone' },
  },
  { title: 'pdm sync', tool: 'pdm', first: install, again: sync, outcome: BOTH_REFUSED },
  { title: 'pipenv sync', tool: 'pipenv', first: install, again: sync, outcome: BOTH_REFUSED },
]

async function runUv(site: Site, args: readonly string[]): Promise<Run> {
  if (uvTool === undefined) throw new Error('uv was not prepared')
  return await uv(uvTool, site, args)
}

/** Installed once, with caches that remember it; now the policy says no. */
async function afterChangeOfMind(t: Test, row: Row, client: Client, configuration: Readonly<Record<string, unknown>>) {
  const gate = await openGate(t, world, { policy: world.policyText(), configuration })
  const site = await openSite(t)
  const before = await row.first(client, site, gate.url)
  t.equal(before.code, 0, 'it succeeds', { printed: before.text })
  t.strictSame(site.installed(), ['demo-1.0'])
  await site.emptyEnvironment()
  world.writePolicy(withoutProject(world, 'demo'))
  t.equal(gate.app.reload(), 'loaded')
  const asked = requestsTo(gate).length
  const run = await row.again(client, site, gate.url)
  return { gate, site, run, asked: requestsTo(gate).slice(asked) }
}

function holds(
  t: Test,
  outcome: Outcome,
  client: Client,
  seen: {
    readonly run: Run
    readonly site: Site
    readonly gate: WorldGate
    readonly asked: ReturnType<typeof requestsTo>
  },
): void {
  const { run, site, gate, asked } = seen
  if (outcome === 'refused') {
    readsWhy(t, run, client, gate, 'rule-denies')
    return void t.strictSame(site.installed(), [])
  }
  t.equal(run.code, 0, 'it succeeds', { printed: run.text })
  t.strictSame(site.installed(), ['demo-1.0'])
  const kinds = [...new Set(asked.map(request => request.asked))]
  t.strictSame(kinds, outcome === 'installs, asks for nothing' ? [] : ['page'])
}

for (const row of ROWS) {
  const { tool, skip } = tools.get(row.tool) ?? { tool: undefined, skip: 'not prepared' }
  for (const clientCache of ['revalidate', 'forbid'] as const)
    t.test(`${row.title} under ${clientCache}: ${row.outcome[clientCache]}`, { skip }, async t => {
      if (tool === undefined) return
      const client = clientOf(tool)
      const seen = await afterChangeOfMind(t, row, client, { files: { client_cache: clientCache } })
      holds(t, row.outcome[clientCache], client, seen)
    })
}

const poetry = tools.get('poetry')
t.test('what poetry has cached is stopped by hiding it', { skip: poetry?.skip ?? true }, async t => {
  const row = ROWS.find(({ tool }) => tool === 'poetry')
  if (poetry?.tool === undefined || row === undefined) return
  const seen = await afterChangeOfMind(t, row, clientOf(poetry.tool), { index: { mode: 'hide' } })
  t.equal(seen.run.code, 1, 'it fails', { printed: seen.run.text })
  t.match(seen.run.text, /Unable to find installation candidates for demo/)
  t.strictSame(seen.site.installed(), [])
})

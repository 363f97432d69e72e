import t, { type Test } from 'tap'
import type { WorldGate } from '../world/gate.ts'
import { createWorld } from '../world/world.ts'
import { CLIENT_NAMES, clientOf } from './clients.ts'
import { openGate, requestsTo } from './gates.ts'
import { openSite, type Run, type Site } from './site.ts'
import { prepareAll, type Tool } from './tools.ts'

const MIB = 1024 * 1024
/** Files above this stream while they are hashed. */
const SPOOL = { files: { spool: '1MiB' } }

const tools = await prepareAll([...CLIENT_NAMES, 'uv 0.12'])

/** One subtest a client, side by side: most of them spend their time waiting for another try. */
function eachClient(t: Test, test: (t: Test, tool: Tool) => Promise<void>): void {
  t.jobs = tools.size
  for (const [name, { tool, skip }] of tools)
    t.test(name, { skip, buffered: true }, async t => {
      if (tool !== undefined) await test(t, tool)
    })
}

async function install(
  t: Test,
  tool: Tool,
  gate: WorldGate,
  requirement: string,
): Promise<Run & { readonly site: Site }> {
  const site = await openSite(t)
  const run = await clientOf(tool).install(site, { gate: gate.url, requirements: [requirement] })
  return { ...run, site }
}

t.test('other bytes than those that were signed are installed by nobody', async t => {
  const world = await createWorld(t)
  await world.release('swapped', '1.0', { tamper: 'transfer' })
  const gate = await openGate(t, world)
  eachClient(t, async (t, tool) => {
    const { code, text, site } = await install(t, tool, gate, 'swapped==1.0')
    t.not(code, 0, 'it fails', { printed: text })
    t.strictSame(site.installed(), [])
    t.comment(text)
  })
  t.test('and the upstream was asked once for all of them', async t => {
    t.equal(world.upstream.count('file'), 1)
  })
})

t.test('a large file streams', async t => {
  const world = await createWorld(t)
  await world.release('large', '1.0', { kinds: ['wheel'], padTo: 4 * MIB })
  eachClient(t, async (t, tool) => {
    const gate = await openGate(t, world, { configuration: SPOOL })
    const { code, text, site } = await install(t, tool, gate, 'large==1.0')
    t.equal(code, 0, 'it succeeds', { printed: text })
    t.strictSame(site.installed(), ['large-1.0'])
  })
})

t.test('a large file with one other byte never arrives whole', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('large', '1.0', { kinds: ['wheel'], padTo: 4 * MIB })
  const bytes = Buffer.from(wheel.bytes)
  bytes.writeUInt8(bytes.readUInt8(2 * MIB) ^ 1, 2 * MIB)
  world.upstream.replace('large', wheel.filename, { bytes })
  eachClient(t, async (t, tool) => {
    const gate = await openGate(t, world, { configuration: SPOOL })
    const { code, text, site } = await install(t, tool, gate, 'large==1.0')
    t.not(code, 0, 'it fails', { printed: text })
    t.strictSame(site.installed(), [])
    t.ok(
      gate.events.some(event => event.type === 'alarm' && event.alarm === 'integrity-mismatch'),
      'an alarm was raised',
    )
    t.comment(text)
  })
})

t.test('what cannot be told is an error, not an installation', async t => {
  const world = await createWorld(t)
  await world.release('unknown', '1.0')
  world.upstream.fault({ route: 'provenance', do: { status: 503 } })
  eachClient(t, async (t, tool) => {
    const gate = await openGate(t, world)
    const { code, text, site } = await install(t, tool, gate, 'unknown==1.0')
    t.not(code, 0, 'it fails', { printed: text })
    t.strictSame(site.installed(), [])
    const asked = requestsTo(gate).filter(request => request.asked === 'file' || request.asked === 'metadata')
    t.ok(asked.length > 0 && asked.every(({ status }) => status >= 500), 'nothing but 5xx at the file door')
    t.comment(text)
  })
})

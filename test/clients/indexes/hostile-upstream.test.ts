import t, { type Test } from 'tap'
import type { WorldGate } from '../../world/gate/gate.ts'
import { createWorld } from '../../world/world.ts'
import { CLIENT_NAMES, clientOf } from '../set-up/clients.ts'
import { openGate, requestsTo } from '../set-up/gates.ts'
import { openSite, type Run, type Site } from '../set-up/site.ts'
import { prepareAll, type Tool, type ToolName } from '../set-up/tools.ts'

const MIB = 1024 * 1024
/** Files above this stream while they are hashed. */
const SPOOL = { files: { spool: '1MiB' } }

/** What each client is seen to print. Some keep the reason from the person, whatever the gate says. */
type Printed = Readonly<Partial<Record<ToolName, RegExp>>>

const tools = await prepareAll([...CLIENT_NAMES, 'uv 0.12'])
// all at once: these clients spend their time waiting for another try
t.jobs = 8

/** One subtest a client, side by side. */
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

/** Holds that nothing was installed, and that the person reads what this client is known to print. */
async function fails(t: Test, tool: Tool, gate: WorldGate, requirement: string, printed: Printed): Promise<void> {
  const { code, text, site } = await install(t, tool, gate, requirement)
  t.not(code, 0, 'it fails', { printed: text })
  t.strictSame(site.installed(), [])
  t.match(text.replace(/\s+/g, ' '), printed[tool.name] ?? /never/, 'it says what it can')
}

t.test('other bytes than those that were signed are installed by nobody', { buffered: true }, async t => {
  const printed: Printed = {
    'pip 19.3': /502 Server Error: Not served: integrity-mismatch/,
    'pip 22.3': /502 Server Error: Not served: integrity-mismatch/,
    'pip 23.3': /502 Server Error: Not served: integrity-mismatch/,
    'pip 26.3': /too many 502 error responses/,
    uv: /Server message: Not served: integrity-mismatch, swapped-1\.0/,
    'uv 0.12': /Server message: Not served: integrity-mismatch,/,
    poetry: /502 Server Error: Not served: integrity-mismatch/,
    pdm: /502/,
    pipenv: /too many 502 error responses/,
  }
  const world = await createWorld(t)
  await world.release('swapped', '1.0', { tamper: 'transfer' })
  const gate = await openGate(t, world)
  eachClient(t, (t, tool) => fails(t, tool, gate, 'swapped==1.0', printed))
  t.test('and the upstream was asked once for all of them', async t => {
    t.equal(world.upstream.count('file'), 1)
  })
})

t.test('a large file streams', { buffered: true }, async t => {
  const world = await createWorld(t)
  await world.release('large', '1.0', { kinds: ['wheel'], padTo: 4 * MIB })
  eachClient(t, async (t, tool) => {
    const gate = await openGate(t, world, { configuration: SPOOL })
    const { code, text, site } = await install(t, tool, gate, 'large==1.0')
    t.equal(code, 0, 'it succeeds', { printed: text })
    t.strictSame(site.installed(), ['large-1.0'])
  })
})

/** A body that was reset, and a 502 at every later try. */
const BROKEN_OFF: Printed = {
  'pip 19.3': /Connection reset by peer/,
  'pip 22.3': /Connection reset by peer/,
  'pip 23.3': /Connection reset by peer/,
  'pip 26.3': /Download failed after 6 attempts because not enough bytes were received/,
  uv: /Server message: Not served: integrity-mismatch, large-1\.0/,
  'uv 0.12': /Server message: Not served: integrity-mismatch,/,
  poetry: /Connection reset by peer|IncompleteRead/,
  pdm: /502/,
  pipenv: /not enough bytes were received/,
}

t.test('a large file with one other byte never arrives whole', { buffered: true }, async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('large', '1.0', { kinds: ['wheel'], padTo: 4 * MIB })
  const bytes = Buffer.from(wheel.bytes)
  bytes.writeUInt8(bytes.readUInt8(2 * MIB) ^ 1, 2 * MIB)
  world.upstream.replace('large', wheel.filename, { bytes })
  eachClient(t, async (t, tool) => {
    const gate = await openGate(t, world, { configuration: SPOOL })
    await fails(t, tool, gate, 'large==1.0', BROKEN_OFF)
    const alarm = gate.events.find(event => event.type === 'alarm' && event.alarm === 'integrity-mismatch')
    t.ok(alarm, 'an alarm was raised')
  })
})

t.test(
  'a wheel with padding behind it, the padding withheld, is taken by nobody for a whole one',
  { buffered: true },
  async t => {
    const world = await createWorld(t)
    const { wheel } = await world.release('large', '1.0', { kinds: ['wheel'], padTo: 2 * MIB })
    const other = Buffer.from(wheel.bytes)
    other.writeUInt8(other.readUInt8(MIB) ^ 1, MIB)
    // of the length that was announced, cut short where the wheel itself ends
    const bytes = Buffer.concat([other, Buffer.alloc(MIB / 16)])
    world.upstream.replace('large', wheel.filename, { bytes, size: bytes.length })
    world.upstream.fault({ route: 'file', do: { truncateAt: wheel.bytes.length } })
    t.jobs = tools.size
    for (const name of ['pip 19.3', 'pip 22.3', 'pip 23.3', 'uv 0.12'] as const) {
      const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
      t.test(name, { skip, buffered: true }, async t => {
        if (tool === undefined) return
        const gate = await openGate(t, world, { configuration: SPOOL })
        const { code, text, site } = await install(t, tool, gate, 'large==1.0')
        t.not(code, 0, 'it fails', { printed: text })
        t.strictSame(site.installed(), [])
        t.comment(text)
      })
    }
  },
)

t.test('a download that breaks off on the way to the gate is taken up again', { buffered: true }, async t => {
  const world = await createWorld(t)
  await world.release('large', '1.0', { kinds: ['wheel'], padTo: 4 * MIB })
  t.jobs = tools.size
  for (const name of ['pip 26.3', 'uv', 'pipenv'] as const) {
    const { tool, skip } = tools.get(name) ?? { tool: undefined, skip: 'not prepared' }
    t.test(name, { skip, buffered: true }, async t => {
      if (tool === undefined) return
      world.upstream.fault({ route: 'file', times: 1, do: { resetAt: 2 * MIB } })
      const gate = await openGate(t, world, { configuration: SPOOL })
      const { code, text, site } = await install(t, tool, gate, 'large==1.0')
      t.equal(code, 0, 'it succeeds', { printed: text })
      t.strictSame(site.installed(), ['large-1.0'])
    })
  }
})

t.test('what cannot be determined is an error, not an installation', { buffered: true }, async t => {
  const printed: Printed = {
    'pip 19.3': /too many 503 error responses/,
    'pip 22.3': /too many 503 error responses/,
    'pip 23.3': /too many 503 error responses/,
    'pip 26.3': /too many 503 error responses/,
    uv: /Server message: Cannot tell: unknown-upstream, the Integrity API answered 503/,
    'uv 0.12': /Server message: Cannot tell: unknown-upstream, the Integrity API answered 503/,
    poetry: /503 Server Error: Cannot tell: unknown-upstream/,
    pdm: /Server error '503 Service Unavailable'/,
    pipenv: /too many 503 error responses/,
  }
  const world = await createWorld(t)
  await world.release('unknown', '1.0')
  world.upstream.fault({ route: 'provenance', do: { status: 503 } })
  eachClient(t, async (t, tool) => {
    const gate = await openGate(t, world)
    await fails(t, tool, gate, 'unknown==1.0', printed)
    const asked = requestsTo(gate).filter(request => request.asked === 'file' || request.asked === 'metadata')
    t.ok(asked.length > 0 && asked.every(({ status }) => status >= 500), 'nothing but 5xx at the file door')
  })
})

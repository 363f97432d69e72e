// guards: src/http/door/connections.ts src/http/exchange/outlet.ts src/http/exchange/answer.ts
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import type { Gate } from '../../src/gate/gate.ts'
import type { PageBody } from '../../src/gate/pages/page-body.ts'
import { neighbourhoodOf } from '../../src/http/exchange/client.ts'
import type { HttpSettings } from '../../src/http/server.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import { until } from '../world/until.ts'
import { createWorld, type Published } from '../world/world.ts'
import { startServer } from './bare-server.ts'
import { createAsk, dial, hear, requestText, SIMPLE_JSON, talk } from './client.ts'

const KIB = 1024
const MIB = 1024 * KIB
const CLOSE = 'Connection: close'

/** Makes a page of so many bytes for every project, another one each time. */
function withLargePages(bytes: number): (gate: Gate) => Gate {
  const page = async (): Promise<PageBody> => ({
    contentType: SIMPLE_JSON,
    identity: Buffer.alloc(bytes, 'x'),
    gzip: undefined,
    zstd: undefined,
    coded: async () => Buffer.alloc(bytes, 'x'),
    sha256: sha256Of('page'),
    etag: { identity: '"1"', gzip: '"2"', zstd: '"3"' },
    serial: undefined,
  })
  return gate => ({ ...gate, page, atHand: { ...gate.atHand, page: () => undefined } })
}

async function scene(t: Test, http: Partial<HttpSettings>, wrap?: (gate: Gate) => Gate) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo: 12 * MIB })
  const server = await startServer(t, world, { http, ...(wrap === undefined ? {} : { wrap }) })
  return { world, server, wheel }
}

async function stall(t: Test, url: string, sent: string): Promise<Socket> {
  const socket = await dial(url)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(sent)
  return socket
}

t.test('sixteen requests on a connection open one file, and the next when that has left', async t => {
  const { server, wheel } = await scene(t, {})
  await server.download(wheel)
  const socket = await stall(t, server.url, requestText(wheel.path).repeat(15) + requestText(wheel.path, CLOSE))
  await until('the first is under way', () => server.blobs.open === 1)
  await sleep(200)
  t.equal(server.blobs.open, 1, 'one and no more')
  t.ok(server.buffers.bytesOut <= 2 * 256 * KIB, `${server.buffers.bytesOut} bytes of buffers`)
  const { bytes } = await hear(socket)
  t.ok(bytes.length > 16 * wheel.bytes.length, 'all of them are answered')
  t.strictSame(server.limits(), [])
})

t.test(
  'a reader that is slower than the least rate is reset, and the log says whom; one that keeps it lives',
  async t => {
    const events: GateEvent[] = []
    const { server, wheel } = await scene(t, {
      limits: { graceMs: 5_000, leastRate: 512 * KIB },
      events: { emit: event => void events.push(event) },
    })
    await server.download(wheel)
    const stalled = await stall(t, server.url, requestText(wheel.path, CLOSE))
    const slow = await dial(server.url)
    slow.write(requestText(wheel.path, CLOSE))
    let taken = 0
    slow.on('data', chunk => {
      taken += chunk.length
      slow.pause()
      setTimeout(() => slow.resume(), 10)
    })
    await until('the one is reset', () => events.some(({ type }) => type === 'limited'))
    t.equal((await hear(stalled)).ended, 'reset')
    await until('the other has it all', () => taken > wheel.bytes.length)
    const limited = events.filter(event => event.type === 'limited')
    t.strictSame(limited, [{ type: 'limited', limit: 'reader-rate', subject: 'anonymous', address: '127.0.0.1' }])
  },
)

t.test('the least rate holds for pages, too', async t => {
  const { server } = await scene(t, { limits: { graceMs: 200, leastRate: 1e9 } }, withLargePages(12 * MIB))
  const stalled = await stall(t, server.url, requestText('/simple/demo/', `Accept: ${SIMPLE_JSON}`, CLOSE))
  await until('it is reset', () => server.limits().length === 1)
  t.equal((await hear(stalled)).ended, 'reset')
  t.strictSame(server.limits(), ['reader-rate'])
})

t.test('bodies that nobody reads give way: who stands still longest is reset, nobody else waits for it', async t => {
  // a reader is one of the process that answers here: when that stands still, he does, too
  const limits = { answerBytes: 40 * MIB, stalledMs: 3_000 }
  const { server } = await scene(t, { limits }, withLargePages(12 * MIB))
  const page = requestText('/simple/demo/', `Accept: ${SIMPLE_JSON}`, CLOSE)
  const stalled: Socket[] = []
  for (let count = 0; count < 3; count += 1) stalled.push(await stall(t, server.url, page))
  await sleep(3_500)
  for (let count = 0; count < 4; count += 1) {
    const { bytes } = await talk(server.url, page)
    t.ok(bytes.length > 12 * MIB, `the reader ${count} has it all`)
  }
  t.strictSame(new Set(server.limits()), new Set(['answer-memory']))
  t.equal((await hear(stalled[0] as Socket)).ended, 'reset', 'the first who stood still')
})

t.test('where nobody stands still, a body for which there is no memory is 503, and short answers go on', async t => {
  const limits = { answerBytes: 40 * MIB, stalledMs: 60_000 }
  const { world, server } = await scene(t, { limits }, withLargePages(12 * MIB))
  const page = requestText('/simple/demo/', `Accept: ${SIMPLE_JSON}`, CLOSE)
  for (let count = 0; count < 3; count += 1) await stall(t, server.url, page)
  const ask = createAsk(t, world, server.url)
  await until('they are all under way', async () => (await ask('/simple/demo/')).status === 503)
  const { status, headers, json } = await ask('/simple/demo/')
  t.equal(status, 503)
  t.match(headers, { 'retry-after': '2' })
  t.match(json(), { code: 'unknown-overloaded' })
  t.equal((await ask('/healthz')).status, 200)
  t.ok(server.limits().every(limit => limit === 'answer-memory'))
})

/** Takes nothing for so long, and then all of it: how it ended, and whether it is the file. */
async function readLate(t: Test, url: string, wheel: Published, ms: number): Promise<string> {
  const socket = await stall(t, url, requestText(wheel.path, CLOSE))
  await sleep(ms)
  const { bytes, ended } = await hear(socket)
  const body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  return `${ended}, ${body.equals(wheel.bytes) ? 'whole' : `${body.length} bytes`}`
}

for (const kind of ['stored', 'arriving'] as const)
  t.test(
    `readers of one address who pause while memory is short all get their ${kind} file: none goes for another`,
    async t => {
      const { server, wheel } = await scene(t, { limits: { answerBytes: MIB, stalledMs: 200 } })
      if (kind === 'stored') await server.download(wheel)
      const ended = await Promise.all(Array.from({ length: 24 }, () => readLate(t, server.url, wheel, 1_500)))
      t.strictSame(new Set(ended), new Set(['closed, whole']))
      t.strictSame(server.limits(), [])
      t.equal(server.buffers.out, 0)
    },
  )

t.test('an address whose readers stand still gives way to one that holds less', async t => {
  const { server, wheel } = await scene(t, { limits: { answerBytes: MIB, stalledMs: 200 } })
  await server.download(wheel)
  for (let count = 0; count < 12; count += 1) {
    const socket = await dial(server.url, '127.0.0.2')
    t.teardown(() => socket.destroy())
    socket.on('error', () => {})
    socket.pause()
    socket.write(requestText(wheel.path, CLOSE))
  }
  await until('they hold all there is', () => server.buffers.bytesOut === MIB)
  t.equal(await readLate(t, server.url, wheel, 0), 'closed, whole')
  t.strictSame(new Set(server.limits()), new Set(['answer-memory']))
  t.ok(server.limits().length < 12, `${server.limits().length} of 12 went`)
})

t.test('one address has so many connections, and others are let in', async t => {
  const events: GateEvent[] = []
  const { server } = await scene(t, {
    limits: { connectionsPerAddress: 3 },
    events: { emit: event => void events.push(event) },
  })
  const held = await Promise.all(Array.from({ length: 3 }, () => dial(server.url)))
  // the reset may come before the connection is there
  const again = () =>
    talk(server.url, requestText('/healthz', CLOSE)).then(
      ({ ended }) => ended,
      () => 'reset',
    )
  t.equal(await again(), 'reset')
  t.strictSame(
    events.filter(event => event.type === 'limited'),
    [{ type: 'limited', limit: 'connections-per-address', subject: undefined, address: '127.0.0.1' }],
  )
  const other = await dial(server.url, '127.0.0.2')
  other.write(requestText('/healthz', CLOSE))
  t.match((await hear(other)).text, /^HTTP\/1\.1 200 /, 'another address')
  for (const socket of held) socket.destroy()
  await until('they are gone', async () => (await again()) === 'closed')
})

t.test('a trusted proxy has as many connections as it needs', async t => {
  const { server } = await scene(t, { limits: { connectionsPerAddress: 1 }, trustProxy: ['127.0.0.0/8'] })
  const held = await Promise.all(Array.from({ length: 5 }, () => dial(server.url)))
  t.match((await talk(server.url, requestText('/healthz', CLOSE))).text, /^HTTP\/1\.1 200 /)
  t.strictSame(server.limits(), [])
  for (const socket of held) socket.destroy()
})

t.test('what is beyond all connections is told of, too', async t => {
  const { server } = await scene(t, { limits: { connections: 2 } })
  const held = await Promise.all(Array.from({ length: 2 }, () => dial(server.url)))
  const more = await dial(server.url)
  t.not((await hear(more)).ended, 'open')
  await until('it is told', () => server.limits().includes('connections'))
  for (const socket of held) socket.destroy()
})

t.test('an IPv6 client is its /64, an IPv4 client its address, however it is written', async t => {
  for (const [address, whose] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ] as const)
    t.equal(neighbourhoodOf(address), whose, address)
})

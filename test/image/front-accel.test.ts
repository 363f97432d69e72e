import { appendFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { startGate, type WorldGate } from '../world/gate/gate.ts'
import { createWorld, type Published, type World } from '../world/world.ts'
import { hasTool } from './machine.ts'
import { type Front, read, startFront } from './start-front.ts'

const skip = hasTool('nginx') ? false : 'nginx missing'
const MIB = 1024 * 1024

interface Scene {
  readonly world: World
  readonly gate: WorldGate
  readonly front: Front
  readonly wheel: Published
  /** where the wheel is stored */
  readonly blob: string
  /** bytes that each answer of the gate had itself, and that it left to the front, since this was asked last */
  told(): readonly (readonly [own: number, front: number])[]
}

/** docker/nginx.conf in front of a whole gate that leaves stored files to it; the wheel is stored. */
async function scene(t: Test, { padTo = 100_000, blobs }: { padTo?: number; blobs?: string } = {}): Promise<Scene> {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo })
  const configuration = { files: { accel: { location: '/_blobs/' } }, trust_proxy: ['127.0.0.1'] }
  const gate = await startGate(t, world, { configuration })
  const folder = join(gate.config.data, 'blobs')
  const front = await startFront(t, Number(new URL(gate.url).port), blobs ?? folder)
  const { sha256 } = wheel
  await fetch(gate.url + wheel.path).then(answer => answer.arrayBuffer())
  let seen = 0
  const scene: Scene = {
    world,
    gate,
    front,
    wheel,
    blob: join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256),
    told() {
      const news = gate.events.slice(seen)
      seen = gate.events.length
      return news.flatMap(event => (event.type === 'request' ? [[event.bytes, event.accel] as const] : []))
    },
  }
  await settled(gate)
  scene.told()
  return scene
}

/** The log has a request's line when its connection let go of it. */
async function settled({ events }: WorldGate): Promise<void> {
  let before = -1
  while (before !== events.length) {
    before = events.length
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

/** What clients see of an admitted file, whoever sends it; returns which fields came twice. */
function assertHead(
  t: Test,
  { statusCode, headers, rawHeaders }: IncomingMessage,
  wheel: Published,
): readonly string[] {
  t.match(headers, {
    etag: `"sha256-${wheel.sha256}"`,
    'cache-control': /^private, no-cache(, private, no-cache)?$/,
    'x-content-type-options': 'nosniff',
    'access-control-allow-origin': '*',
  })
  // nginx leaves it out of a part, which says it by being one
  if (statusCode !== 206) t.equal(headers['accept-ranges'], 'bytes')
  t.equal(headers['last-modified'], undefined)
  t.equal(headers['x-accel-redirect'], undefined)
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map(name => name.toLowerCase())
  return names.filter((name, index) => names.indexOf(name) !== index)
}

t.test('the front sends what the gate has admitted', { skip }, async t => {
  const { front, wheel, told, gate } = await scene(t)
  const { bytes } = wheel
  const size = bytes.length
  const own = { 'if-range': `"sha256-${wheel.sha256}"` }
  const boundless = { range: 'bytes=0-99999999999999999999' }
  for (const [what, headers, status, body, by] of [
    ['the whole', {}, 200, bytes, 'front'],
    ['a part', { range: 'bytes=10-19' }, 206, bytes.subarray(10, 20), 'front'],
    ['all but the first', { range: 'bytes=1-' }, 206, bytes.subarray(1), 'front'],
    ['the last', { range: 'bytes=-5' }, 206, bytes.subarray(size - 5), 'front'],
    ['up to beyond the end', { range: `bytes=5-${size + 9}` }, 206, bytes.subarray(5), 'front'],
    ['a part of what one has', { range: 'bytes=10-19', ...own }, 206, bytes.subarray(10, 20), 'front'],
    ['a part of something else', { range: 'bytes=10-19', 'if-range': '"x"' }, 200, bytes, 'gate'],
    ['a part by date', { range: 'bytes=1-9', 'if-range': new Date().toUTCString() }, 200, bytes, 'gate'],
    ['several parts', { range: 'bytes=0-1,4-5' }, 200, bytes, 'gate'],
    ['an end that no number holds', boundless, 206, bytes, 'gate'],
    ['nothing that is there', { range: `bytes=${size}-` }, 416, Buffer.alloc(0), 'gate'],
    ['what one does not have', { 'if-none-match': '"x"' }, 200, bytes, 'front'],
    ['what is newer', { 'if-modified-since': new Date().toUTCString() }, 200, bytes, 'front'],
    ['what must be something else', { 'if-match': '"x"' }, 200, bytes, 'gate'],
    ['a field of the front', { 'x-accel-redirect': '/etc/passwd' }, 200, bytes, 'front'],
    [
      'a field of the front, and a part',
      { 'x-accel-redirect': 'x', range: 'bytes=0-3' },
      206,
      bytes.subarray(0, 4),
      'front',
    ],
  ] as const) {
    const answer = await front.ask(wheel.path, headers)
    t.equal(answer.statusCode, status, what)
    const found = await read(answer)
    t.ok(found.equals(body), `${what}: ${found.length} bytes`)
    t.strictSame(assertHead(t, answer, wheel), [], 'nothing twice')
    if (status !== 416) t.equal(answer.headers['content-type'], 'application/octet-stream', what)
    if (status !== 416) t.equal(answer.headers['content-length'], `${body.length}`, what)
    const range = answer.headers['content-range']
    t.equal(range !== undefined, status !== 200, `${what}: ${range}`)
    await settled(gate)
    t.strictSame(told(), [by === 'front' ? [0, body.length] : [body.length, 0]], `${what}: by the ${by}`)
  }
  t.equal(front.errors(), '')
})

t.test('what has no body comes from the gate', { skip }, async t => {
  const { front, wheel } = await scene(t)
  const head = await front.ask(wheel.path, {}, 'HEAD')
  t.equal(head.statusCode, 200)
  t.equal(head.headers['content-length'], `${wheel.bytes.length}`)
  t.strictSame(assertHead(t, head, wheel), [])
  const known = await front.ask(wheel.path, { 'if-none-match': `"sha256-${wheel.sha256}"` })
  t.equal(known.statusCode, 304)
  t.strictSame(assertHead(t, known, wheel), [])
  t.equal((await read(known)).length, 0)
  const metadata = await front.ask(`${wheel.path}.metadata`)
  t.ok((await read(metadata)).equals(wheel.metadata))
})

t.test('a file of 50 MB comes whole, and in parts', { skip }, async t => {
  const { front, wheel, told, gate } = await scene(t, { padTo: 50 * MIB })
  t.ok((await read(await front.ask(wheel.path))).equals(wheel.bytes))
  const part = await front.ask(wheel.path, { range: `bytes=${20 * MIB}-` })
  t.ok((await read(part)).equals(wheel.bytes.subarray(20 * MIB)))
  await settled(gate)
  t.strictSame(told(), [
    [0, wheel.bytes.length],
    [0, wheel.bytes.length - 20 * MIB],
  ])
})

t.test('a stored file that is damaged or gone is fetched again before the front hears of it', { skip }, async t => {
  const harms: Readonly<Record<string, (path: string) => void>> = {
    damaged: path => appendFileSync(path, 'x'),
    gone: path => rmSync(path),
  }
  for (const [harm, inflict] of Object.entries(harms)) {
    const { front, wheel, blob, world } = await scene(t)
    t.ok((await read(await front.ask(wheel.path))).equals(wheel.bytes))
    inflict(blob)
    t.ok((await read(await front.ask(wheel.path))).equals(wheel.bytes), harm)
    t.equal(world.upstream.count('file'), 2, `${harm}: fetched again`)
    t.equal(front.errors(), '', `${harm}: nginx saw nothing of it`)
  }
})

t.test('what nginx cannot open is sent by the gate', { skip }, async t => {
  const { front, wheel, told, gate } = await scene(t, { blobs: '/nowhere' })
  for (const [headers, body] of [
    [{}, wheel.bytes],
    [{ range: 'bytes=3-5' }, wheel.bytes.subarray(3, 6)],
  ] as const) {
    const answer = await front.ask(wheel.path, headers)
    t.ok((await read(answer)).equals(body))
    // nginx keeps what the first answer said of caching
    t.strictSame(assertHead(t, answer, wheel), ['cache-control'])
    await settled(gate)
    t.strictSame(told(), [
      [0, body.length],
      [body.length, 0],
    ])
  }
})

t.test('a file that policy refuses since is refused through the front, though it is stored', { skip }, async t => {
  const { front, wheel, world, gate, told } = await scene(t)
  t.ok((await read(await front.ask(wheel.path))).equals(wheel.bytes))
  world.writePolicy(
    'version: 1\nmode: enforce\ndefaults: { unmatched: deny }\nprojects: [{ match: other, attestation: optional }]\n',
  )
  t.equal(gate.app.reload(), 'loaded')
  await settled(gate)
  told()
  for (const headers of [{}, { range: 'bytes=0-3' }, { 'x-accel-redirect': 'x' }]) {
    const answer = await front.ask(wheel.path, headers)
    t.equal(answer.statusCode, 403)
    t.match(answer.statusMessage, /^Refused by policy: no-rule /)
    t.equal(answer.headers['content-type'], 'application/problem+json')
    await read(answer)
  }
  await settled(gate)
  for (const [, front] of told()) t.equal(front, 0)
})

t.test('nobody gets at stored files by the path that nginx knows them by', { skip }, async t => {
  const { front, wheel, blob } = await scene(t)
  const place = blob.slice(-70)
  for (const path of [
    `/_blobs/${place}`,
    `/_blobs/../_blobs/${place}`,
    `/%5fblobs/${place}`,
    '/_blobs/',
    '/_blobs/../portcullis.sqlite',
    `/_blobs/tmp/../${place}`,
  ]) {
    const answer = await front.ask(path)
    t.notOk((await read(answer)).includes(wheel.bytes.subarray(0, 64)), path)
    t.ok([400, 404].includes(answer.statusCode ?? 0), `${path}: ${answer.statusCode}`)
  }
})

t.test('a link in the place of a blob is not followed', { skip }, async t => {
  const blobs = t.testdir()
  const { front, wheel, blob, told, gate } = await scene(t, { blobs })
  const place = join(blobs, blob.slice(-70))
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(blob, place)
  t.ok((await read(await front.ask(wheel.path))).equals(wheel.bytes))
  await settled(gate)
  t.strictSame(
    told(),
    [
      [0, wheel.bytes.length],
      [wheel.bytes.length, 0],
    ],
    'the gate sent it after all',
  )
  t.match(front.errors(), /Too many levels of symbolic links/)
})

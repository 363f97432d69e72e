import { createHash } from 'node:crypto'
import { appendFileSync, chmodSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { locateInFront } from '../../../src/http/packages/accel.ts'
import type { OpenBlob } from '../../../src/ports/blobs.ts'
import { type GateChanges, startGate, type WorldGate } from '../../world/gate/gate.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'
import { type Answered, type Ask, createAsk, dial, hear, PIP_ACCEPT, requestText } from '../client.ts'

const MIB = 1024 * 1024
const FIELD = 'x-accel-redirect'
const ACCEL = { files: { accel: { location: '/_blobs/' } }, trust_proxy: ['127.0.0.1'] }

interface Scene {
  readonly world: World
  readonly gate: WorldGate
  /** as the front does */
  readonly ask: Ask
  readonly wheel: Published
}

/** A gate with one attested wheel behind it, which is stored already unless its size is said. */
async function scene(t: Test, changes: GateChanges = {}, padTo = 100_000): Promise<Scene> {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo })
  await world.release('demo', '2.0', { attested: false, kinds: ['wheel'] })
  const gate = await startGate(t, world, { ...changes, configuration: { ...ACCEL, ...changes.configuration } })
  return { world, gate, wheel, ask: createAsk(t, world, gate.url) }
}

function placeOf({ sha256 }: Published): string {
  return `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
}

function blobOf({ gate, wheel }: Pick<Scene, 'gate' | 'wheel'>): string {
  return join(gate.config.data, 'blobs', placeOf(wheel))
}

function isInFront(t: Test, answered: Answered, wheel: Published, message = 'left to the front'): void {
  t.equal(answered.status, 200, message)
  t.equal(answered.headers[FIELD], `/_blobs/${placeOf(wheel)}`, message)
  t.equal(answered.headers['content-length'], '0', message)
}

function isOurs(t: Test, answered: Answered, body: Buffer, message = 'sent by the gate'): void {
  t.equal(answered.headers[FIELD], undefined, message)
  t.ok(answered.raw.equals(body), message)
}

/** From an address that is no front's. */
async function askDirectly(url: string, path: string, ...fields: readonly string[]): Promise<string> {
  const socket = await dial(url, '127.0.0.2')
  socket.write(requestText(path, 'Connection: close', ...fields))
  return (await hear(socket)).text
}

t.test('an admitted file is left to the front with all that the gate says of it, and no body', async t => {
  const { gate, ask, wheel } = await scene(t)
  for (const message of ['when it comes in', 'once it is stored', 'once it is known']) {
    const answered = await ask(wheel.path)
    isInFront(t, answered, wheel, message)
    t.match(answered.headers, {
      etag: `"sha256-${wheel.sha256}"`,
      'content-type': 'application/octet-stream',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    })
    t.ok(readFileSync(blobOf({ gate, wheel })).equals(wheel.bytes), 'what lies there is the file')
    t.equal(statSync(blobOf({ gate, wheel })).mode & 0o777, 0o640, 'and the group may read it')
  }
  const verdicts = gate.events.filter(event => event.type === 'verdict')
  t.match(verdicts, [{ outcome: 'admitted' }, { outcome: 'admitted' }, { outcome: 'admitted' }], 'a verdict each time')
  await until('all are logged', () => gate.events.filter(({ type }) => type === 'request').length === 3)
  for (const event of gate.events)
    if (event.type === 'request') t.match(event, { route: 'file', bytes: 0, accel: wheel.bytes.length })
  t.match(
    (await ask('/metrics')).text,
    `portcullis_accel_bytes_total{route="file",index="main"} ${3 * wheel.bytes.length}`,
  )
})

t.test('what is no body of an admitted file is never left to the front', async t => {
  const { ask, wheel, world } = await scene(t)
  await ask(wheel.path)
  const head = await ask(wheel.path, { method: 'HEAD' })
  isOurs(t, head, Buffer.alloc(0), 'HEAD')
  t.equal(head.headers['content-length'], `${wheel.bytes.length}`)
  const known = await ask(wheel.path, { headers: { 'if-none-match': `"sha256-${wheel.sha256}"` } })
  t.equal(known.status, 304)
  isOurs(t, known, Buffer.alloc(0), '304')
  isOurs(t, await ask(`${wheel.path}.metadata`), wheel.metadata, '.metadata')
  isOurs(t, await ask(`${wheel.path}.metadata`), wheel.metadata, '.metadata that is known')
  const page = await ask('/simple/demo/', { headers: { accept: PIP_ACCEPT } })
  t.equal(page.headers[FIELD], undefined)
  const refused = await ask(world.upstream.pathOf('demo', 'demo-2.0-py3-none-any.whl'))
  t.equal(refused.status, 403)
  t.equal(refused.headers[FIELD], undefined)
  t.match(refused.text, /unattested/)
})

t.test('a range is left to the front where it can only mean one thing, and answered by the gate otherwise', async t => {
  const { gate, ask, wheel } = await scene(t)
  const { bytes } = wheel
  const size = bytes.length
  await ask(wheel.path)
  const own = { 'if-range': `"sha256-${wheel.sha256}"` }
  const before = gate.events.length
  const parts = [
    ['bytes=0-9', 10],
    ['bytes=10-', size - 10],
    ['bytes=-7', 7],
    [`bytes=5-${size + 5}`, size - 5],
  ] as const
  for (const [range] of parts)
    for (const more of [{}, own]) isInFront(t, await ask(wheel.path, { headers: { range, ...more } }), wheel, range)
  await until('all are logged', () => told().length === 2 * parts.length)
  t.strictSame(
    told(),
    parts.flatMap(([, length]) => [length, length]),
  )
  function told(): readonly number[] {
    return gate.events.slice(before).flatMap(event => (event.type === 'request' ? [event.accel] : []))
  }
  const whole = { status: 200, body: bytes }
  for (const [headers, { status, body }] of [
    [{ range: 'bytes=0-1,4-5' }, whole],
    [{ range: 'bytes=9-3' }, whole],
    [{ range: 'lines=1-2' }, whole],
    [{ range: 'bytes=0-9', 'if-range': '"another"' }, whole],
    [{ range: 'bytes=0-9', 'if-range': 'Sat, 28 Nov 2026 00:00:00 GMT' }, whole],
    [{ range: `bytes=${size}-` }, { status: 416, body: Buffer.alloc(0) }],
    [{ range: 'bytes=0-99999999999999999999' }, { status: 206, body: bytes }],
    [{ range: 'bytes=\t0-9' }, { status: 206, body: bytes.subarray(0, 10) }],
    [{ 'if-match': '"another"' }, whole],
    [{ 'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }, whole],
  ] as const) {
    const answered = await ask(wheel.path, { headers })
    t.equal(answered.status, status, JSON.stringify(headers))
    isOurs(t, answered, body, JSON.stringify(headers))
  }
})

t.test('whoever is no front gets bytes, whatever he says of himself', async t => {
  const { gate, ask, wheel } = await scene(t)
  await ask(wheel.path)
  for (const fields of [
    [],
    ['X-Forwarded-For: 127.0.0.1'],
    ['X-Accel-Redirect: /_blobs/'],
    ['X-Forwarded-Proto: https'],
  ]) {
    const text = await askDirectly(gate.url, wheel.path, ...fields)
    t.ok(text.endsWith(wheel.bytes.toString('latin1')), 'the whole file')
    t.notMatch(text.slice(0, 2_000), /x-accel/i)
  }
})

t.test('a front that says the field itself could not read the file, and gets bytes', async t => {
  const { ask, wheel } = await scene(t)
  isInFront(t, await ask(wheel.path), wheel)
  for (const said of ['unreadable', '', '/_blobs/../../etc/passwd'])
    isOurs(t, await ask(wheel.path, { headers: { [FIELD]: said } }), wheel.bytes)
  isInFront(t, await ask(wheel.path), wheel)
})

t.test('nothing of the upstream’s answer stands in ours', async t => {
  const { ask, wheel, world } = await scene(t)
  world.upstream.fault({ route: 'page', do: { headers: { [FIELD]: '/etc/passwd' } } })
  world.upstream.fault({ route: 'file', do: { headers: { [FIELD]: '/etc/passwd' } } })
  world.upstream.fault({ route: 'root', do: { headers: { [FIELD]: '/etc/passwd' } } })
  isInFront(t, await ask(wheel.path), wheel)
  t.equal((await ask('/simple/demo/')).headers[FIELD], undefined)
  t.equal((await ask('/simple/')).headers[FIELD], undefined)
})

t.test('a stored file that was changed is fetched again before the front hears of it', async t => {
  const harms: Readonly<Record<string, (path: string) => void>> = {
    'a byte more': path => appendFileSync(path, 'x'),
    'a byte less': path => truncateSync(path, statSync(path).size - 1),
    'other bytes of the same length': path => writeFileSync(path, Buffer.alloc(statSync(path).size, 'x')),
    gone: path => rmSync(path),
  }
  for (const padTo of [100_000, 2 * MIB]) {
    const { gate, ask, wheel, world } = await scene(t, {}, padTo)
    for (const [harm, inflict] of Object.entries(harms)) {
      const message = `${harm}, ${padTo} bytes`
      for (let count = 0; count < 3; count += 1) isInFront(t, await ask(wheel.path), wheel)
      const fetched = world.upstream.count('file')
      inflict(blobOf({ gate, wheel }))
      isInFront(t, await ask(wheel.path), wheel, message)
      t.equal(world.upstream.count('file'), fetched + 1, message)
      t.ok(readFileSync(blobOf({ gate, wheel })).equals(wheel.bytes), message)
    }
  }
})

t.test('a stored file that is changed while its bytes are in memory is not left to the front', async t => {
  const { gate, ask, wheel, world } = await scene(t)
  await ask(wheel.path)
  // read by the gate itself, which takes it into memory, where it is looked at once a second alone
  for (let count = 0; count < 5; count += 1) await askDirectly(gate.url, wheel.path)
  writeFileSync(blobOf({ gate, wheel }), Buffer.alloc(wheel.bytes.length, 'x'))
  const answered = await ask(wheel.path)
  // where this machine took longer than that second, it was looked at, and fetched again
  if (answered.headers[FIELD] === undefined) isOurs(t, answered, wheel.bytes, 'the right ones, from memory')
  isInFront(t, await ask(wheel.path), wheel)
  t.ok(readFileSync(blobOf({ gate, wheel })).equals(wheel.bytes), 'what is left to the front is sound')
  t.equal(world.upstream.count('file'), 2)
})

t.test('a stored file that policy refuses since is 403, to the front as to everybody', async t => {
  const { gate, ask, wheel, world } = await scene(t)
  isInFront(t, await ask(wheel.path), wheel)
  world.writePolicy(
    'version: 1\nmode: enforce\ndefaults: { unmatched: deny }\nprojects: [{ match: other, attestation: optional }]\n',
  )
  t.equal(gate.app.reload(), 'loaded')
  const refused = await ask(wheel.path)
  t.equal(refused.status, 403)
  t.equal(refused.headers[FIELD], undefined)
  const part = await ask(wheel.path, { headers: { range: 'bytes=0-9' } })
  t.equal(part.status, 403)
  t.equal(part.headers[FIELD], undefined)
})

t.test('a file above the spool is sent by the gate while it comes in, and left to the front from then on', async t => {
  const { ask, wheel } = await scene(t, { configuration: { files: { ...ACCEL.files, spool: '1MiB' } } }, 3 * MIB)
  isOurs(t, await ask(wheel.path), wheel.bytes, 'while it comes in')
  isInFront(t, await ask(wheel.path), wheel, 'once it is stored')
})

t.test('files from before are readable for the front as soon as they are asked for', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const without = await startGate(t, world)
  isOurs(t, await createAsk(t, world, without.url)(wheel.path), wheel.bytes)
  await without.stop()
  const gate = await startGate(t, world, { configuration: ACCEL })
  const path = blobOf({ gate, wheel })
  t.equal(statSync(path).mode & 0o777, 0o600)
  const ask = createAsk(t, world, gate.url)
  isInFront(t, await ask(wheel.path), wheel)
  t.equal(statSync(path).mode & 0o777, 0o640)
  t.equal(world.upstream.count('file'), 1, 'nothing was fetched for it')
  chmodSync(path, 0o600)
  isInFront(t, await ask(wheel.path), wheel, 'and after somebody took it back')
  t.equal(statSync(path).mode & 0o777, 0o640)
})

t.test('the blob is looked at last, and only for a front', async t => {
  const looked: string[] = []
  const blob: OpenBlob = {
    sha256: createHash('sha256').digest('hex') as OpenBlob['sha256'],
    size: 3,
    bytes: undefined,
    read: async () => 0,
    place() {
      looked.push('looked')
      return 'aa/bb/aabb'
    },
    close() {},
  }
  const settings = { accel: { header: 'X-Accel-Redirect', location: '/_blobs/' } } as never
  const asked = (headers: object) => ({ request: { headers, socket: {} } }) as never
  const whole = { blob, wanted: { kind: 'whole' } } as const
  const front = { settings, isFromFront: () => true }
  t.equal(locateInFront({ settings, isFromFront: () => false }, asked({}), whole), undefined)
  t.equal(locateInFront(front, asked({ 'if-match': '*' }), whole), undefined)
  t.equal(locateInFront({ settings: {} as never, isFromFront: () => true }, asked({}), whole), undefined)
  t.strictSame(looked, [])
  t.strictSame(locateInFront(front, asked({}), whole), { header: 'X-Accel-Redirect', location: '/_blobs/aa/bb/aabb' })
  t.equal(locateInFront(front, asked({}), { ...whole, blob: { ...blob, place: () => undefined } }), undefined)
})

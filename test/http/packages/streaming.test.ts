// guards: src/http/packages/files.ts src/http/packages/send-file.ts
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { startGate } from '../../world/gate/gate.ts'
import type { FaultAction } from '../../world/index/upstream-faults.ts'
import { until } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'
import { startServer } from '../bare-server.ts'
import { createAsk, dial, type Heard, requestText, talk } from '../client.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** Above it a file streams while it is hashed. */
const SPOOL = 64 * KIB

/** A gate, and a file for each way of being wrong. */
async function sceneOfWrong(t: Test, configuration: Readonly<Record<string, unknown>>) {
  const world = await createWorld(t)
  const wrong = []
  for (const [index, [what, fault]] of Object.entries(WRONG).entries()) {
    const { wheel } = await world.release('demo', `1.${index}`, { kinds: ['wheel'], padTo: 400 * KIB })
    wrong.push({ what, fault, wheel })
  }
  const gate = await startGate(t, world, { configuration })
  return { world, gate, wrong, ask: createAsk(t, world, gate.url) }
}

async function scene(t: Test, padTo: number, configuration: Readonly<Record<string, unknown>> = {}) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo })
  const gate = await startGate(t, world, { configuration: { files: { spool: SPOOL }, ...configuration } })
  return { world, gate, wheel, ask: createAsk(t, world, gate.url) }
}

const CLOSE = 'Connection: close'

function bodyOf({ bytes }: Heard): Buffer {
  return bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The same length, one bit of the last byte another. */
function flipLast(body: Buffer): Buffer {
  const bent = Buffer.from(body)
  bent.writeUInt8(bent.readUInt8(bent.length - 1) ^ 1, bent.length - 1)
  return bent
}

function flipFirst(body: Buffer): Buffer {
  const bent = Buffer.from(body)
  bent.writeUInt8(bent.readUInt8(0) ^ 1, 0)
  return bent
}

const WRONG: Readonly<Record<string, FaultAction>> = {
  'the last bit is wrong': { alter: flipLast },
  'the first bit is wrong': { alter: flipFirst },
  'a byte is missing': { alter: body => body.subarray(0, -1) },
  'a byte is too many': { alter: body => Buffer.concat([body, Buffer.from([0])]) },
  'the length is not told and a byte is missing': {
    alter: body => body.subarray(0, -1),
    headers: { 'content-length': undefined },
  },
  'the length is not told and there is no end': {
    alter: body => Buffer.concat([body, Buffer.alloc(300 * KIB)]),
    headers: { 'content-length': undefined },
  },
  'it stops early and looks complete': { truncateAt: 300 * KIB },
  'it is reset': { resetAt: 300 * KIB },
}

t.test('a file that is small enough to be looked at whole is an error with a status, never a byte', async t => {
  const { world, wrong, ask } = await sceneOfWrong(t, { files: { spool: MIB } })
  for (const { what, fault, wheel } of wrong) {
    world.upstream.fault({ route: 'file', do: fault })
    const failed = await ask(wheel.path)
    t.match(String(failed.status), /^50[234]$/, what)
    t.match(failed.headers, { 'content-type': 'application/problem+json', 'retry-after': /^\d+$/ })
    world.upstream.clearFaults()
  }
})

t.test('a file that streams and turns out wrong is reset before its end, and nothing of it is kept', async t => {
  const { world, gate, wrong, ask } = await sceneOfWrong(t, { files: { spool: SPOOL } })
  world.upstream.limit(2 * MIB)
  for (const { what, fault, wheel } of wrong) {
    world.upstream.fault({ route: 'file', do: fault })
    const heard = await talk(gate.url, requestText(wheel.path, CLOSE))
    const streamed = heard.text.startsWith('HTTP/1.1 200 ')
    // a length that is wrong is known before the first byte
    if (!streamed) t.match(heard.text, /^HTTP\/1\.1 50[23] /, what)
    else t.equal(heard.ended, 'reset', what)
    if (streamed) t.ok(bodyOf(heard).length <= wheel.bytes.length - 64 * KIB, `${what}: the tail stayed here`)
    // what stops early may be over before anybody read along
    if (fault.resetAt === undefined && fault.truncateAt === undefined)
      t.equal(streamed, !/is missing$|too many/.test(what) || /not told/.test(what), `${what}: how far it came`)
    await ask(wheel.path).then(
      again => t.match(String(again.status), /^50[234]$/),
      error => t.match(error, { code: 'ECONNRESET' }),
    )
    world.upstream.clearFaults()
    t.equal(
      gate.events.filter(event => event.type === 'blob' && event.action === 'stored' && event.bytes > MIB / 4).length,
      0,
    )
  }
})

t.test('nothing is called admitted of which a wrong byte is found', async t => {
  for (const spool of [SPOOL, MIB]) {
    const { world, gate, wrong } = await sceneOfWrong(t, { files: { spool } })
    const admitted = () => gate.events.filter(event => event.type === 'verdict' && event.outcome === 'admitted').length
    for (const { what, fault, wheel } of wrong) {
      world.upstream.fault({ route: 'file', do: fault })
      await talk(gate.url, requestText(wheel.path, CLOSE))
      t.equal(admitted(), 0, `${what}, ${spool}`)
      world.upstream.clearFaults()
    }
  }
})

t.test('what left is called admitted, once for each request, whether it came in or was there', async t => {
  for (const spool of [SPOOL, MIB]) {
    const { gate, ask, wheel } = await scene(t, 400 * KIB, { files: { spool } })
    const admitted = () => gate.events.filter(event => event.type === 'verdict' && event.outcome === 'admitted').length
    let times = 0
    for (const [how, path, method] of [
      ['as it comes in', wheel.path, 'GET'],
      ['stored', wheel.path, 'GET'],
      ['a HEAD', wheel.path, 'HEAD'],
      ['its metadata', `${wheel.path}.metadata`, 'GET'],
    ] as const) {
      t.equal((await ask(path, { method })).status, 200, how)
      times += 1
      t.equal(admitted(), times, how)
    }
  }
})

t.test('what is known to be wrong is refused at once, and what only failed is asked for again', async t => {
  const { world, gate, wheel, ask } = await scene(t, 400 * KIB)
  world.upstream.fault({ route: 'file', times: 1, do: { resetAt: 200 * KIB } })
  t.notMatch((await talk(gate.url, requestText(wheel.path, CLOSE))).text, 'integrity-mismatch')
  world.upstream.fault({ route: 'file', do: { alter: flipLast } })
  t.equal((await talk(gate.url, requestText(wheel.path, CLOSE))).ended, 'reset')
  const asked = world.upstream.count('file')
  for (const [method, headers] of [
    ['GET', {}],
    ['HEAD', {}],
    ['GET', { range: 'bytes=0-9' }],
  ] as const) {
    const failed = await ask(wheel.path, { method, headers })
    t.equal(failed.status, 502)
    if (method === 'GET') t.equal(failed.json().code, 'integrity-mismatch')
  }
  t.equal(world.upstream.count('file'), asked)
})

t.test('a good file streams whole, and is then served from the store', async t => {
  const { world, wheel, ask } = await scene(t, 900 * KIB)
  for (const [method, headers, status] of [
    ['HEAD', {}, 200],
    ['GET', {}, 200],
    ['GET', { range: 'bytes=-100' }, 206],
    ['GET', {}, 200],
  ] as const) {
    const answered = await ask(wheel.path, { method, headers })
    t.equal(answered.status, status)
    const expected = status === 206 ? wheel.bytes.subarray(-100) : method === 'HEAD' ? Buffer.alloc(0) : wheel.bytes
    t.ok(answered.raw.equals(expected))
    t.equal(answered.headers['etag'], `"sha256-${wheel.sha256}"`)
  }
  t.equal(world.upstream.count('file'), 1)
})

t.test('what the policy refuses by the time it could leave does not, however it was judged before', async t => {
  for (const [size, suffix, route] of [
    [SPOOL / 2, '', 'file'],
    [MIB, '', 'file'],
    [SPOOL / 2, '.metadata', 'metadata'],
  ] as const) {
    const { world, gate, wheel, ask } = await scene(t, size)
    world.upstream.fault({
      route,
      do: {
        // while the upstream is still answering
        alter(body) {
          world.writePolicy(`${world.policyText()}    deny: withdrawn\n`)
          gate.app.reload()
          return body
        },
      },
    })
    const answer = await ask(`${wheel.path}${suffix}`)
    t.equal(answer.status, 403, `${route} of ${size}`)
    t.match(answer.json(), { code: 'rule-denies' })
    const told = gate.events.flatMap(event => (event.type === 'verdict' ? [event.outcome] : []))
    t.strictSame(told, ['refused'], 'what was thought before and came to nothing is told by nobody')
  }
})

t.test('many clients of one cold file share one download and one verification, and all read along', async t => {
  const { world, wheel, ask } = await scene(t, 2 * MIB)
  world.upstream.limit(8 * MIB)
  const bodies = await Promise.all(Array.from({ length: 40 }, async () => (await ask(wheel.path)).raw))
  for (const body of bodies) t.equal(digest(body), wheel.sha256)
  t.equal(world.upstream.count('file'), 1)
  t.equal(world.upstream.count('provenance'), 1)
  t.equal(world.upstream.count('page'), 1)
})

t.test('when a streaming file is wrong, everybody who reads along is reset', async t => {
  const { world, gate, wheel } = await scene(t, MIB)
  world.upstream.limit(4 * MIB)
  world.upstream.fault({ route: 'file', do: { alter: flipLast } })
  const heard = await Promise.all(Array.from({ length: 20 }, () => talk(gate.url, requestText(wheel.path, CLOSE))))
  for (const each of heard)
    if (each.text.startsWith('HTTP/1.1 200')) t.equal(each.ended, 'reset')
    else t.match(each.text, /^(HTTP\/1\.1 502 |$)/)
  t.equal(world.upstream.count('file'), 1)
})

t.test('a client that leaves does not stop the download; the next one finds the file stored', async t => {
  const { world, gate, wheel, ask } = await scene(t, 2 * MIB)
  world.upstream.limit(4 * MIB)
  const socket = await dial(gate.url)
  socket.write(requestText(wheel.path))
  await new Promise(resolve => socket.once('data', resolve))
  socket.destroy()
  await until('the file is stored', () =>
    gate.events.some(event => event.type === 'blob' && event.action === 'stored' && event.bytes === wheel.bytes.length),
  )
  t.ok((await ask(wheel.path)).raw.equals(wheel.bytes))
  t.equal(world.upstream.count('file'), 1)
  await until('the one who left is logged', () => gate.events.filter(({ type }) => type === 'request').length === 2)
})

t.test('a Range on a file that is on its way waits for it, but not for ever', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'], padTo: MIB })
  const patient = await startServer(t, world, { settings: { spool: SPOOL } })
  world.upstream.limit(4 * MIB)
  const part = await createAsk(t, world, patient.url)(wheel.path, { headers: { range: 'bytes=-10000' } })
  t.equal(part.status, 206)
  t.ok(part.raw.equals(wheel.bytes.subarray(-10_000)))

  const hasty = await startServer(t, world, { settings: { spool: SPOOL }, http: { limits: { joinMs: 1 } } })
  const whole = await createAsk(t, world, hasty.url)(wheel.path, { headers: { range: 'bytes=-10000' } })
  t.equal(whole.status, 200)
  t.ok(whole.raw.equals(wheel.bytes))
  const later = await createAsk(t, world, hasty.url)(wheel.path, { headers: { range: 'bytes=5-9' } })
  t.equal(later.status, 206)
})

t.test('an upstream that cannot answer for the file is unknown, and the file is asked for again', async t => {
  const { world, wheel, ask } = await scene(t, 400 * KIB)
  for (const status of [403, 404, 429, 500, 503]) {
    world.upstream.fault({ route: 'file', do: { status } })
    const failed = await ask(wheel.path)
    t.match(String(failed.status), /^50[234]$/, String(status))
    t.match(failed.headers['retry-after'], /^\d+$/)
    world.upstream.clearFaults()
  }
  t.equal((await ask(wheel.path)).status, 200)
})

t.test('a .metadata file that is not the announced one is 502, and is not in the wheel either', async t => {
  const { world, wheel, ask } = await scene(t, 4 * KIB)
  world.upstream.fault({ route: 'metadata', do: { alter: flipLast } })
  const failed = await ask(`${wheel.path}.metadata`)
  t.equal(failed.status, 502)
  t.equal(failed.json().code, 'integrity-mismatch')
  t.equal((await ask(wheel.path)).status, 200, 'the wheel itself is right')
})

t.test('a refused file does not leave as the .metadata of another one', async t => {
  const world = await createWorld(t)
  const liars = [(await world.release('first', '1.0')).wheel, (await world.release('second', '1.0')).wheel]
  const refused = await world.release('refused', '1.0')
  const gate = await startGate(t, world)
  const ask = createAsk(t, world, gate.url)
  t.equal((await ask(refused.wheel.path)).status, 200, 'the wheel is stored, the sdist is not')
  world.writePolicy(`${world.policyText()}    deny: withdrawn\n`)
  t.equal(gate.app.reload(), 'loaded')
  const outcomes = [
    {
      status: 403,
      code: 'metadata-mismatch',
      detail: /is a file that the index lists, refused-1\.0-py3-none-any\.whl/,
    },
    { status: 503, code: 'unknown-index-changed', detail: /for the file refused-1\.0\.tar\.gz of refused/ },
  ]
  for (const [index, { bytes, sha256, path }] of [refused.wheel, refused.sdist].entries()) {
    const { project = '', filename = '', path: liar = '' } = liars[index] ?? {}
    world.upstream.replace(project, filename, { metadata: bytes, metadataSha256: sha256 })
    t.equal((await ask(path)).status, 403)
    const answer = await ask(`${liar}.metadata`)
    t.match(answer.json(), outcomes[index] ?? {})
  }
})

// guards: src/http/door/connections.ts src/http/door/door.ts src/http/door/unparsed.ts
import t, { type Test } from 'tap'
import { startGate } from '../../world/gate/gate.ts'
import { until } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'
import { startServer } from '../bare-server.ts'
import { createAsk, dial, hear, requestText, SIMPLE_JSON, talk } from '../client.ts'

async function scene(t: Test, configuration: Readonly<Record<string, unknown>> = {}) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const refused = (await world.release('demo', '2.0', { attested: false })).wheel
  const gate = await startGate(t, world, { configuration })
  return { world, gate, wheel, refused, ask: createAsk(t, world, gate.url) }
}

const JSON_ACCEPT = `Accept: ${SIMPLE_JSON}`
const CLOSE = 'Connection: close'

function statuses(text: string): readonly string[] {
  return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status = '']) => status)
}

t.test('two Host fields are refused, in whatever case; none too', async t => {
  const { gate, world } = await scene(t)
  for (const second of ['Host: gate.example', 'Host: evil.example', 'hOsT: evil.example']) {
    const { text } = await talk(gate.url, requestText('/simple/demo/', second, CLOSE))
    t.strictSame(statuses(text), ['400'], second)
  }
  t.strictSame(statuses((await talk(gate.url, 'GET /simple/demo/ HTTP/1.1\r\n\r\n')).text), ['400'])
  t.equal(world.upstream.requests.length, 0)
})

t.test('a target in absolute form is its path; whom it names appears nowhere', async t => {
  const { gate, wheel, refused } = await scene(t)
  const page = await talk(gate.url, requestText('http://evil.example/simple/demo/', JSON_ACCEPT, CLOSE))
  t.strictSame(statuses(page.text), ['200'])
  t.notMatch(page.text, 'evil')
  const file = await talk(gate.url, requestText(`https://evil.example:99${wheel.path}`, CLOSE))
  t.ok(file.bytes.includes(wheel.bytes))
  t.strictSame(statuses((await talk(gate.url, requestText(`http://evil.example${refused.path}`, CLOSE))).text), ['403'])
  const moved = await talk(gate.url, requestText('http://evil.example/simple/Foo', CLOSE))
  t.match(moved.text, /location: foo\/\r\n/i)
  for (const target of ['simple/demo/', '*', 'ftp://evil.example/simple/demo/'])
    t.strictSame(statuses((await talk(gate.url, requestText(target, CLOSE))).text), ['400'], target)
})

t.test('framing that two servers could read in two ways is refused', async t => {
  const { gate, world } = await scene(t)
  for (const [what, sent] of [
    ['both lengths', `${requestText('/simple/demo/', 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['an unknown coding', requestText('/simple/demo/', 'Transfer-Encoding: xchunked')],
    ['a space before the colon', requestText('/simple/demo/', 'Content-Length : 5')],
    ['bare line feeds', 'GET /simple/demo/ HTTP/1.1\nHost: gate.example\n\n'],
    ['a folded field', requestText('/simple/demo/', 'X-A: b\r\n c')],
    ['two lengths', requestText('/simple/demo/', 'Content-Length: 5', 'Content-Length: 6')],
    ['a negative length', requestText('/simple/demo/', 'Content-Length: -1')],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an unknown method', 'BREW /simple/demo/ HTTP/1.1\r\nHost: gate.example\r\n\r\n'],
    ['HTTP/2 without an agreement', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a NUL in a field', requestText('/simple/demo/', 'X-A: \0')],
  ] as const) {
    const { text, ended } = await talk(gate.url, sent)
    t.match(statuses(text).join(), /^(400|405|505)?$/, what)
    t.not(ended, 'open', `${what}: the connection does not go on`)
  }
  t.equal(world.upstream.requests.length, 0)
})

t.test('what stands in the body of a GET is not a request, and the connection ends', async t => {
  const { gate, world, refused } = await scene(t)
  const smuggled = requestText('/simple/smuggled/')
  for (const framing of [[`Content-Length: ${smuggled.length}`], ['Transfer-Encoding: chunked']]) {
    const body = framing[0]?.startsWith('T') ? `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n` : smuggled
    const { text, ended } = await talk(gate.url, requestText('/simple/demo/', JSON_ACCEPT, ...framing) + body)
    t.strictSame(statuses(text), ['200'])
    t.match(text, /connection: close/i)
    t.not(ended, 'open')
    const denied = await talk(gate.url, requestText(refused.path, ...framing) + body)
    t.strictSame(statuses(denied.text), ['403'])
  }
  t.equal(world.upstream.count('page', 'smuggled'), 0)
})

t.test('requests in one packet are answered one by one, in order', async t => {
  const { gate, wheel, refused } = await scene(t)
  const { text } = await talk(
    gate.url,
    requestText('/simple/demo/', JSON_ACCEPT) +
      requestText(refused.path) +
      requestText(wheel.path) +
      requestText('/nothing') +
      requestText('/healthz', CLOSE),
  )
  t.strictSame(statuses(text), ['200', '403', '200', '404', '200'])
})

t.test('a connection on which too many requests wait in line is reset', async t => {
  const { gate, world, wheel } = await scene(t)
  const { wheel: large } = await world.release('demo', '3.0', { padTo: 3_000_000 })
  const { text } = await talk(gate.url, requestText(wheel.path).repeat(15) + requestText(wheel.path, CLOSE))
  t.equal(statuses(text).length, 16, 'a few are answered')
  const heard = await talk(gate.url, requestText(large.path).repeat(600))
  t.equal(heard.ended, 'reset')
})

t.test('a head that is too large is 431', async t => {
  const { gate } = await scene(t)
  const { text } = await talk(gate.url, requestText('/simple/demo/', `X-A: ${'a'.repeat(17 * 1024)}`))
  t.strictSame(statuses(text), ['431'])
  const many = Array.from({ length: 3_000 }, (_, index) => `X-${index}: a`)
  t.strictSame(statuses((await talk(gate.url, requestText('/simple/demo/', ...many))).text), ['431'])
})

t.test('methods that are no routes of anything are 405 and end there', async t => {
  const { gate } = await scene(t)
  for (const line of ['OPTIONS * HTTP/1.1', 'CONNECT evil.example:443 HTTP/1.1', 'POST /legacy/ HTTP/1.1']) {
    const { text, ended } = await talk(gate.url, `${line}\r\nHost: gate.example\r\nContent-Length: 3\r\n\r\nabc`)
    t.strictSame(statuses(text), ['405'], line)
    t.match(text, /allow: GET, HEAD/i)
    t.not(ended, 'open')
  }
})

t.test('an upload is answered before it is read', async t => {
  const { gate } = await scene(t)
  const socket = await dial(gate.url)
  socket.write(
    'POST /legacy/ HTTP/1.1\r\nHost: gate.example\r\nContent-Type: multipart/form-data\r\nContent-Length: 99999999\r\n\r\n',
  )
  t.strictSame(statuses((await hear(socket)).text), ['405'])
})

t.test('an upgrade that nobody offers is an ordinary request', async t => {
  const { gate } = await scene(t)
  const fields = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  for (const path of ['/simple/demo/', '/simple/']) {
    const { text } = await talk(gate.url, requestText(path, 'Connection: Upgrade, close', JSON_ACCEPT, ...fields))
    t.notMatch(text, /^HTTP\/1\.1 101/)
  }
})

t.test('an HTTP/1.0 client gets a body that ends with the connection, in no chunks', async t => {
  const { gate, wheel } = await scene(t)
  for (const path of [wheel.path, '/simple/demo/', '/simple/']) {
    const { bytes, text, ended } = await talk(gate.url, `GET ${path} HTTP/1.0\r\n\r\n`)
    t.strictSame(statuses(text), ['200'], path)
    t.notMatch(text, /transfer-encoding/i)
    t.match(text, /connection: close/i)
    t.equal(ended, 'closed')
    if (path === wheel.path) t.ok(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4).equals(wheel.bytes))
  }
})

t.test('nothing of a query becomes a header', async t => {
  const { gate } = await scene(t)
  const { text } = await talk(gate.url, requestText('/simple/Foo?x=%0d%0aSet-Cookie:%20a=b', CLOSE))
  t.strictSame(statuses(text), ['301'])
  t.notMatch(text, /\r\nset-cookie/i)
  const long = await talk(gate.url, requestText(`/simple/Foo?${'x'.repeat(600)}`, CLOSE))
  t.match(long.text, /location: foo\/\r\n/i, 'a long one is dropped')
})

t.test('no redirect leads elsewhere', async t => {
  const { ask } = await scene(t)
  for (const path of [
    '//evil.example/simple/demo',
    '//evil.example/..',
    '/\\evil.example/simple/Demo',
    '/simple//evil.example//',
    '/simple/..//evil.example/',
    '/simple/%2f%2fevil.example/',
    '/simple/@evil.example/',
  ]) {
    const { status, headers } = await ask(path)
    const location = headers['location']
    if (location === undefined) t.match(status, /^40[04]$/, path)
    else t.equal(new URL(location, 'http://gate.example/simple/x/').host, 'gate.example', path)
  }
})

t.test('the client in the journal is who a trusted proxy says, and nobody else may say', async t => {
  for (const [trusted, forwarded, expected] of [
    [[], '203.0.113.9', '127.0.0.1'],
    [['10.0.0.0/8'], '203.0.113.9', '127.0.0.1'],
    [['127.0.0.0/8'], '203.0.113.9', '203.0.113.9'],
    [['127.0.0.0/8'], '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    [['127.0.0.0/8'], '<script>', '127.0.0.1'],
  ] as const) {
    const { gate, ask, refused } = await scene(t, { trust_proxy: trusted })
    await ask(refused.path, { headers: { 'x-forwarded-for': forwarded } })
    const seen = gate.events.flatMap(event =>
      event.type === 'verdict' || event.type === 'request' ? [event.client] : [],
    )
    t.strictSame(new Set(seen), new Set([expected]), `${trusted.join()} ${forwarded}`)
  }
})

t.test('every request is in the access log once, every verdict in the journal once', async t => {
  const { gate, ask, wheel, refused } = await scene(t)
  const etag = `"sha256-${wheel.sha256}"`
  const asked: readonly (readonly [string, string, Readonly<Record<string, string>>, number, number])[] = [
    ['GET', wheel.path, {}, 200, 1],
    ['GET', wheel.path, { 'if-none-match': etag }, 304, 1],
    ['GET', wheel.path, { range: 'bytes=0-4' }, 206, 1],
    ['HEAD', wheel.path, {}, 200, 1],
    ['GET', `${wheel.path}.metadata`, {}, 200, 1],
    ['GET', refused.path, {}, 403, 1],
    ['HEAD', `${refused.path}.metadata`, {}, 403, 1],
    ['GET', refused.path, { 'user-agent': 'pdm/2' }, 302, 1],
    ['GET', '/simple/demo/', { accept: SIMPLE_JSON }, 200, 0],
    ['GET', '/simple/demo/', { accept: 'image/png' }, 406, 0],
    ['GET', '/simple/', {}, 200, 0],
    ['GET', '/simple', {}, 301, 0],
    ['GET', '/simple/%zz/', {}, 400, 0],
    ['GET', `/simple/${'a'.repeat(3_000)}/`, {}, 400, 0],
    ['POST', '/simple/demo/', {}, 405, 0],
    ['GET', '/nothing', {}, 404, 0],
  ]
  for (const [method, path, headers, status, verdicts] of asked) {
    const before = gate.events.length
    const answered = await ask(path, { method, headers })
    t.equal(answered.status, status, `${method} ${path.slice(0, 40)}`)
    await until('the request is logged', () => gate.events.slice(before).some(({ type }) => type === 'request'))
    const events = gate.events.slice(before)
    const logged = events.filter(event => event.type === 'request')
    t.equal(logged.length, 1)
    t.match(logged[0], { method, url: path, status, client: '127.0.0.1', bytes: answered.raw.length })
    t.equal(events.filter(({ type }) => type === 'verdict').length, verdicts, 'verdicts')
  }
})

t.test('what nobody foresaw is opaque to the client, and in the log under an id', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const seen: unknown[] = []
  const server = await startServer(t, world, {
    parts: ({ store }) => ({
      store: {
        ...store,
        journal: {
          record() {
            throw new RangeError('secret detail')
          },
          flush: async () => {},
        },
      },
    }),
    http: { events: { emit: event => void seen.push(event) } },
  })
  const ask = createAsk(t, world, server.url)
  const failed = await ask(wheel.path)
  t.equal(failed.status, 500)
  t.equal(failed.headers['content-type'], 'application/problem+json')
  t.notMatch(failed.text, /secret|RangeError/)
  const [, id] = /as ([0-9a-f]{12})/.exec(failed.json().detail) ?? []
  t.ok(id)
  t.match(
    seen.find(event => (event as { type: string }).type === 'unknown'),
    { code: 'unknown-bug', route: 'file', id, cause: RangeError },
  )
})

t.test('a head that never ends, and a connection that says nothing, are cut', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { url } = await startServer(t, world, { http: { limits: { silenceMs: 100 } } })
  for (const begun of ['', 'GET /simple/demo/ HTTP/1.1\r\nHost: gate.example\r\nX-A: ']) {
    const socket = await dial(url)
    if (begun !== '') socket.write(begun)
    t.not((await hear(socket)).ended, 'open')
  }
})

t.test('closing lets what is under way finish, takes nobody new, and does not wait for ever', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const { url, server } = await startServer(t, world)
  const idle = await dial(url)
  idle.write(requestText('/healthz'))
  const idleHeard = hear(idle)
  world.upstream.fault({ route: 'provenance', do: { delayMs: 300 } })
  const busy = talk(url, requestText(wheel.path))
  await until('the verification is under way', () => world.upstream.count('provenance') === 1)
  const closed = server.close()
  const [heard] = await Promise.all([busy, closed])
  t.strictSame(statuses(heard.text), ['200'])
  t.match(heard.text, /connection: close/i)
  t.ok(heard.bytes.includes(wheel.bytes))
  t.equal((await idleHeard).ended, 'closed')
  await t.rejects(dial(url))

  const hanging = await startServer(t, world, { http: { limits: { drainMs: 100 } } })
  world.upstream.fault({ route: 'provenance', do: { hang: true } })
  const stuck = talk(hanging.url, requestText(wheel.path))
  await until('it hangs', () => world.upstream.count('provenance') === 2)
  await hanging.server.close()
  t.equal((await stuck).ended, 'reset')
})

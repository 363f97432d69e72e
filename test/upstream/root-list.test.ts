// guards: src/upstream/follow.ts
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { millis } from '../../src/domain/base/instant.ts'
import type { Gate } from '../../src/gate/gate.ts'
import { createRootLists } from '../../src/gate/pages/root-lists.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { createScratch } from '../../src/store/disk/scratch.ts'
import { createUpstreamAgent, type UpstreamAgentOptions } from '../../src/upstream/agent.ts'
import { createRootList } from '../../src/upstream/root-list.ts'
import { type Ask, createPlainAsk, dial, requestText, SIMPLE_HTML, SIMPLE_JSON } from '../http/client.ts'
import { serve, serveRaw } from '../world/network/loopback.ts'
import { createTlsAuthority } from '../world/network/tls-certificates.ts'
import { until } from '../world/until.ts'

const LIST = '{"meta":{"_last-serial":7,"api-version":"1.4"},"projects":[{"_last-serial":7,"name":"demo"}]}'
/** The same, rebuilt; the serial of the whole list is that of the upstream's header. */
const REBUILT = `${LIST}\n`
/** And where that says none. */
const REBUILT_WITHOUT = REBUILT.replace('"_last-serial":7,', '')

/** The real server, the real plugin and the real client before an upstream; nothing here asks the gate. */
async function gateBefore(
  t: Test,
  upstream: string,
  more: Partial<UpstreamAgentOptions> & { readonly maxAge?: number; readonly maxStale?: number } = {},
): Promise<{ readonly url: string; readonly ask: Ask }> {
  const agent = createUpstreamAgent({
    upstreams: [upstream],
    files: [],
    timeout: millis(20_000),
    auth: {},
    environment: {},
    version: '0',
    events: { emit() {} },
    ...more,
  })
  const { maxAge = 60_000, maxStale = 0 } = more
  const rootLists = createRootLists({
    source: createRootList({ agent, index: upstream }),
    scratch: createScratch(t.testdir()),
    maxAge: millis(maxAge),
    maxStale: millis(maxStale),
  })
  const server = createHttpServer([{ path: '', index: 'main', gate: {} as Gate, rootLists }], {
    publicUrl: undefined,
    listenUrl: () => url,
    clientCache: 'revalidate',
    trustProxy: [],
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
    events: { emit() {} },
    version: 'test',
  })
  t.teardown(async () => {
    await server.close()
    rootLists.close()
    await agent.close()
  })
  const url: string = await server.listen({ host: '127.0.0.1', port: 0 })
  return { url, ask: createPlainAsk(t, url) }
}

t.test('the list comes through, with no header of the client and none of the upstream but its serial', async t => {
  const server = await serve(t, (request, response) => {
    response.writeHead(200, {
      'content-type': request.headers.accept,
      'content-length': String(LIST.length),
      'x-pypi-last-serial': '7',
      'set-cookie': 'upstream=1',
      location: 'https://upstream.example/',
      server: 'upstream',
      etag: '"upstream"',
    })
    response.end(LIST)
  })
  const auth = { [server.origin]: { username: 'robot', password: 'secret' } }
  const { ask } = await gateBefore(t, `${server.origin}/artifactory/api/pypi/x`, { auth })
  const answer = await ask(`/simple/?format=${SIMPLE_JSON}&secret=y`, {
    headers: {
      accept: SIMPLE_JSON,
      authorization: 'Basic client',
      cookie: 'client=1',
      'x-forwarded-for': '10.0.0.1',
      'user-agent': 'pip',
      'if-none-match': '"client"',
      connection: 'user-agent, accept',
      host: 'evil.example',
    },
  })
  t.equal(answer.status, 200)
  t.equal(answer.text, REBUILT)
  const { date: _date, connection: _connection, 'keep-alive': _keepAlive, ...headers } = answer.headers
  t.strictSame(headers, {
    'content-type': SIMPLE_JSON,
    'cache-control': 'no-cache',
    vary: 'Accept, Accept-Encoding',
    'access-control-allow-origin': '*',
    'x-content-type-options': 'nosniff',
    'x-pypi-last-serial': '7',
    'content-length': `${REBUILT.length}`,
  })
  t.equal(server.requests.length, 1)
  const [seen] = server.requests
  t.equal(seen?.url, '/artifactory/api/pypi/x/simple/')
  t.strictSame(seen?.headers, {
    host: new URL(server.origin).host,
    connection: 'keep-alive',
    accept: SIMPLE_JSON,
    'accept-encoding': 'gzip',
    'user-agent': 'portcullis/0',
    authorization: `Basic ${Buffer.from('robot:secret').toString('base64')}`,
  })
})

t.test('each client gets its form and coding; the upstream is asked for one, and may send it plain', async t => {
  let isCoded = true
  const server = await serve(t, (_, response) => {
    response.setHeader('content-type', SIMPLE_JSON).setHeader('x-pypi-last-serial', '7')
    if (isCoded) response.setHeader('content-encoding', 'gzip').end(gzipSync(LIST))
    else response.end(LIST)
  })
  for (isCoded of [true, false]) {
    const { ask } = await gateBefore(t, server.origin)
    for (const accept of [SIMPLE_JSON, SIMPLE_HTML, 'text/html'])
      for (const coding of ['gzip', 'identity']) {
        const answer = await ask('/simple/', { headers: { accept, 'accept-encoding': `br, ${coding}` } })
        t.equal(answer.headers['content-type'], accept)
        t.equal(answer.headers['content-encoding'], coding === 'gzip' ? 'gzip' : undefined)
        if (accept === SIMPLE_JSON) t.equal(answer.text, REBUILT)
        else t.match(answer.text, '<a href="demo/">demo</a>')
      }
    await ask('/simple/', { headers: { accept: 'text/html, evil/*', 'accept-encoding': 'gzip;q=0' } })
  }
  t.equal(server.requests.length, 2)
  for (const { headers } of server.requests) t.match(headers, { accept: SIMPLE_JSON, 'accept-encoding': 'gzip' })
})

t.test('HEAD says what GET says, and is answered from the same list', async t => {
  const server = await serve(t, (_, response) => void response.setHeader('content-type', SIMPLE_JSON).end(LIST))
  const { ask } = await gateBefore(t, server.origin)
  const headers = { accept: SIMPLE_JSON }
  const told = { status: 200, headers: { 'content-type': SIMPLE_JSON, 'content-length': `${REBUILT_WITHOUT.length}` } }
  t.match(await ask('/simple/', { method: 'HEAD', headers }), { ...told, text: '' })
  t.match(await ask('/simple/', { headers }), { ...told, text: REBUILT_WITHOUT })
  t.equal(server.requests.length, 1)
})

t.test('one download serves many, and whoever reads nothing of it takes no place from the others', async t => {
  const long = JSON.stringify({
    meta: { 'api-version': '1.4' },
    projects: Array.from({ length: 300_000 }, (_, number) => ({ name: `project-number-${number}` })),
  })
  const server = await serve(t, (_, response) => void response.setHeader('content-type', SIMPLE_JSON).end(long))
  const { url, ask } = await gateBefore(t, server.origin)
  const stalled = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await dial(url)
      socket.pause()
      socket.write(requestText('/simple/', `Accept: ${SIMPLE_JSON}`))
      return socket
    }),
  )
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ask('/simple/', { headers: { accept: SIMPLE_JSON } })),
  )
  for (const { status, text } of answers) {
    t.equal(status, 200)
    t.equal(text.length, long.length + 1)
  }
  t.equal(server.requests.length, 1, '40 readers, one request')
  for (const socket of stalled) socket.destroy()
})

t.test('an old list is validated, and stands in for a while where the index cannot answer', async t => {
  let says: 'list' | 'unchanged' | 'nothing' = 'list'
  const server = await serve(t, (_, response) => {
    if (says === 'nothing') response.writeHead(500).end()
    else if (says === 'unchanged') response.writeHead(304, { etag: '"1"' }).end()
    else response.setHeader('content-type', SIMPLE_JSON).setHeader('etag', '"1"').end(LIST)
  })
  const headers = { accept: SIMPLE_JSON }
  const stale = await gateBefore(t, server.origin, { maxAge: 0, maxStale: 60_000 })
  for (says of ['list', 'unchanged', 'nothing'] as const)
    t.match(await stale.ask('/simple/', { headers }), { status: 200, text: REBUILT_WITHOUT }, says)
  t.strictSame(
    server.requests.map(request => request.headers['if-none-match']),
    [undefined, '"1"', '"1"'],
  )
  says = 'list'
  const strict = await gateBefore(t, server.origin, { maxAge: 0, maxStale: 0 })
  t.equal((await strict.ask('/simple/', { headers })).status, 200)
  says = 'nothing'
  t.equal((await strict.ask('/simple/', { headers })).status, 503)
  says = 'list'
  t.equal((await strict.ask('/simple/', { headers })).status, 200, 'and nobody remembers that')
})

t.test('a self-signed upstream is refused, and learns nothing of the client', async t => {
  const authority = await createTlsAuthority('Acme')
  const server = await serve(
    t,
    (_, response) => void response.setHeader('content-type', SIMPLE_JSON).end(LIST),
    await authority.issue(['127.0.0.1']),
  )
  const { ask } = await gateBefore(t, server.origin)
  const answer = await ask('/simple/', { headers: { authorization: 'Basic client' } })
  t.equal(answer.status, 503)
  t.match(answer.json(), { code: 'unknown-upstream' })
  t.equal(server.requests.length, 0)

  const trusting = await gateBefore(t, server.origin, { ca: authority.ca })
  t.match((await trusting.ask('/simple/')).text, 'demo', 'the same server, its authority trusted')
})

t.test('whatever is not a list is unknown, asked for once, and never passed on', async t => {
  const list = { 'content-type': SIMPLE_JSON }
  const answers: readonly (readonly [number, Record<string, string>])[] = [
    [200, { 'content-type': 'application/json' }],
    [200, { 'content-type': 'text/html' }],
    [200, {}],
    [200, { ...list, 'content-encoding': 'br' }],
    [206, list],
    [301, { location: 'https://elsewhere.example/simple/' }],
    [304, list],
    [401, { ...list, 'www-authenticate': 'Basic' }],
    [403, list],
    [500, list],
    [503, { ...list, 'retry-after': '1' }],
  ]
  for (const [status, headers] of answers) {
    const server = await serve(
      t,
      (_, response) => void response.writeHead(status, headers).end(status === 304 ? undefined : 'forged'),
    )
    const { ask } = await gateBefore(t, server.origin)
    const answer = await ask('/simple/')
    t.equal(answer.status, 503, String(status))
    t.match(answer.json(), { code: 'unknown-upstream' })
    t.notMatch(answer.text, 'forged')
    t.equal(answer.headers['www-authenticate'], undefined)
    t.equal(server.requests.length, 1, String(status))
  }
})

t.test('an index without a root list is a 404, not an outage', async t => {
  const server = await serve(
    t,
    (_, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('forged'),
  )
  const { ask } = await gateBefore(t, server.origin)
  const answer = await ask('/simple/')
  t.equal(answer.status, 404)
  t.match(answer.json(), { code: 'not-found' })
})

t.test('nothing but the root list leads through the proxy', async t => {
  const server = await serve(t, (_, response) => void response.setHeader('content-type', SIMPLE_JSON).end('forged'))
  const { ask } = await gateBefore(t, server.origin)
  for (const url of ['/simple/../pypi/demo/json', '/simple/%2e%2e/pypi', '/pypi', '/simple/demo/x'])
    t.equal((await ask(url)).status, 404, url)
  for (const url of ['/simple/demo/', '/pypi/demo/json']) t.notMatch((await ask(url)).text, 'forged', url)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'] as const)
    t.equal((await ask('/simple/', { method })).status, 405, method)
  t.equal(server.requests.length, 0)
})

t.test('a list that breaks off is no list', async t => {
  const server = await serveRaw(t, socket =>
    socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${SIMPLE_JSON}\r\ncontent-length: 900\r\n\r\n{"meta":{},"projects":[`),
  )
  const { ask } = await gateBefore(t, server.origin)
  t.match(await ask('/simple/'), { status: 503 })
})

t.test('a client that leaves does not end the download: the next one finds the list', async t => {
  let finish = (): void => {}
  const server = await serve(t, (_, response) => {
    response.setHeader('content-type', SIMPLE_JSON).write(LIST.slice(0, 40))
    finish = () => response.end(LIST.slice(40))
  })
  const { url, ask } = await gateBefore(t, server.origin)
  const socket = await dial(url)
  socket.write(requestText('/simple/'))
  await until('the index was asked', () => server.requests.length === 1)
  socket.destroy()
  finish()
  t.match((await ask('/simple/')).text, 'demo')
  t.equal(server.requests.length, 1)
})

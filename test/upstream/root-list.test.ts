// guards: src/upstream/follow.ts
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import httpProxy from '@fastify/http-proxy'
import Fastify, { type FastifyError } from 'fastify'
import t, { type Test } from 'tap'
import { GateError } from '../../src/domain/base/errors.ts'
import { millis } from '../../src/domain/base/instant.ts'
import { createUpstreamAgent, type UpstreamAgentOptions } from '../../src/upstream/agent.ts'
import { rootListProxyOptions } from '../../src/upstream/root-list.ts'
import { serve, serveRaw } from '../world/loopback.ts'
import { createTlsAuthority } from '../world/tls-certificates.ts'

const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
const LIST = '{"meta":{"_last-serial":7,"api-version":"1.4"},"projects":[{"_last-serial":7,"name":"demo"}]}'

/** A server that has nothing but the root list, through the real plugin. */
async function gateBefore(t: Test, upstream: string, more: Partial<UpstreamAgentOptions> = {}) {
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
  const gate = Fastify()
  gate.setErrorHandler((error: FastifyError | GateError, _request, reply) =>
    reply.code(error instanceof GateError ? 503 : 500).send({ code: error.code }),
  )
  await gate.register(httpProxy, {
    ...rootListProxyOptions({ agent, index: upstream }),
    prefix: '/simple',
    routes: ['/'],
  })
  t.teardown(async () => {
    await gate.close()
    await agent.close()
  })
  return gate
}

t.test('the list comes through, with no header of the client and none of the upstream but four', async t => {
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
  const gate = await gateBefore(t, `${server.origin}/artifactory/api/pypi/x`, { auth })
  const answer = await gate.inject({
    url: '/simple/?format=x&secret=y',
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
  t.equal(answer.statusCode, 200)
  t.equal(answer.body, LIST)
  const { date: _date, connection: _connection, 'keep-alive': _keepAlive, ...headers } = answer.headers
  t.strictSame(headers, {
    'content-type': 'text/html',
    'content-length': String(LIST.length),
    'x-pypi-last-serial': '7',
  })
  t.equal(server.requests.length, 1)
  const [seen] = server.requests
  t.equal(seen?.url, '/artifactory/api/pypi/x/simple/')
  t.strictSame(seen?.headers, {
    host: new URL(server.origin).host,
    connection: 'keep-alive',
    accept: 'text/html',
    'accept-encoding': 'identity',
    'user-agent': 'portcullis/0',
    authorization: `Basic ${Buffer.from('robot:secret').toString('base64')}`,
  })
})

t.test('the three types and gzip are asked for as the client does', async t => {
  const server = await serve(t, (request, response) => {
    response.setHeader('content-type', request.headers.accept ?? '')
    if (request.headers['accept-encoding'] === 'gzip')
      response.setHeader('content-encoding', 'gzip').end(gzipSync(LIST))
    else response.end(LIST)
  })
  const gate = await gateBefore(t, server.origin)
  for (const accept of [SIMPLE_JSON, 'application/vnd.pypi.simple.v1+html', 'text/html'])
    for (const coding of ['gzip', 'identity']) {
      const answer = await gate.inject({ url: '/simple/', headers: { accept, 'accept-encoding': `br, ${coding}` } })
      t.equal(answer.headers['content-type'], accept)
      t.equal(String(coding === 'gzip' ? gunzipSync(answer.rawPayload) : answer.rawPayload), LIST)
    }
  await gate.inject({ url: '/simple/', headers: { accept: 'text/html, evil/*', 'accept-encoding': 'gzip;q=0' } })
  t.match(server.requests.at(-1)?.headers, { accept: 'text/html', 'accept-encoding': 'identity' })
})

t.test('HEAD is HEAD upstream', async t => {
  const server = await serve(
    t,
    (_, response) => void response.setHeader('content-type', 'text/html').setHeader('content-length', 9).end(),
  )
  const gate = await gateBefore(t, server.origin)
  const answer = await gate.inject({ method: 'HEAD', url: '/simple/' })
  t.match(answer, { statusCode: 200, body: '', headers: { 'content-length': '9' } })
  t.equal(server.requests[0]?.method, 'HEAD')
})

t.test('a self-signed upstream is refused, and learns nothing of the client', async t => {
  const authority = await createTlsAuthority('Acme')
  const server = await serve(
    t,
    (_, response) => void response.setHeader('content-type', 'text/html').end('forged'),
    await authority.issue(['127.0.0.1']),
  )
  const gate = await gateBefore(t, server.origin)
  const answer = await gate.inject({ url: '/simple/', headers: { authorization: 'Basic client' } })
  t.match(answer, { statusCode: 503, body: '{"code":"unknown-upstream"}' })
  t.equal(server.requests.length, 0)

  const trusting = await gateBefore(t, server.origin, { ca: authority.ca })
  t.equal((await trusting.inject('/simple/')).body, 'forged', 'the same server, its authority trusted')
})

t.test('whatever is not a list is unknown, asked for once, and never passed on', async t => {
  const list = { 'content-type': SIMPLE_JSON }
  const answers: readonly (readonly [number, Record<string, string>])[] = [
    [200, { 'content-type': 'application/json' }],
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
    const gate = await gateBefore(t, server.origin)
    const answer = await gate.inject('/simple/')
    t.match(answer, { statusCode: 503, body: '{"code":"unknown-upstream"}' }, String(status))
    t.equal(answer.headers['www-authenticate'], undefined)
    t.equal(server.requests.length, 1, String(status))
  }
})

t.test('an index without a root list is a 404, not an outage', async t => {
  const server = await serve(
    t,
    (_, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('forged'),
  )
  t.equal((await (await gateBefore(t, server.origin)).inject('/simple/')).body, '{"code":"not-found"}')
})

t.test('nothing but the root list is mounted', async t => {
  const server = await serve(t, (_, response) => void response.setHeader('content-type', 'text/html').end('forged'))
  const gate = await gateBefore(t, server.origin)
  for (const url of ['/simple/demo/', '/simple/../pypi/demo/json', '/simple/%2e%2e/pypi', '/pypi/demo/json'])
    t.equal((await gate.inject(url)).statusCode, 404, url)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'] as const)
    t.equal((await gate.inject({ method, url: '/simple/' })).statusCode, 404, method)
  t.equal(server.requests.length, 0)
})

t.test('a list that breaks off reaches the client as broken', async t => {
  const server = await serveRaw(t, socket =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 900\r\n\r\n<!DOCTYPE html>'),
  )
  const gate = await gateBefore(t, server.origin)
  await gate.listen({ host: '127.0.0.1', port: 0 })
  const { port } = gate.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  let seen = ''
  socket.on('data', chunk => (seen += chunk.toString()))
  socket.on('error', () => {})
  socket.write('GET /simple/ HTTP/1.1\r\nhost: gate\r\n\r\n')
  await once(socket, 'close')
  t.match(seen, /content-length: 900/)
  t.ok(seen.length < 900)
})

t.test('a client that leaves ends the download', async t => {
  const upstream = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    }
    response.on('drain', more)
    more()
    response.on('close', () => upstream.emit('left'))
  }).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.teardown(() => void upstream.close())
  const gate = await gateBefore(t, `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`)
  await gate.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((gate.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('GET /simple/ HTTP/1.1\r\nhost: gate\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
  await once(upstream, 'left')
  t.pass('the upstream saw it')
})

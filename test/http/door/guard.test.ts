// guards: src/http/door/listener.ts src/http/door/routes.ts
import { METHODS } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { Route } from '../../../src/http/door/routes.ts'
import type { Client } from '../../../src/http/exchange/client.ts'
import type { Entry, Guard, Knock, TurnedAway } from '../../../src/http/exchange/guard.ts'
import { until } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'
import { type BareServer, startServer } from '../bare-server.ts'
import { type Ask, createAsk, dial, hear, PIP_ACCEPT, requestText, SIMPLE_JSON, talk } from '../client.ts'

const SAID = 'nobody knows you'
const NOBODY: TurnedAway = {
  turnedAway: {
    status: 401,
    headers: ['WWW-Authenticate', 'Basic realm="gate"', 'Content-Type', 'text/plain'],
    body: Buffer.from(SAID),
  },
}
const CLOSE = 'Connection: close'

function robot({ address }: Knock): Client {
  return { address, subject: 'robot' }
}

/** A server with a guard that can be changed, before a wheel that was sent and a file that was refused. */
async function scene(t: Test, http: Parameters<typeof startServer>[2] = {}) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const refused = (await world.release('demo', '2.0', { attested: false })).wheel
  const knocks: Knock[] = []
  const change: { guard: Guard } = { guard: robot }
  const guard: Guard = knock => {
    knocks.push(knock)
    return change.guard(knock)
  }
  const server = await startServer(t, world, { ...http, http: { guard, ...http.http } })
  const ask = createAsk(t, world, server.url)
  for (let round = 0; round < 2; round += 1) {
    t.equal((await ask(wheel.path)).status, 200)
    t.equal((await ask('/simple/demo/', { headers: { accept: SIMPLE_JSON } })).status, 200)
  }
  const { explain } = (await ask(refused.path)).json()
  const id = new URL(explain).pathname.split('/')[2] ?? ''
  return { world, server, ask, wheel, refused, id, knocks, change }
}

function verdictsOf({ events }: BareServer): number {
  return events.filter(({ type }) => type === 'verdict').length
}

type Scene = Awaited<ReturnType<typeof scene>>

/** A path for each route of the server's own table; a segment that nobody has a value for fails. */
function pathsOf({ server, wheel, refused, id }: Scene): readonly string[] {
  const [, , a = '', b = '', rest = '', filename = ''] = wheel.path.split('/')
  const values: Readonly<Record<string, string>> = { a, b, rest, filename, id, project: 'demo', version: '1.0' }
  const fill = ({ url, name }: Route): string =>
    url.replace(/:(\w+)/g, (_, segment: string) => {
      const value = segment === 'code' ? 'unattested' : values[segment]
      if (value === undefined) throw new Error(`${name} has a segment ${segment} that this test does not know`)
      return value
    })
  return [...server.server.routes.map(fill), `${wheel.path}.metadata`, refused.path]
}

const VARIATIONS: readonly Readonly<Record<string, string>>[] = [
  { accept: PIP_ACCEPT },
  { accept: 'image/png' },
  { accept: 'text/html' },
  { 'if-none-match': '*' },
  { range: 'bytes=1-3' },
  { 'user-agent': 'pdm/2' },
  { authorization: 'Basic cm9ib3Q6c2VjcmV0', cookie: 'session=1', 'x-forwarded-for': '127.0.0.1' },
]

/** What the guard said, and nothing else of the gate's. */
async function assertTurnedAway(t: Test, ask: Ask, path: string, asked: Parameters<Ask>[1]): Promise<void> {
  const { status, headers, text } = await ask(path, asked)
  const name = `${asked?.method ?? 'GET'} ${path.slice(0, 60)} ${JSON.stringify(asked?.headers ?? {})}`
  const { date: _date, connection: _connection, 'keep-alive': _keepAlive, ...told } = headers
  t.strictSame(
    { status, told, text: asked?.method === 'HEAD' ? SAID : text },
    {
      status: 401,
      told: {
        'www-authenticate': 'Basic realm="gate"',
        'content-type': 'text/plain',
        'content-length': `${SAID.length}`,
      },
      text: SAID,
    },
    name,
  )
}

t.test('no route is answered without the guard, whatever the method and the headers', async t => {
  const given = await scene(t)
  const { ask, change, world, server } = given
  const paths = pathsOf(given)
  t.ok(server.server.routes.length >= 17, 'the routes were found')
  for (const path of paths) t.not((await ask(path)).status, 401, path)
  const [upstream, verdicts] = [world.upstream.requests.length, verdictsOf(server)]
  change.guard = () => NOBODY
  for (const path of paths) {
    for (const method of METHODS.filter(known => known !== 'CONNECT')) await assertTurnedAway(t, ask, path, { method })
    for (const headers of VARIATIONS)
      for (const method of ['GET', 'HEAD']) await assertTurnedAway(t, ask, path, { method, headers })
  }
  t.equal(world.upstream.requests.length, upstream, 'nobody was asked')
  t.equal(verdictsOf(server), verdicts, 'nothing was judged')
})

t.test('nor is what has no route: redirects, 404, paths that are none', async t => {
  const { ask, change } = await scene(t)
  change.guard = () => NOBODY
  for (const path of [
    '/nothing',
    '/simple/Demo/',
    '/simple/demo',
    '//simple///demo',
    '/simple//',
    '/simple/%64emo/',
    '/simple/%zz/',
    `/simple/${'a'.repeat(3_000)}/`,
    '/simple/../simple/demo/',
    '/simple/demo/?format=application/json',
    '/healthz/',
    '/%68ealthz',
    '/?',
    '/favicon.ico',
  ])
    for (const method of ['GET', 'HEAD', 'POST']) await assertTurnedAway(t, ask, path, { method })
})

t.test('nor is what only a bare socket can say', async t => {
  const { change, server, wheel } = await scene(t)
  change.guard = () => NOBODY
  const body = 'abc'
  for (const [what, sent, count] of [
    ['absolute form', requestText('http://evil.example/simple/demo/', CLOSE), 1],
    ['absolute form of a file', requestText(`http://evil.example${wheel.path}`, CLOSE), 1],
    ['no path', requestText('ftp://evil.example/simple/demo/', CLOSE), 1],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n\r\n`, 1],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n', 1],
    ['two hosts', requestText('/simple/demo/', 'Host: evil.example', CLOSE), 1],
    ['an unknown coding', requestText('/simple/demo/', 'Transfer-Encoding: xchunked'), 1],
    ['a body', requestText('/simple/demo/', `Content-Length: ${body.length}`) + body, 1],
    ['an expectation', requestText('/simple/demo/', 'Expect: x', CLOSE), 1],
    ['a body that would follow', requestText('/simple/demo/', 'Expect: 100-continue', 'Content-Length: 3'), 1],
    ['an upload', `POST /legacy/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n${body}`, 1],
    ['an upgrade', requestText('/simple/demo/', 'Connection: Upgrade, close', 'Upgrade: websocket'), 1],
    ['HTTP/1.0', `GET ${wheel.path} HTTP/1.0\r\n\r\n`, 1],
    ['in line', requestText('/simple/demo/') + requestText(wheel.path) + requestText('/nothing', CLOSE), 3],
  ] as const) {
    const { text, ended } = await talk(server.url, sent)
    const statuses = Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status = '']) => status)
    t.strictSame(
      statuses,
      Array.from({ length: count }, () => '401'),
      what,
    )
    t.match(text, /www-authenticate: basic/i)
    t.not(ended, 'open', what)
  }
})

t.test('whoever is let in with an Expect is answered as without, and never told to go on', async t => {
  const { server, knocks } = await scene(t)
  for (const expected of ['x', '100-continue']) {
    const before = knocks.length
    const { text } = await talk(server.url, requestText('/simple/demo/', `Expect: ${expected}`, CLOSE))
    t.strictSame(text.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 200'], expected)
    t.equal(knocks.length, before + 1, 'the guard is asked once')
  }
})

t.test('the guard is told which paths are open, in their plainest spelling, and still decides', async t => {
  const { server, ask, change, knocks } = await scene(t)
  const open = server.server.routes.filter(({ access }) => access === 'open').map(({ url }) => url)
  t.strictSame(open, ['/healthz', '/readyz'])
  change.guard = knock => (knock.access === 'open' ? robot(knock) : NOBODY)
  for (const path of ['/healthz', '/readyz', '/healthz?x=1']) t.not((await ask(path)).status, 401, path)
  for (const path of ['/metrics', '/', '/%68ealthz', '/healthz/', '/HEALTHZ', '//healthz', '/simple/?/healthz'])
    t.equal((await ask(path)).status, 401, path)
  t.match((await talk(server.url, requestText('http://gate.example/healthz', CLOSE))).text, /^HTTP\/1\.1 200 /)
  t.equal(knocks.at(-1)?.request.url, '/healthz', 'it sees the path that is routed')
  change.guard = () => NOBODY
  for (const path of open) t.equal((await ask(path)).status, 401, path)
})

t.test('a guard may take its time, and nothing is answered before it has spoken', async t => {
  const { ask, change, server, wheel } = await scene(t)
  change.guard = async knock => {
    await sleep(20)
    return knock.request.headers.authorization === 'Bearer robot' ? robot(knock) : NOBODY
  }
  const known = { headers: { authorization: 'Bearer robot' } }
  for (const path of [wheel.path, '/simple/demo/', '/healthz', '/']) {
    t.equal((await ask(path, known)).status, 200, path)
    t.equal((await ask(path)).status, 401, path)
  }
  t.equal((await ask('/nothing', known)).status, 404)
  t.equal((await ask('/simple/demo/', { ...known, method: 'POST' })).status, 405)
  const inLine = requestText('/simple/demo/', 'Authorization: Bearer robot') + requestText(wheel.path, CLOSE)
  const { text } = await talk(server.url, inLine)
  t.strictSame(text.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 200', 'HTTP/1.1 401'])
})

t.test('whoever leaves while the guard thinks is not served, and is logged', async t => {
  const { change, server, wheel } = await scene(t)
  const { promise, resolve } = Promise.withResolvers<Entry>()
  const { promise: asked, resolve: begin } = Promise.withResolvers<Knock>()
  change.guard = knock => {
    begin(knock)
    return promise
  }
  const [before, verdicts] = [server.requests().length, verdictsOf(server)]
  const socket = await dial(server.url)
  socket.write(requestText(wheel.path))
  const knock = await asked
  socket.destroy()
  await until('it is logged', () => server.requests().length > before)
  resolve(robot(knock))
  await sleep(20)
  t.match(server.requests().at(-1), { status: 499, client: '127.0.0.1' })
  t.equal(verdictsOf(server), verdicts, 'nothing was judged')
})

t.test('a guard that cannot tell lets nobody in', async t => {
  const { ask, change, wheel, server } = await scene(t)
  const bug = new RangeError('secret detail')
  const overload = new GateError('unknown-overloaded', 'too many tokens are looked at')
  const guards: readonly (readonly [what: string, status: number, guard: Guard])[] = [
    [
      'throws',
      503,
      () => {
        throw overload
      },
    ],
    ['rejects', 503, () => Promise.reject(overload)],
    [
      'has a fault',
      500,
      () => {
        throw bug
      },
    ],
    ['has a fault later', 500, () => Promise.reject(bug)],
    ['says nothing', 500, () => undefined as never],
    ['says nothing later', 500, async () => undefined as never],
    ['is something else', 500, () => ({ address: '127.0.0.1' }) as never],
  ]
  for (const [what, status, guard] of guards) {
    change.guard = guard
    for (const path of [wheel.path, '/simple/demo/', '/healthz', '/nothing']) {
      const answered = await ask(path)
      t.equal(answered.status, status, `${what}: ${path}`)
      t.equal(answered.headers['content-type'], 'application/problem+json')
      t.notMatch(answered.text, /secret|RangeError/)
    }
    t.match((await talk(server.url, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n')).text, /^HTTP\/1\.1 503 /)
  }
})

t.test('the guard learns who asks as far as it can be believed, and the log keeps what it says', async t => {
  const http = { http: { trustProxy: ['127.0.0.0/8', '10.0.0.0/8'] } }
  const { ask, change, knocks, server, wheel } = await scene(t, http)
  change.guard = ({ address }) => ({ address, subject: 'robot' })
  for (const [forwarded, expected] of [
    ['203.0.113.9', '203.0.113.9'],
    ['198.51.100.1, 203.0.113.9, 10.1.2.3', '203.0.113.9'],
    ['198.51.100.1,,\t10.1.2.3 ', '198.51.100.1'],
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['<script>', '127.0.0.1'],
    ['203.0.113.9:80', '127.0.0.1'],
    [' , ', '127.0.0.1'],
  ] as const) {
    await ask(wheel.path, { headers: { 'x-forwarded-for': forwarded } })
    await until('it is logged', () => server.requests().at(-1)?.client === expected)
    t.equal(knocks.at(-1)?.address, expected, forwarded)
  }
})

t.test('whoever asks for a tunnel and is gone does no harm', async t => {
  const { server, ask } = await scene(t)
  for (let round = 0; round < 20; round += 1) {
    const socket = await dial(server.url)
    socket.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n')
    if (round % 2 === 0) await new Promise(resolve => socket.once('data', resolve))
    socket.resetAndDestroy()
  }
  const patient = await dial(server.url)
  patient.write('CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n')
  t.match((await hear(patient)).text, /^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n/)
  t.equal((await ask('/healthz')).status, 200)
})

// guards: src/http/access/identify.ts
import t, { type Test } from 'tap'
import { mintToken, type TokenRecord, tokenHash } from '../../../src/domain/access/token.ts'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { createGuard } from '../../../src/http/access/guard.ts'
import type { IndexAccess } from '../../../src/http/access/identify.ts'
import { createTrusted } from '../../../src/http/door/address.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { until } from '../../world/until.ts'
import { createWorld } from '../../world/world.ts'
import { startServer } from '../bare-server.ts'
import { createAsk, PIP_ACCEPT, requestText, talk } from '../client.ts'

const DAY = 86_400_000
const CLOSE = 'Connection: close'
const basic = (password: string, user = '__token__'): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

/** A server whose guard knows the tokens that are given out here. */
async function scene(t: Test, changes: Partial<IndexAccess> = {}, trustProxy: readonly string[] = []) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const refused = (await world.release('demo', '2.0', { attested: false })).wheel
  const records = new Map<string, TokenRecord>()
  const told: GateEvent[] = []
  const clock = { now: Date.now() }
  const access = {
    anonymous: false,
    tokens: true,
    workloads: [],
    front: { header: 'x-forwarded-user', trusted: createTrusted([]) },
    ...changes,
  }
  const guard = createGuard({
    indexes: [{ name: 'main', path: '', access }],
    metricsOpen: false,
    tokens: { find: hash => records.get(hash) },
    identities: { verify: () => ({ wrong: 'the identity token is expired' }) },
    events: { emit: event => void told.push(event) },
    clock: () => instant(clock.now),
  })
  const server = await startServer(t, world, { http: { guard, trustProxy } })
  function token(change: Partial<TokenRecord> = {}): string {
    const secret = mintToken()
    const usual = { name: 'ci', indexes: undefined, metrics: false, created: 0 as Instant }
    records.set(tokenHash(secret) ?? '', { ...usual, expires: undefined, revoked: undefined, ...change })
    return secret
  }
  return { world, wheel, refused, server, told, clock, token, ask: createAsk(t, world, server.url) }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** The line of a request follows the end of its answer. */
async function isLogged({ requests }: Scene['server'], whose: Readonly<Record<string, string>>): Promise<void> {
  await until(`the last line is of ${Object.values(whose).join(' ')}`, () => {
    const last: Readonly<Record<string, unknown>> = { ...requests().at(-1) }
    return Object.entries(whose).every(([name, value]) => last[name] === value)
  })
}

/** A path for each guarded route of the server's own table, and what else is served along them; each answers somebody who may. */
async function guardedPaths(t: Test, { server, ask, wheel, refused, token }: Scene): Promise<readonly string[]> {
  const good = basic(token({ metrics: true }))
  const { explain } = (await ask(refused.path, { headers: good })).json()
  const id = new URL(explain).pathname.split('/')[2] ?? ''
  const [, , a = '', b = '', rest = '', filename = ''] = wheel.path.split('/')
  const own = { a, b, rest, filename, id, project: 'demo', version: '1.0', code: 'unattested' }
  const values: Readonly<Record<string, string>> = own
  const guarded = server.server.routes.filter(route => route.access === 'guarded')
  t.ok(guarded.length >= 15)
  const paths = [
    ...guarded.map(({ url }) => url.replace(/:(\w+)/g, (_, name: string) => values[name] ?? '')),
    `${wheel.path}.metadata`,
    refused.path,
    `/integrity/demo/1.0/${filename}/provenance`,
    '/pypi/demo/1.0/json',
    `/x/${id}?format=json`,
    `/x/${id}?format=yaml`,
    '/codes/unattested?format=json',
    '/simple/?format=json',
  ]
  for (const path of paths) t.not((await ask(path, { headers: good })).status, 401, path)
  return paths
}

const VARIATIONS: readonly Readonly<Record<string, string>>[] = [
  {},
  { accept: PIP_ACCEPT },
  { range: 'bytes=0-9' },
  { 'if-none-match': '*' },
]
const TURNED_AWAY = {
  status: 401,
  challenge: 'Basic realm="portcullis", charset="UTF-8"',
  caching: 'no-store',
  type: 'application/problem+json',
  to: undefined,
  code: 'unauthenticated',
}

t.test('no route is answered without credentials, and each with a token', async t => {
  const its = await scene(t)
  const { ask, world } = its
  const paths = await guardedPaths(t, its)
  const asked = world.upstream.requests.length
  for (const path of [...paths, '/nothing', '/simple/Demo/', '//simple//demo/', '/%6detrics'])
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS'])
      for (const headers of /^[GH]/.test(method) ? VARIATIONS : [{}]) {
        const { status, headers: told, text } = await ask(path, { method, headers })
        t.strictSame(
          {
            status,
            challenge: told['www-authenticate'],
            caching: told['cache-control'],
            type: told['content-type'],
            to: told['location'],
            code: method === 'HEAD' ? 'unauthenticated' : JSON.parse(text).code,
          },
          TURNED_AWAY,
          `${method} ${path}`,
        )
      }
  t.equal(world.upstream.requests.length, asked, 'nobody was asked')
  for (const path of ['/healthz', '/readyz']) t.equal((await ask(path)).status, 200, path)
})

/** Other spellings of a path, which some reader of it takes for the same, for another, or for none. */
const SPELLINGS: readonly (readonly [what: string, spell: (path: string) => string])[] = [
  ['a slash more', path => `/${path}`],
  ['slashes more everywhere', path => path.replaceAll('/', '//')],
  ['a slash at the end', path => `${path}/`],
  ['no slash at the end', path => path.replace(/(.)\/$/, '$1')],
  ['slashes as %2f', path => `/${path.slice(1).replaceAll('/', '%2f')}`],
  ['one slash as %2F', path => path.replace(/(.)\//, '$1%2F')],
  ['a letter encoded', path => path.replace(/[a-z]/, letter => `%${letter.charCodeAt(0).toString(16)}`)],
  ['a letter encoded twice', path => path.replace(/[a-z]/, letter => `%25${letter.charCodeAt(0).toString(16)}`)],
  ['capitals', path => path.toUpperCase()],
  ['a dot segment', path => `/.${path}`],
  ['a segment that is taken back', path => `/healthz/..${path}`],
  ['one that is taken back, encoded', path => `/healthz/%2e%2e${path}`],
  ['a parameter', path => `${path};x=1`],
  ['a backslash', path => `/\\${path}`],
  ['a query', path => `${path}?/healthz`],
  ['an open path before the query', path => `/healthz/?${path}`],
  ['a broken escape', path => `${path}%zz`],
  ['half an escape', path => `${path}%`],
  ['no UTF-8', path => `${path}%ff`],
  ['a zero', path => `${path}%00`],
  ['too long a segment', path => `${path}/${'a'.repeat(2_000)}`],
]

t.test('nor is any other spelling of one, whatever it is read as', async t => {
  const its = await scene(t)
  const { ask, world, server } = its
  const paths = await guardedPaths(t, its)
  const asked = world.upstream.requests.length
  const verdicts = server.events.filter(({ type }) => type === 'verdict').length
  for (const path of paths)
    for (const [what, spell] of SPELLINGS) {
      const { status, headers } = await ask(spell(path))
      t.strictSame([status, headers['location']], [401, undefined], `${what}: ${path}`)
    }
  for (const path of paths)
    for (const authority of ['gate.example', 'user:secret@127.0.0.1:80']) {
      const { text } = await talk(server.url, requestText(`http://${authority}${path}`, CLOSE))
      t.match(text, /^HTTP\/1\.1 401 /, `http://${authority}${path}`)
    }
  t.equal(world.upstream.requests.length, asked, 'nobody was asked')
  t.equal(server.events.filter(({ type }) => type === 'verdict').length, verdicts, 'nothing was judged')
})

t.test('nor is what only a bare socket can say', async t => {
  const { server, wheel } = await scene(t)
  for (const [sent, count] of [
    [requestText(`http://gate.example${wheel.path}`, CLOSE), 1],
    [`CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n`, 1],
    [requestText(wheel.path, 'Expect: 100-continue', 'Content-Length: 3'), 1],
    [requestText(wheel.path, 'Expect: x', CLOSE), 1],
    [requestText('/simple/demo/') + requestText(wheel.path) + requestText('/', CLOSE), 3],
  ] as const) {
    const { text } = await talk(server.url, sent)
    t.strictSame(text.match(/HTTP\/1\.1 \d{3}/g), Array(count).fill('HTTP/1.1 401'), sent)
    t.match(text, /WWW-Authenticate: Basic realm="portcullis"/)
  }
})

t.test('a token is taken as clients send it', async t => {
  const { ask, wheel, token, server } = await scene(t)
  const secret = token()
  for (const headers of [
    basic(secret),
    basic(secret, 'anybody'),
    basic(secret, ''),
    basic('', secret),
    { authorization: `Bearer ${secret}` },
    { authorization: `bearer ${secret}` },
  ])
    for (const path of [wheel.path, '/simple/demo/']) t.equal((await ask(path, { headers })).status, 200, path)
  await isLogged(server, { subject: 'token:ci' })
})

t.test('one that is worth nothing is 401, with the reason', async t => {
  const { ask, wheel, token, clock } = await scene(t)
  const good = token()
  for (const [secret, detail] of [
    [token({ revoked: instant(clock.now - 1) }), /ci is revoked/],
    [token({ expires: instant(clock.now) }), /ci is expired/],
    [mintToken(), /the token is unknown/],
    [good.slice(0, -1), /mistyped or cut/],
    [`${good.slice(0, 20)}${good[20] === 'A' ? 'B' : 'A'}${good.slice(21)}`, /mistyped or cut/],
    ['hunter2', /none that this gate/],
    ['eyJhbGciOiJub25lIn0.eyJ9.', /none that this gate/],
  ] as const) {
    const { status, text } = await ask(wheel.path, { headers: basic(secret) })
    t.equal(status, 401, secret)
    t.match(JSON.parse(text).detail, detail)
    t.notMatch(text, secret.slice(5, 20))
  }
  t.equal((await ask(wheel.path, { headers: { authorization: 'Digest x' } })).status, 401)
  const brief = token({ expires: instant(clock.now + DAY) })
  t.equal((await ask(wheel.path, { headers: basic(brief) })).status, 200)
  clock.now += DAY
  t.equal((await ask(wheel.path, { headers: basic(brief) })).status, 401)
})

t.test('a token for something else is 403, and no refusal by policy', async t => {
  const { ask, wheel, token } = await scene(t)
  for (const [secret, path] of [
    [token({ indexes: ['other'] }), wheel.path],
    [token({ indexes: [], metrics: true }), '/simple/demo/'],
    [token(), '/metrics'],
  ] as const) {
    const { status, reason, headers, text } = await ask(path, { headers: basic(secret) })
    t.strictSame([status, reason], [403, 'Not served: not-allowed-here'], path)
    t.equal(headers['cache-control'], 'no-store')
    t.match(JSON.parse(text), { code: 'not-allowed-here', detail: /no refusal of a package/ })
  }
  t.equal((await ask('/metrics', { headers: basic(token({ indexes: [], metrics: true })) })).status, 200)
})

t.test('nor does it lead to the page of a refusal, where there is one index alone', async t => {
  const { ask, refused, token } = await scene(t)
  const own = basic(token({ indexes: ['main'] }))
  const { pathname } = new URL((await ask(refused.path, { headers: own })).json().explain)
  for (const path of [pathname, `${pathname}?format=json`, `${pathname}?format=yaml`, `${pathname}/unattested`])
    for (const change of [{ indexes: ['other'] }, { indexes: [] }, { indexes: [], metrics: true }]) {
      const { status, text } = await ask(path, { headers: basic(token(change)) })
      t.strictSame([status, JSON.parse(text).code], [403, 'not-allowed-here'], path)
      t.notMatch(text, /demo/)
    }
  t.equal((await ask(pathname, { headers: own })).status, 200)
})

t.test(
  'where nobody has to say who he is, a bad token is 401 all the same, and what is none of ours is nobody',
  async t => {
    const { ask, wheel, token, server } = await scene(t, { anonymous: true })
    t.equal((await ask(wheel.path)).status, 200)
    await isLogged(server, { subject: 'anonymous' })
    t.equal((await ask(wheel.path, { headers: basic(token()) })).status, 200)
    await isLogged(server, { subject: 'token:ci' })
    t.equal((await ask(wheel.path, { headers: basic(token({ revoked: instant(1) })) })).status, 401)
    t.equal((await ask(wheel.path, { headers: basic(mintToken()) })).status, 401)
    t.equal((await ask(wheel.path, { headers: basic('pcl_x') })).status, 401)
    t.equal((await ask(wheel.path, { headers: basic('x', 'pcl_x') })).status, 401, 'as the user name, with a password')
    t.equal((await ask(wheel.path, { headers: basic('x', token({ revoked: instant(1) })) })).status, 401)
    t.equal((await ask(wheel.path, { headers: basic('password-of-a-netrc') })).status, 200)
    t.equal((await ask('/metrics')).status, 200)
  },
)

t.test('what is for somebody is kept by no shared cache, what is for everybody may be', async t => {
  const [closed, open] = [await scene(t), await scene(t, { anonymous: true })]
  for (const path of [closed.wheel.path, '/simple/demo/']) {
    const headers = basic(closed.token())
    const { headers: told } = await closed.ask(path, { headers })
    t.match(told, { 'cache-control': /private/, vary: /Authorization/ }, path)
    const again = await closed.ask(path, { headers: { ...headers, 'if-none-match': told['etag'] ?? '' } })
    t.match(again, { status: 304, headers: { 'cache-control': /private/, vary: /Authorization/ } }, path)
  }
  t.match((await open.ask('/simple/demo/')).headers, { 'cache-control': 'no-cache', vary: 'Accept, Accept-Encoding' })
})

t.test('whoever guesses is told to wait and that is told, and whoever is right is served all the while', async t => {
  const { ask, wheel, token, told } = await scene(t)
  const good = basic(token())
  for (let round = 0; round < 50; round += 1)
    t.equal((await ask(wheel.path)).status, 401, 'asks without, as clients do')
  for (let round = 0; round < 20; round += 1)
    t.equal((await ask(wheel.path, { headers: basic(mintToken()) })).status, 401, `${round}`)
  const { status, headers } = await ask(wheel.path, { headers: basic(mintToken()) })
  t.equal(status, 429)
  t.match(headers, { 'retry-after': '5', 'cache-control': 'no-store' })
  t.match(told, [{ type: 'limited', limit: 'wrong-credentials', address: '127.0.0.1' }])
  t.equal((await ask(wheel.path, { headers: good })).status, 200)
  t.equal((await ask(wheel.path)).status, 401)
})

t.test('a front is believed by the address of its connection alone', async t => {
  const front = { header: 'x-forwarded-user', trusted: createTrusted(['127.0.0.1']) }
  const { ask, wheel, server, token } = await scene(t, { front }, ['127.0.0.1'])
  const name = (user: string) =>
    ask(wheel.path, { headers: { 'x-forwarded-user': user, 'x-forwarded-for': '203.0.113.9' } })
  t.equal((await name('anna')).status, 200)
  await isLogged(server, { subject: 'user:anna', client: '203.0.113.9' })
  for (const user of ['', 'a b', 'a, b', 'x'.repeat(257)]) t.equal((await name(user)).status, 401, user)
  const twice = requestText('/simple/demo/', 'X-Forwarded-User: anna', 'X-Forwarded-User: bert', CLOSE)
  t.match((await talk(server.url, twice)).text, /^HTTP\/1\.1 401/)
  for (const [secret, status, subject] of [
    [token({ revoked: instant(1) }), 401, 'anonymous'],
    [mintToken(), 401, 'anonymous'],
    ['pcl_x', 401, 'anonymous'],
    [token(), 200, 'token:ci'],
    ['password-of-a-netrc', 200, 'user:anna'],
    ['eyJhbGciOiJub25lIn0.eyJ9.', 200, 'user:anna'],
  ] as const) {
    const asked = { headers: { 'x-forwarded-user': 'anna', ...basic(secret) } }
    t.equal((await ask(wheel.path, asked)).status, status, secret)
    await isLogged(server, { subject })
  }
  const elsewhere = { header: 'x-forwarded-user', trusted: createTrusted(['203.0.113.9']) }
  const other = await scene(t, { front: elsewhere }, ['127.0.0.1'])
  const asked = { headers: { 'x-forwarded-user': 'anna', 'x-forwarded-for': '203.0.113.9' } }
  t.equal((await other.ask(other.wheel.path, asked)).status, 401, 'not by what X-Forwarded-For says')
})

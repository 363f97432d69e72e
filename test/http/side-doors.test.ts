// guards: src/http/door/connections.ts src/http/door/framework.ts src/http/door/router.ts src/http/people/ops.ts
import t, { type Test } from 'tap'
import type { Gate } from '../../src/gate/gate.ts'
import type { Route } from '../../src/http/door/routes.ts'
import { startGate } from '../world/gate/gate.ts'
import { until } from '../world/until.ts'
import { createWorld } from '../world/world.ts'
import { startServer } from './bare-server.ts'
import { type Answered, createAsk, dial, hear, requestText, SIMPLE_JSON, talk } from './client.ts'

const CLOSE = 'Connection: close'

async function scene(t: Test) {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  const gate = await startGate(t, world)
  return { world, gate, wheel, sdist, ask: createAsk(t, world, gate.url) }
}

/** Paths that mean something in plain, or nothing at all. */
const ODD: Readonly<Record<string, string | undefined>> = {
  '/%73imple/demo/': '/simple/demo/',
  '/simple/%64emo/': '/simple/demo/',
  '/simple/%44emo/': '/simple/Demo/',
  '/SIMPLE/demo/': undefined,
  '/Simple/demo/': undefined,
  '/PYPI/demo/json': undefined,
  '/pypi/demo/JSON': undefined,
  '/simple/a%00b/': undefined,
  '/simple/a%2500b/': undefined,
  '/simple/demo%5c/': undefined,
  '/simple/..%5c..%5cdemo/': undefined,
  '/simple/..%c0%afdemo/': undefined,
  '/simple/%2e/': undefined,
  '/simple/./demo/': undefined,
  '/simple/+simple/': undefined,
  '/simple/demo;x=1/': undefined,
  '/simple/demo,other/': undefined,
  '/simple/demo./': undefined,
  '/simple/.demo/': undefined,
  '/simple/demo%20/': undefined,
  '/simple/%20demo/': undefined,
  '/simple/demo%09/': undefined,
  '/simple/de%0d%0amo/': undefined,
  '/simple/demo%0aSet-Cookie:%20a=b/': undefined,
  '/simple/%E2%80%AEdemo/': undefined,
  '/simple/d%D0%B5mo/': undefined,
  '/simple/de%CC%81mo/': undefined,
  '/simple/demo/index.html': undefined,
  '/simple/demo/../../etc/passwd': undefined,
}

t.test('a path in an odd spelling is what it says in plain, or nothing', async t => {
  const { world, gate, wheel, ask } = await scene(t)
  const headers = { accept: SIMPLE_JSON }
  const told = ({ status, headers: { date: _date, ...rest }, text }: Answered) => ({ status, rest, text })
  for (const [odd, plain] of Object.entries(ODD)) {
    const answered = await ask(odd, { headers })
    t.equal(answered.headers['set-cookie'], undefined, odd)
    if (plain === undefined) t.match(String(answered.status), /^40[04]$/, odd)
    else if (answered.status !== 404) t.strictSame(told(answered), told(await ask(plain, { headers })), odd)
  }
  const folder = wheel.path.slice(0, wheel.path.lastIndexOf('/'))
  for (const name of [
    'demo-1.0-py3-none-any.whl%0d%0aSet-Cookie:%20a=b',
    'demo-1.0-py3-none-any.whl%00',
    'demo-1.0-py3-none-any.whl%20',
    'demo-1.0-py3-none-any.whl.',
    'demo-1.0-py3-none-any.whl/',
    'demo-1.0-py3-none-any.whl;x',
    './demo-1.0-py3-none-any.whl',
    '..%2fdemo-1.0-py3-none-any.whl',
    'DEMO-1.0-PY3-NONE-ANY.WHL',
  ]) {
    const answered = await ask(`${folder}/${name}`)
    t.match(String(answered.status), /^40[04]$/, name)
    t.equal(answered.headers['set-cookie'], undefined, name)
  }
  for (const raw of [
    '/simple/a\0b/',
    '/simple/#/..',
    '/simple/demo/#x',
    '/simple/demo/?#',
    `${wheel.path}#`,
    '/simple/d\u00e9mo/',
    '/simple/de mo/',
    '/simple/de\tmo/',
  ])
    t.match((await talk(gate.url, requestText(raw, CLOSE))).text, /^HTTP\/1\.1 40[04] /, JSON.stringify(raw))
  t.strictSame(
    world.upstream.requests.filter(({ url }) => !/^\/simple\/demo[a-z0-9-]*\/$/.test(url)).map(({ url }) => url),
    [],
    'the upstream heard of nothing but names in their normal form',
  )
})

t.test('what is no metadata of a listed wheel is 404, and neither file nor metadata was asked for', async t => {
  const { world, wheel, sdist, ask } = await scene(t)
  for (const path of [
    wheel.path.replace('demo-1.0', 'demo-9.0'),
    wheel.path.replace('demo-1.0', 'absent-1.0'),
    sdist.path,
    `${wheel.path}.metadata`,
  ])
    for (const method of ['GET', 'HEAD']) t.equal((await ask(`${path}.metadata`, { method })).status, 404, path)
  for (const suffix of ['.asc', '.metadata.asc', '.sig', '.provenance', '.publish.attestation', '.metadata/'])
    t.equal((await ask(`${wheel.path}${suffix}`)).status, 404, suffix)
  t.strictSame(
    world.upstream.requests.filter(({ route }) => route === 'file' || route === 'metadata').map(({ url }) => url),
    [],
  )
  t.equal((await ask(`${wheel.path}.metadata`)).status, 200, 'and its own is there')
})

t.test('a wheel of another project is none of the project whose page lists it', async t => {
  const { world, wheel, ask } = await scene(t)
  const filename = 'stray-1.0-py3-none-any.whl'
  world.upstream.add('demo', { filename, bytes: wheel.bytes, metadata: wheel.metadata, provenance: wheel.provenance })
  const path = world.upstream.pathOf('demo', filename)
  for (const asked of ['/simple/demo/', path, `${path}.metadata`, path]) {
    const { status } = await ask(asked, { headers: { accept: SIMPLE_JSON } })
    if (asked === path) t.match(String(status), /^40[34]$/, 'it does not leave')
  }
  t.equal((await ask(`/integrity/demo/1.0/${filename}/provenance`)).status, 404)
  t.equal(world.upstream.count('file'), 0)
  t.equal((await ask(wheel.path)).status, 200, 'and the project goes on')
})

t.test('what a page says of other indexes is not passed on', async t => {
  const { world, ask } = await scene(t)
  const elsewhere = 'https://other-index.example/simple/demo/'
  world.upstream.fault({
    route: 'page',
    do: {
      alter(body) {
        const { meta, ...page } = JSON.parse(body.toString())
        const more = { 'alternate-locations': [elsewhere], tracks: [elsewhere], next: elsewhere }
        return Buffer.from(JSON.stringify({ ...page, ...more, meta: { ...meta, ...more } }))
      },
    },
  })
  for (const accept of [SIMPLE_JSON, 'text/html']) {
    const { status, text } = await ask('/simple/demo/', { headers: { accept } })
    t.equal(status, 200)
    t.notMatch(text, /other-index|alternate|tracks/, accept)
  }
})

t.test('the Date of an upstream says nothing', async t => {
  for (const date of ['Thu, 01 Jan 1970 00:00:00 GMT', 'Sat, 28 Nov 2099 00:00:00 GMT', 'nonsense']) {
    const { world, gate, wheel, ask } = await scene(t)
    for (const route of ['page', 'provenance', 'file', 'metadata'] as const)
      world.upstream.fault({ route, do: { headers: { date } } })
    t.ok((await ask(wheel.path)).raw.equals(wheel.bytes), date)
    t.equal((await ask(`${wheel.path}.metadata`)).status, 200)
    const { status, text } = await ask('/readyz')
    t.equal(status, 200)
    t.match(JSON.parse(text), { checks: { clock: { ok: true } } }, 'it is no time that was recorded')
    await gate.stop()
    const again = await startGate(t, world)
    t.equal((await createAsk(t, world, again.url)(wheel.path)).status, 200, 'after a restart neither')
    t.strictSame(
      [...gate.events, ...again.events].filter(({ type }) => type === 'alarm'),
      [],
    )
  }
})

/** A path for each route of the server's own table. */
function fill({ url }: Route, path: string): string {
  const [, , a = '', b = '', rest = '', filename = ''] = path.split('/')
  const code = 'unattested'
  const values: Readonly<Record<string, string>> = { a, b, rest, filename, code, id: '0'.repeat(12), project: 'demo' }
  return url.replace(/:(\w+)/g, (_, segment: string) => values[segment] ?? '1.0')
}

t.test('whatever fails behind any route, nobody is told how', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const fails = (): never => {
    throw new RangeError('a secret detail of /srv/gate')
  }
  const failing = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function'
          ? fails
          : typeof value === 'object' && value !== null
            ? failing(value)
            : value
      },
    })
  const { url, server } = await startServer(t, world, {
    wrap: gate => failing<Gate>(gate),
    http: { metrics: async () => fails() },
    rootLists: { open: async () => fails(), close() {} },
  })
  const ask = createAsk(t, world, url)
  let failed = 0
  for (const path of [...server.routes.map(route => fill(route, wheel.path)), `${wheel.path}.metadata`])
    for (const accept of [SIMPLE_JSON, 'text/html', 'application/json', '*/*']) {
      const { status, headers, text } = await ask(path, { headers: { accept } })
      t.notMatch(text, /secret|RangeError|srv\/gate|\.ts:\d/, path)
      if (status < 500) continue
      failed += 1
      // whoever looks at an explanation in a browser is told in words; a client never is
      if (accept === 'text/html' && path.startsWith('/x/')) {
        t.equal(headers['content-type'], 'text/html; charset=utf-8', path)
        t.match(text, /The log of the gate has it as (?:<[a-z]+>)?[0-9a-f]{12}/)
        continue
      }
      t.equal(headers['content-type'], 'application/problem+json', path)
      t.match(JSON.parse(text), {
        code: /^unknown-/,
        detail: /^(?:The log of the gate has it as [0-9a-f]{12}|the list )/,
      })
    }
  t.ok(failed > 20, `${failed} answers were errors`)
})

t.test('connections above the limit are not taken, and those that are there go on', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { url } = await startServer(t, world, { http: { limits: { connections: 3 } } })
  const taken = await Promise.all([1, 2, 3].map(() => dial(url)))
  for (const socket of taken) socket.write('GET /healthz HTTP/1.1\r\nHost: gate.example\r\n\r\n')
  await Promise.all(taken.map(socket => new Promise(resolve => socket.once('data', resolve))))
  for (let late = 0; late < 20; late += 1) {
    const { text, ended } = await talk(url, requestText('/healthz', CLOSE))
    t.equal(text, '')
    t.not(ended, 'open')
  }
  for (const socket of taken) {
    const heard = hear(socket)
    socket.write(requestText('/simple/demo/', CLOSE))
    t.match((await heard).text, /^HTTP\/1\.1 200 /)
  }
  await until('there is room again', async () => (await talk(url, requestText('/healthz', CLOSE))).text !== '')
})

t.test('probes and metrics name no project, file or client', async t => {
  const { world, wheel, ask } = await scene(t)
  const { wheel: refused } = await world.release('secretive', '1.0', { attested: false })
  t.equal((await ask(wheel.path)).status, 200)
  t.match(String((await ask(refused.path)).status), /^403$/)
  t.equal((await ask('/simple/demo/')).status, 200)
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const { status, text } = await ask(path)
    t.equal(status, 200)
    t.notMatch(text, /demo|secretive|acme|whl|127\.0\.0\.1/, path)
  }
})

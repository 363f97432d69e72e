// guards: src/http/console/api/add-api.ts src/http/console/api/bearers.ts src/http/console/api/caller.ts src/http/console/api/read-call.ts
// guards: src/http/console/api/cursor.ts src/http/console/api/call.ts src/http/console/api/handlers/overview.ts src/http/console/api/handlers/as-told.ts
// guards: src/http/console/api/handlers/index-of.ts src/http/console/api/handlers/tokens.ts src/http/console/api/api-parts.ts
import t from 'tap'
import { API_BASE, type Operation } from '../../../../src/protocol/api/operation.ts'
import { OPERATIONS } from '../../../../src/protocol/api/operations.ts'
import { openApiScene } from './api-scene.ts'

const SCOPES = ['request', 'read', 'approve', 'admin'] as const

/** A path that has everything it takes. */
function pathOf({ path }: Operation): string {
  return path.replace('{project}', 'demo').replace('{id}', '0123456789ab').replace('{name}', 'nobody')
}

t.test('nobody who is unknown is told anything, whatever the call', async t => {
  const { call } = await openApiScene(t)
  for (const [id, told] of Object.entries<Operation>(OPERATIONS)) {
    const body = told.method === 'POST' ? { body: {} } : {}
    const answer = await call(pathOf(told), { method: told.method, ...body })
    t.match(answer, { status: 401, body: { code: 'not-signed-in', status: 401 } }, `${id} without a token`)
    t.equal(answer.headers.get('content-type'), 'application/problem+json', id)
    t.equal(answer.headers.get('cache-control'), 'no-store', id)
  }
  for (const [token, why] of [
    ['pcl_made-up', /mistyped or cut/],
    ['eyJhbGciOiJub25lIn0.e30.', /mistyped or cut/],
  ] as const)
    t.match(await call('/me', { token }), { status: 401, body: { detail: why } })
})

t.test('a call takes the scope that its operation names, and each scope may what those before it may', async t => {
  const { call, token } = await openApiScene(t)
  const tokens = await Promise.all(SCOPES.map(scope => token(scope, [scope])))
  for (const [id, told] of Object.entries<Operation>(OPERATIONS)) {
    if (told.method === 'POST') continue
    for (const [at, scope] of SCOPES.entries()) {
      const answer = await call(pathOf(told), { token: tokens[at] ?? '' })
      const may = at >= SCOPES.indexOf(told.need)
      t.equal(answer.body?.code === 'not-allowed-here', !may, `${id} as ${scope}: ${answer.status}`)
    }
  }
  t.match(await call('/tokens', { token: tokens[2] ?? '', method: 'POST', body: { name: 'x' } }), { status: 403 })
})

t.test('routes and document agree both ways', async t => {
  const { call, token, gate } = await openApiScene(t)
  const secret = await token('reader', ['read'])
  const { status, body } = await call('/openapi.json', { token: secret })
  t.equal(status, 200)
  const told = Object.entries(body.paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${API_BASE}${path}`),
  )
  const routes = gate.app.consoleRoutes
    .filter(({ path }) => path.startsWith('/api/'))
    .map(({ method, path }) => `${method} ${path.replace(/:([a-z_]+)/g, '{$1}')}`)
  t.strictSame(routes.toSorted(), told.toSorted())
  t.ok(routes.length > 25)
})

t.test('a token is for its indexes here too', async t => {
  const { call, token } = await openApiScene(t, {
    configuration: {
      indexes: { main: { path: '/', sources: ['upstream'] }, ml: { path: '/ml', sources: ['upstream'] } },
    },
  })
  const ml = await token('ml', ['approve'], ['ml'])
  t.match(await call('/me', { token: ml }), { status: 200, body: { subject: 'token:ml', indexes: ['ml'] } })
  t.match(await call('/exemptions', { token: ml }), { status: 200, body: { index: 'ml' } })
  t.match(await call('/exemptions?index=main', { token: ml }), { status: 403, body: { code: 'not-allowed-here' } })
  t.match(await call('/policies', { token: ml }), { status: 200, body: { items: [{ index: 'ml' }] } })
  for (const path of ['/overview', '/projects', '/audit'])
    t.match(await call(path, { token: ml }), { status: 403, body: { code: 'not-allowed-here' } }, path)
  const all = await token('all', ['read'])
  t.match(await call('/exemptions?index=main', { token: all }), { status: 200, body: { index: 'main' } })
  t.match(await call('/exemptions?index=other', { token: all }), { status: 400, body: { code: 'bad-call' } })
  const none = await token('metrics', undefined, [])
  t.match(await call('/explain?target=demo', { token: none }), { status: 403 }, 'a token for no index')
})

t.test('what is said is checked, and what stood there is not repeated', async t => {
  const { call, token } = await openApiScene(t)
  const read = await token('reader', ['admin'])
  for (const path of [
    '/journal?limit=0',
    '/journal?limit=501',
    '/journal?limit=ten',
    '/journal?limit=1&limit=2',
    '/journal?since=yesterday',
    '/journal?sha256=abc',
    '/journal?unknown=1',
    '/journal?__proto__=1',
    '/journal?project=%00',
    '/projects/..%2f..%2fetc',
    '/audit?cursor=made-up',
    '/requests?cursor=WyJhdWRpdCIsIjEiXQ',
    '/requests?cursor=WyJyZXF1ZXN0cyIsIlx1MDAwMCJd',
    '/explain',
    '/explain?target=a%20b',
  ])
    t.match(await call(path, { token: read }), { status: 400, body: { code: 'bad-call' } }, path)
  const post = (body: unknown, headers = {}) => call('/tokens', { token: read, method: 'POST', body, headers })
  t.match(await post('{"name": "a", "name": "b"}'), { status: 400, body: { code: 'bad-call' } }, 'a name twice')
  t.match(await post('not json'), { status: 400 })
  t.match(await post({}), { status: 422, body: { code: 'invalid-body' } })
  t.match(await post({ name: 'x', more: 1 }), { status: 422 })
  t.match(await post('{}', { 'content-type': 'text/plain' }), { status: 415 })
  t.match(await post({ name: 'x'.repeat(70_000) }), { status: 413 })
  t.match(await call('/tokens', { token: read, method: 'PUT', body: {} }), { status: 405 })
  t.match(await call('/nothing', { token: read }), { status: 404 })
})

t.test('a token is given out, listed, and ended, and all of it stands in the audit log', async t => {
  const { call, token } = await openApiScene(t)
  const admin = await token('root', ['admin'])
  const made = await call('/tokens', {
    token: admin,
    method: 'POST',
    body: { name: 'bot', scopes: ['read'], holder: 'ada@acme.example', reason: 'for the dashboard' },
  })
  t.match(made, { status: 201, body: { name: 'bot', subject: 'token:bot', scopes: ['read'], state: 'in force' } })
  t.match(await call('/me', { token: made.body.token ?? '' }), { status: 200, body: { scopes: ['read'] } })
  t.match(await call('/tokens', { token: admin, method: 'POST', body: { name: 'bot' } }), {
    status: 409,
    body: { code: 'name-in-use' },
  })
  const listed = await call('/tokens', { token: admin })
  t.match(listed.body.items, [
    { name: 'root', holder: null },
    { name: 'bot', holder: 'ada@acme.example' },
  ])
  t.match(await call('/tokens', { token: admin, method: 'POST', body: { name: 'x', holder: 'ada l' } }), {
    status: 422,
    body: { code: 'invalid-body', detail: /^holder: / },
  })
  t.notMatch(JSON.stringify(listed.body), made.body.token?.slice(4, 40) ?? '', 'never again')
  t.match(await call('/tokens/bot/revoke', { token: admin, method: 'POST', body: {} }), { status: 200 })
  t.match(await call('/tokens/bot/revoke', { token: admin, method: 'POST', body: {} }), { status: 404 })
  const { body } = await call('/audit?actor=token:root', { token: admin })
  t.match(body.items, [
    { action: 'token-revoked', actor: 'token:root', target: 'bot' },
    { action: 'token-created', actor: 'token:root', target: 'bot', why: 'for the dashboard' },
  ])
})

t.test('a call with another method is told which ones there are, and no other', async t => {
  const { call, token } = await openApiScene(t)
  const read = await token('reader', ['read'])
  for (const [method, path, allowed] of [
    ['GET', '/policy/check', 'POST'],
    ['OPTIONS', '/sessions/end', 'POST'],
    ['POST', '/journal', 'GET, HEAD'],
    ['DELETE', '/tokens', 'GET, HEAD, POST'],
    ['QUERY', '/policy/check', 'POST'],
    ['LINK', '/journal', 'GET, HEAD'],
  ] as const) {
    const { status, headers } = await call(path, { token: read, method })
    t.strictSame([status, headers.get('allow')], [405, allowed], `${method} ${path}`)
  }
})

// guards: src/http/console/failure-page.ts src/http/console/sign-in/session-keeper.ts src/http/console/style.ts
import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { CONSOLE_HEADERS, downloadOf, jsonOf, seeOther } from '../../../src/http/console/answer.ts'
import type { Console } from '../../../src/http/console/console.ts'
import { csrfField, layout } from '../../../src/http/console/layout.ts'
import { ConsoleRoutes } from '../../../src/http/console/router.ts'
import { html } from '../../../src/http/markup/html.ts'
import { createBrowser } from '../../world/people/browser.ts'
import { until } from '../../world/until.ts'
import { talk } from '../client.ts'
import { openDesk } from './open-desk.ts'
import { addWelcome } from './welcome.ts'

/** A page with a form, which says what was done; and calls of a program. */
function someRoutes(done: string[]) {
  return ({ router }: Console): void => {
    addWelcome(router)
    router.page('/requests/:id', 'viewer', visit =>
      layout(visit, {
        title: 'A request',
        body: html`<h1>${visit.segments['id']}</h1><form action="/decisions">${csrfField(visit)}</form>`,
      }),
    )
    router.form('/decisions', 'approver', (visit, fields) => {
      done.push(`${visit.person.subject} ${fields.get('words')}`)
      return seeOther('/')
    })
    router.api('GET', '/api/v1/things', 'viewer', () => jsonOf({ things: [] }))
    router.api('POST', '/api/v1/things', 'approver', async visit => {
      done.push((await visit.body()).toString())
      return jsonOf({}, 201)
    })
    router.page('/broken', 'viewer', () => {
      throw new Error('secret words of a library')
    })
    router.page('/export', 'viewer', () => downloadOf('rows.csv', 'text/csv', pieces()))
  }
}

async function* pieces(): AsyncGenerator<string> {
  yield 'a,b\n'
  yield '1,2\n'
}

async function deskWithRoutes(t: Test) {
  const done: string[] = []
  const desk = await openDesk(t, { routes: someRoutes(done) })
  return { ...desk, desk, done }
}

const FORM = 'application/x-www-form-urlencoded'

t.test('whoever is not signed in is led to the sign-in, and back to what was asked', async t => {
  const { url } = await deskWithRoutes(t)
  const { get } = createBrowser(t)
  for (const [path, to] of [
    ['/', '/sign-in'],
    ['/requests/1?a=b', '/sign-in?to=%2Frequests%2F1%3Fa%3Db'],
  ] as const) {
    const came = await get(`${url}${path}`, { follow: false })
    t.match(came, { status: 303, headers: { location: to, 'cache-control': 'no-store' } })
  }
  t.match(await get(`${url}/`), { status: 200, text: /portcullis console login/ }, 'there is no issuer')
})

t.test('a program that is nobody is told so as a problem, and no browser asks for a password', async t => {
  const { url, done } = await deskWithRoutes(t)
  const { get } = createBrowser(t)
  for (const method of ['GET', 'HEAD', 'POST'] as const) {
    const came = await get(`${url}/api/v1/things`, { method })
    t.equal(came.status, 401)
    t.equal(came.headers['content-type'], 'application/problem+json')
    t.match(came.headers['www-authenticate'], /^Bearer /)
  }
  t.match(await get(`${url}/api/v1/things`, { headers: { authorization: 'Bearer pcl_x' } }), { status: 401 })
  t.strictSame(done, [])
})

t.test('every answer says what browsers and caches need to hear', async t => {
  const { url, person } = await deskWithRoutes(t)
  const { get } = await person('viewer')
  for (const [path, status] of [
    ['/', 200],
    ['/nowhere', 404],
    ['/sign-in', 200],
    ['/signed-out', 200],
    ['/callback', 404],
    ['/api/v1/things', 200],
    ['/api/v1/nothing', 404],
    ['/decisions', 405],
    ['/broken', 500],
    ['/export', 200],
    ['/assets/console.css', 200],
    ['/#', 400],
  ] as const) {
    const came = await get(`${url}/`, { follow: false }).then(() => at(url, path, get))
    t.equal(came.status, status, path)
    for (const [name, value] of CONSOLE_HEADERS)
      if (name !== 'Cache-Control') t.equal(came.headers[name.toLowerCase()], value, `${path} ${name}`)
    t.match(came.headers['cache-control'], path.startsWith('/assets/') ? /^private, / : /^no-store$/, path)
    t.notMatch(came.text, /secret words/, path)
  }
  t.notMatch(CONSOLE_HEADERS.flat().join(), /unsafe|\*/)
})

async function at(url: string, path: string, get: ReturnType<typeof createBrowser>['get']) {
  if (path !== '/#') return await get(`${url}${path}`)
  const { text } = await talk(url, `GET /#x HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n\r\n`)
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const headers = Object.fromEntries(fields.map(field => [field.split(': ')[0]?.toLowerCase(), field.split(': ')[1]]))
  return { url: new URL(url), status: Number(line.split(' ')[1]), headers, text: body }
}

t.test('a page shows what stands in it as text, and names who looks', async t => {
  const { url, person } = await deskWithRoutes(t)
  const { get } = await person('viewer')
  const { text, headers } = await get(`${url}/requests/%3Cscript%3Ealert(1)%3C%2Fscript%3E`)
  t.match(text, '<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>')
  t.match(text, 'viewer@acme.example · viewer')
  t.notMatch(text, /<script|<style|style="|onclick/)
  t.equal(headers['content-type'], 'text/html; charset=utf-8')
})

t.test('a path that is written as no text is, is not there', async t => {
  const { url, person } = await deskWithRoutes(t)
  const { get } = await person('viewer')
  for (const path of ['/requests/%ff', '/requests/%', '/requests/', '//', '/requests/1/', '/__proto__', '/constructor'])
    t.equal((await get(`${url}${path}`)).status, 404, path)
})

t.test('what comes in pieces is sent whole, and not to HEAD', async t => {
  const { url, person } = await deskWithRoutes(t)
  const { get } = await person('viewer')
  t.match(await get(`${url}/export`), {
    text: 'a,b\n1,2\n',
    headers: { 'content-disposition': 'attachment; filename="rows.csv"' },
  })
  t.match(await get(`${url}/export`, { method: 'HEAD' }), { status: 200, text: '' })
})

t.test('a form is taken from whoever has the role, with the word of his session', async t => {
  const { url, person, done } = await deskWithRoutes(t)
  const ada = await person('approver')
  const page = await ada.get(`${url}/requests/1`)
  t.match(await ada.submit(page, '/decisions', { words: 'yes' }), { status: 200 })
  t.strictSame(done, ['user:approver@acme.example yes'])
})

t.test('a form without the word of its session does nothing', async t => {
  const { url, person, done } = await deskWithRoutes(t)
  const [ada, bob] = [await person('approver'), await person('approver')]
  const others = csrfOf(await bob.get(`${url}/requests/1`))
  t.match(others, /^[0-9a-f]{64}$/)
  for (const fields of [{}, { csrf: '' }, { csrf: others }, { csrf: 'x'.repeat(64) }])
    t.match(await ada.post(`${url}/decisions`, { ...fields, words: 'yes' }), { status: 403, text: /stale-form/ })
  t.match(await ada.post(`${url}/api/v1/things`, {}), { status: 403 }, 'nor does a call')
  t.strictSame(done, [])
})

t.test('a viewer’s decision is refused, whatever else is right about it', async t => {
  const { url, person, done } = await deskWithRoutes(t)
  const viewer = await person('viewer')
  const page = await viewer.get(`${url}/requests/1`)
  t.match(await viewer.submit(page, '/decisions', { words: 'yes' }), { status: 403, text: /not-your-role/ })
  t.strictSame(done, [])
})

t.test('another site makes nobody’s browser do anything', async t => {
  const { url, person, done } = await deskWithRoutes(t)
  const ada = await person('approver')
  const csrf = csrfOf(await ada.get(`${url}/requests/1`))
  const [host, port] = [new URL(url).host, new URL(url).port]
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `https://${host}` },
    { origin: `http://127.0.0.1:${Number(port) + 1}` },
    { origin: `http://${host}.evil.example` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ]) {
    const came = await ada.post(`${url}/decisions`, { csrf, words: 'yes' }, { headers })
    t.equal(came.status, 403, JSON.stringify(headers))
  }
  t.strictSame(done, [])
  const from = (mode: string, dest: string) => ({
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode, 'sec-fetch-dest': dest },
  })
  t.equal((await ada.get(`${url}/`, from('navigate', 'document'))).status, 200, 'a link leads here')
  t.equal((await ada.get(`${url}/`, from('navigate', 'iframe'))).status, 403)
  t.equal((await ada.get(`${url}/`, from('no-cors', 'image'))).status, 403)
  t.equal((await ada.get(`${url}/`, { headers: { origin: 'https://evil.example' } })).status, 403)
})

t.test('the console answers to its own names alone', async t => {
  const { url, person } = await deskWithRoutes(t)
  const { get } = await person('viewer')
  const { port } = new URL(url)
  for (const [host, status] of [
    [`127.0.0.1:${port}`, 200],
    [`localhost:${port}`, 200],
    [`LOCALHOST:${port}`, 200],
    ['evil.example', 421],
    [`evil.example:${port}`, 421],
    ['127.0.0.1', 421],
    [`127.0.0.1.evil.example:${port}`, 421],
  ] as const)
    t.equal((await get(`${url}/sign-in`, { headers: { host } })).status, status, host)
  const { text } = await talk(
    url,
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
  )
  t.match(text, /^HTTP\/1\.1 400 /, 'and a request names one')
})

t.test('with a public URL its cookie is Secure, and for this host alone', async t => {
  const desk = await openDesk(t, { publicUrl: 'https://console.acme.example', routes: someRoutes([]) })
  const { post, get } = createBrowser(t)
  const headers = { host: 'console.acme.example', origin: 'https://console.acme.example' }
  const { pathname } = new URL(await desk.link('viewer'))
  const came = await post(`${desk.url}${pathname}`, {}, { headers, follow: false })
  t.equal(came.status, 303)
  t.match(came.headers['set-cookie'], [
    /^__Host-portcullis-session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure$/,
    /^__Host-portcullis-sign-in=; /,
  ])
  t.equal((await get(`${desk.url}/`, { headers: { host: 'console.acme.example' } })).status, 200)
})

t.test('a look at a link uses nothing up; it signs in once', async t => {
  const { url, link, audit, desk } = await deskWithRoutes(t)
  const to = await link('admin')
  const [ada, bob] = [createBrowser(t), createBrowser(t)]
  const page = await ada.get(to)
  t.match(page, { status: 200, text: /<button>Sign in<\/button>/ })
  t.match(await ada.get(to), { status: 200 }, 'a messenger looks at it')
  const { pathname } = new URL(to)
  t.match(await ada.submit(page, pathname), { status: 200, text: /admin@acme\.example · admin/ })
  t.match(await bob.submit(page, pathname), { status: 403, text: /link was used/ })
  t.equal((await bob.get(`${url}/`, { follow: false })).status, 303)
  t.match(audit, [
    { action: 'signed-in', actor: 'user:admin@acme.example', from: '127.0.0.1', detail: { by: 'link', role: 'admin' } },
    { action: 'sign-in-refused', actor: 'anonymous', from: '127.0.0.1' },
  ])
  const late = await link('admin')
  desk.now = instant(desk.now + 600_000)
  t.match(await bob.post(late, {}), { status: 403 })
})

t.test('of many who press the button of one link, one is signed in', async t => {
  const { link } = await deskWithRoutes(t)
  const to = await link('admin')
  const came = await Promise.all(Array.from({ length: 8 }, () => createBrowser(t).post(to, {}, { follow: false })))
  t.equal(came.filter(({ status }) => status === 303).length, 1)
})

t.test('another site signs nobody in by a link', async t => {
  const { link } = await deskWithRoutes(t)
  const { post } = createBrowser(t)
  t.match(await post(await link('viewer'), {}, { headers: { origin: 'https://evil.example' } }), { status: 403 })
})

t.test('whoever guesses is told to wait, and a link that is good is taken all the while', async t => {
  const { url, link, audit, events } = await deskWithRoutes(t)
  const good = await link('admin')
  const { post } = createBrowser(t)
  for (let count = 0; count < 20; count += 1) t.equal((await post(`${url}/link/${'x'.repeat(43)}`, {})).status, 403)
  t.match(await post(`${url}/link/${'x'.repeat(43)}`, {}), { status: 429, headers: { 'retry-after': /^\d$/ } })
  t.equal(audit.length, 20, 'the log does not grow with guesses')
  t.match(await post(good, {}), { status: 200 })
  t.ok(events.some(event => event.type === 'limited' && event.limit === 'wrong-credentials'))
})

t.test('a session ends when somebody signs out, whoever has its cookie', async t => {
  const { url, person, audit } = await deskWithRoutes(t)
  const ada = await person('viewer')
  const thief = createBrowser(t)
  for (const [host, own] of ada.cookies) thief.cookies.set(host, new Map(own))
  t.equal((await thief.get(`${url}/`, { follow: false })).status, 200)
  const left = await ada.submit(await ada.get(`${url}/`), '/sign-out')
  t.match(left, { status: 200, text: /You are signed out/ })
  t.strictSame([...(ada.cookies.get('127.0.0.1') ?? [])], [], 'the cookie is gone')
  t.equal((await thief.get(`${url}/`, { follow: false })).status, 303)
  t.match(audit.at(-1), { action: 'signed-out', actor: 'user:viewer@acme.example' })
})

t.test('nobody signs somebody out from elsewhere', async t => {
  const { url, person } = await deskWithRoutes(t)
  const ada = await person('viewer')
  t.equal((await ada.post(`${url}/sign-out`, {})).status, 403)
  t.equal((await ada.get(`${url}/sign-out`)).status, 405)
  t.equal((await ada.get(`${url}/`, { follow: false })).status, 200)
})

t.test('a session ends after an hour of nothing, and after twelve in any case', async t => {
  const { url, person, desk } = await deskWithRoutes(t)
  const ada = await person('viewer')
  const isIn = async () => (await ada.get(`${url}/`, { follow: false })).status === 200
  const began = desk.now
  desk.now = instant(began + 3_599_000)
  t.ok(await isIn())
  desk.now = instant(desk.now + 3_600_000)
  t.notOk(await isIn(), 'an hour passed')
  const bob = await person('viewer')
  const start = desk.now
  for (let hours = 0; hours < 12; hours += 0.9) {
    desk.now = instant(start + hours * 3_600_000)
    t.equal((await bob.get(`${url}/`, { follow: false })).status, 200, `${hours} h`)
  }
  desk.now = instant(start + 12 * 3_600_000)
  t.equal((await bob.get(`${url}/`, { follow: false })).status, 303)
})

t.test('a cookie that was altered, made up or doubled is nobody’s', async t => {
  const { url, person } = await deskWithRoutes(t)
  const ada = await person('admin')
  const [name = '', value = ''] = [...(ada.cookies.get('127.0.0.1') ?? [])][0] ?? []
  const last = value.endsWith('A') ? 'B' : 'A'
  const { get } = createBrowser(t)
  for (const cookie of [
    `${name}=${value.slice(0, -1)}${last}`,
    `${name}=${'A'.repeat(43)}`,
    `${name}=`,
    `${name}=${value}; ${name}=${'A'.repeat(43)}`,
    `${name.toUpperCase()}=${value}`,
    `__Host-${name}=${value}`,
    `${name}=${value}'--`,
    `${name}=%00`,
  ])
    t.equal((await get(`${url}/`, { headers: { cookie }, follow: false })).status, 303, cookie)
  t.equal((await get(`${url}/`, { headers: { cookie: `a=b; ${name}=${value}` }, follow: false })).status, 200)
})

t.test('signing in makes a session of its own: one that was planted is worth nothing', async t => {
  const { url, link } = await deskWithRoutes(t)
  const ada = createBrowser(t)
  const planted = 'P'.repeat(43)
  ada.cookies.set('127.0.0.1', new Map([['portcullis-session', planted]]))
  await ada.post(await link('viewer'), {})
  t.not(ada.cookies.get('127.0.0.1')?.get('portcullis-session'), planted)
  const cookie = `portcullis-session=${planted}`
  t.equal((await createBrowser(t).get(`${url}/`, { headers: { cookie }, follow: false })).status, 303)
})

t.test('signing in again ends the session before', async t => {
  const { url, link, person } = await deskWithRoutes(t)
  const ada = await person('admin')
  const before = ada.cookies.get('127.0.0.1')?.get('portcullis-session') ?? ''
  await ada.post(await link('viewer'), {})
  const cookie = `portcullis-session=${before}`
  t.equal((await createBrowser(t).get(`${url}/`, { headers: { cookie }, follow: false })).status, 303)
})

t.test('what is no form of ours is told what it is, and never a defect', async t => {
  const { url, person, done } = await deskWithRoutes(t)
  const ada = await person('approver')
  const send = (type: string, body: string | Buffer) =>
    ada.get(`${url}/decisions`, { method: 'POST', headers: { 'content-type': type, origin: url }, body })
  for (const [type, body, status] of [
    ['application/json', '{}', 415],
    ['', '', 415],
    ['text/plain', 'csrf=1', 415],
    [FORM, 'a='.padEnd(70_000, 'a'), 413],
    [FORM, Buffer.from([0xff, 0xfe, 0x00]), 403],
    [`${FORM}; charset=x`, '%%%&&&===', 403],
    ['multipart/form-data', '--', 400],
    ['multipart/form-data; boundary=x', '--x\r\nnonsense', 400],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n1\r\n--x--\r\n',
      403,
    ],
  ] as const)
    t.equal((await send(type, body)).status, status, `${type} ${body.length}`)
  const { text } = await talk(
    url,
    `POST /decisions HTTP/1.1\r\nHost: ${new URL(url).host}\r\nCookie: portcullis-session=${ada.cookies.get('127.0.0.1')?.get('portcullis-session')}\r\nContent-Type: ${FORM}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n11000\r\n${'a'.repeat(0x11000)}\r\n0\r\n\r\n`,
  )
  t.match(text, /^HTTP\/1\.1 413 /, 'one that does not say how long it is')
  t.strictSame(done, [])
})

t.test('a call of a session names its word, and a program names itself', async t => {
  const done: string[] = []
  const person = { subject: 'token:ci', email: undefined, name: 'ci', role: 'approver' } as const
  const desk = await openDesk(t, {
    routes: someRoutes(done),
    identify: async ({ request }) => (request.headers.authorization === 'Bearer good' ? person : undefined),
  })
  const ada = await desk.person('approver')
  const csrf = csrfOf(await ada.get(`${desk.url}/requests/1`))
  const call = (headers: Record<string, string>, by = ada) =>
    by.get(`${desk.url}/api/v1/things`, { method: 'POST', headers, body: '{}' })
  t.equal((await call({ origin: desk.url })).status, 403)
  t.equal((await call({ origin: desk.url, 'x-csrf-token': csrf })).status, 201)
  t.equal((await call({ authorization: 'Bearer good' }, createBrowser(t))).status, 201)
  t.equal((await call({ authorization: 'Bearer bad', 'x-csrf-token': csrf })).status, 401, 'whatever cookie it brings')
  t.equal((await call({ authorization: 'Bearer good', origin: 'https://evil.example' }, createBrowser(t))).status, 403)
  t.equal(done.length, 2)
})

t.test('what nobody may read in a log is not in it', async t => {
  const { link, events, url } = await deskWithRoutes(t)
  const to = await link('viewer')
  const ada = createBrowser(t)
  await ada.get(to)
  await ada.post(to, {})
  await ada.get(`${url}/callback?code=abcdefgh&state=x`)
  t.equal((await ada.get(`${to}/`)).status, 404)
  t.equal((await ada.get(to, { headers: { host: 'other.example' } })).status, 421)
  // the line of a request follows the end of its answer
  await until('all are logged', () => events.filter(({ type }) => type === 'request').length >= 6)
  const said = JSON.stringify(events)
  t.notMatch(said, to.slice(-43))
  t.notMatch(said, 'abcdefgh')
  t.match(
    events.filter(event => event.type === 'request').map(event => event.url),
    ['/link/…', '/link/…', '/', '/callback?…', '/link/…', '/link/…'],
  )
  t.ok(events.some(event => event.type === 'request' && event.subject === 'user:viewer@acme.example'))
})

t.test('what was not foreseen is told to the log alone, under an id', async t => {
  const { url, person, events } = await deskWithRoutes(t)
  const came = await (await person('viewer')).get(`${url}/broken`)
  const id = /has it as ([0-9a-f]{12})/.exec(came.text)?.[1]
  t.match(
    events.filter(event => event.type === 'unknown'),
    [{ id, route: 'console /broken', code: 'unknown-bug' }],
  )
})

t.test('no path is answered twice, and the one with more words of its own goes first', async t => {
  const routes = new ConsoleRoutes()
  const answer = () => jsonOf({})
  routes.page('/requests/:id', 'viewer', answer)
  routes.page('/requests/new', 'viewer', answer)
  t.throws(() => routes.page('/requests/:other', 'viewer', answer), /answered twice/)
  t.throws(() => routes.api('GET', '/v1', 'viewer', answer), /no path of the API/)
  t.throws(() => routes.asset('/a.js', 'text/javascript', ''), /no path of an asset/)
  t.equal(routes.find('GET', '/requests/new').route.path, '/requests/new')
  t.match(routes.find('HEAD', '/requests/7'), { route: { path: '/requests/:id' }, segments: { id: '7' } })
  t.throws(() => routes.find('POST', '/requests/7'), { code: 'wrong-method', allowed: ['GET', 'HEAD'] })
  t.throws(() => routes.find('GET', '/nothing'), { code: 'not-found' })
})

t.test('whoever signs in by another name of the console is led to the one that the issuer knows', async t => {
  const begun: string[] = []
  const proof = { state: 's', nonce: 'n', verifier: 'v' }
  const { url } = await openDesk(t, {
    publicUrl: 'https://console.acme.example',
    issuer: {
      async begin(callback) {
        begun.push(callback)
        return { url: 'https://login.acme.example/auth', proof }
      },
      finish: async () => ({ wrong: 'not here' }),
      async close() {},
    },
  })
  const { get } = createBrowser(t)
  t.match(await get(`${url}/sign-in?to=/requests`, { follow: false }), {
    status: 303,
    headers: { location: 'https://console.acme.example/sign-in?to=%2Frequests' },
  })
  t.strictSame(begun, [])
  const headers = { host: 'console.acme.example' }
  t.match(await get(`${url}/sign-in`, { headers, follow: false }), {
    status: 303,
    headers: {
      location: 'https://login.acme.example/auth',
      'set-cookie': [/^__Host-portcullis-sign-in=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/],
    },
  })
  t.strictSame(begun, ['https://console.acme.example/callback'])
})

t.test('while sessions cannot be read nobody is taken for signed out, or in', async t => {
  const away = () => Promise.reject(new GateError('unknown-store', 'the database is away'))
  const sessions = { begin: away, find: away, end: away, offer: away, take: away }
  const { url } = await openDesk(t, { sessions, routes: someRoutes([]) })
  const { get, post } = createBrowser(t)
  const headers = { cookie: `portcullis-session=${'A'.repeat(43)}` }
  t.match(await get(`${url}/`, { headers, follow: false }), { status: 503, headers: { 'retry-after': /^\d$/ } })
  t.match(await get(`${url}/api/v1/things`, { headers }), { status: 503 })
  t.match(await post(`${url}/link/${'A'.repeat(43)}`, {}), { status: 503 })
  t.match(await get(`${url}/`, { follow: false }), { status: 303 }, 'whoever brings nothing needs no look')
})

t.test('nobody is signed in without a row in the log', async t => {
  const away = () => Promise.reject(new GateError('unknown-store', 'the log is away'))
  const desk = await openDesk(t, { auditLog: { append: away } })
  const ada = createBrowser(t)
  t.match(await ada.post(await desk.link('admin'), {}), { status: 503 })
  t.notOk(ada.cookies.get('127.0.0.1')?.has('portcullis-session'))
})

t.test('a form of a session that ended does nothing, and says so', async t => {
  const { url, person, done, desk } = await deskWithRoutes(t)
  const ada = await person('approver')
  const page = await ada.get(`${url}/requests/1`)
  desk.now = instant(desk.now + 3_600_000)
  const came = await ada.post(`${url}/decisions`, { csrf: csrfOf(page), words: 'yes' })
  t.match(came, { status: 200, text: /What you sent was not taken/ })
  t.equal(came.url.pathname, '/sign-in/again')
  t.strictSame(done, [])
})

function csrfOf({ text }: { readonly text: string }): string {
  return /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
}

// guards: src/http/people/explained-by.ts src/http/people/request-page.ts src/http/people/sent.ts
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { mintToken, tokenHash } from '../../../src/domain/access/token.ts'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { systemClock } from '../../../src/domain/base/instant.ts'
import { withTokens } from '../../../src/store/tokens.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { createWorld, type Published, type ReleaseRequest } from '../../world/world.ts'

const CONSOLE = { listen: '127.0.0.1:0', requests: { anonymous: true } }
const FORM = 'application/x-www-form-urlencoded'
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

interface Scene {
  readonly gate: WorldGate
  readonly wheel: Published
  /** `/x/…` */
  readonly path: string
  send(body: string, headers?: Readonly<Record<string, string>>, path?: string): Promise<Response>
  /** as a form */
  ask(fields: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Response>
}

async function scene(
  t: Test,
  configuration: Readonly<Record<string, unknown>> = { console: CONSOLE },
  release: ReleaseRequest = { attested: false },
): Promise<Scene> {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { wheel } = await world.release('demo', '2.0', release)
  const gate = await startGate(t, world, { configuration })
  const refusal = await fetch(`${gate.url}${wheel.path}`, { headers: AUTHORITY(configuration) })
  const { explain } = (await refusal.json()) as { explain: string }
  const path = new URL(explain).pathname
  const send: Scene['send'] = (body, headers = {}, to = `${path}/request`) =>
    fetch(`${gate.url}${to}`, {
      method: 'POST',
      body,
      headers: { 'content-type': FORM, ...headers },
      redirect: 'manual',
    })
  return {
    gate,
    wheel,
    path,
    send,
    ask: (fields, headers) => send(new URLSearchParams(fields).toString(), headers),
  }
}

const AUTHORITY = (configuration: Readonly<Record<string, unknown>>): Record<string, string> =>
  typeof configuration['authorization'] === 'string' ? { authorization: configuration['authorization'] } : {}

const NOBODY = { actor: 'shell:test', from: 'command line', why: undefined }
const GOOD = { reason: 'the build needs it', email: 'ada@acme.example' }

t.test('a request has a page of its own, with its state, and is one however often it is sent', async t => {
  const { ask, path, gate, wheel } = await scene(t)
  const first = await ask(GOOD)
  t.equal(first.status, 201)
  t.equal(first.headers.get('location'), `${path}/request`)
  t.equal(first.headers.get('cache-control'), 'no-store')
  const told = await first.json()
  t.match(told, {
    url: `${gate.url}${path}/request`,
    state: 'open',
    kind: 'file',
    index: 'main',
    project: 'demo',
    filename: wheel.filename,
    sha256: wheel.sha256,
    code: 'unattested',
    reason: GOOD.reason,
    decision: null,
  })
  t.notMatch(JSON.stringify(told), 'ada@acme', 'who asked is not told to whoever has the address')
  const second = await ask({ reason: 'again', email: 'bob@acme.example' })
  t.equal(second.status, 201)
  t.strictSame(await second.json(), told)
  t.strictSame(await (await fetch(`${gate.url}${path}/request`)).json(), told)
  const page = await fetch(`${gate.url}${path}/request`, { headers: BROWSER })
  t.equal(page.status, 200)
  t.match(await page.text(), /<section class="waits">[\s\S]*Nobody has decided yet[\s\S]*the build needs it/)
})

t.test('the page of a refusal has the form, and needs no script for it', async t => {
  const { ask, path, gate } = await scene(t)
  const page = async () => await fetch(`${gate.url}${path}`, { headers: BROWSER })
  const before = await page()
  t.match(before.headers.get('content-security-policy'), /form-action 'self'/)
  t.equal(before.headers.get('referrer-policy'), 'same-origin', 'else the form comes with Origin: null')
  const text = await before.text()
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(text) ?? []
  t.equal(new URL(action, `${gate.url}${path}`).pathname, `${path}/request`)
  t.match(text, /<textarea[^>]* name="reason" required/)
  t.match(text, /<input[^>]* name="email" type="email"[^>]* required/)
  const came = await ask(GOOD, BROWSER)
  t.equal(came.status, 201)
  t.match(await came.text(), 'Nobody has decided yet')
  const after = await page()
  t.match(after.headers.get('content-security-policy'), /form-action 'none'/)
  const asked = await after.text()
  t.notMatch(asked, '<form')
  t.match(asked, 'Somebody has asked that it be let through')
})

t.test('it is sent as JSON, too', async t => {
  const { send } = await scene(t)
  const json = (value: unknown) => send(JSON.stringify(value), { 'content-type': 'application/json; charset=utf-8' })
  for (const [what, value, status] of [
    ['no object', [], 400],
    ['null', null, 400],
    ['a reason that is no text', { ...GOOD, reason: 1 }, 422],
    ['a reason that is an object', { ...GOOD, reason: { $gt: '' } }, 422],
    ['what stands on a prototype', { email: GOOD.email, __proto__: { reason: 'x' } }, 422],
    ['no reason', { email: GOOD.email }, 422],
    ['an address that is none', { ...GOOD, email: 'ada' }, 422],
    ['an address of nobody', { ...GOOD, email: null }, 422],
  ] as const)
    t.equal((await json(value)).status, status, what)
  t.equal(
    (await send('{"reason":"a","reason":"b","email":"a@b.example"}', { 'content-type': 'application/json' })).status,
    400,
    'a key twice',
  )
  t.equal((await json(GOOD)).status, 201)
})

t.test('what makes no sense is turned away, to a program as a problem, to a person as a page', async t => {
  const { send, ask, path } = await scene(t)
  const cases: readonly (readonly [string, number, string, () => Promise<Response>])[] = [
    ['no reason', 422, 'request-invalid', () => ask({ reason: ' \n', email: 'a@b.example' })],
    ['a reason that is too long', 422, 'request-invalid', () => ask({ ...GOOD, reason: 'x'.repeat(2_001) })],
    ['no address', 422, 'request-invalid', () => ask({ reason: 'x' })],
    ['two addresses', 422, 'request-invalid', () => send('reason=x&email=a%40b.example&email=c%40d.example')],
    ['another type', 415, 'unsupported-type', () => send('<x/>', { 'content-type': 'application/xml' })],
    ['no type', 415, 'unsupported-type', () => send('reason=x', { 'content-type': '' })],
    ['a compressed body', 415, 'unsupported-type', () => ask(GOOD, { 'content-encoding': 'gzip' })],
    ['a large body', 413, 'body-too-large', () => ask({ ...GOOD, reason: 'x'.repeat(1024 * 1024) })],
    ['an unknown id', 404, 'not-found', () => send('reason=x&email=a%40b.example', {}, '/x/000000000000/request')],
    ['no id', 404, 'not-found', () => send('reason=x&email=a%40b.example', {}, '/x/%00/request')],
    ['a foreign origin', 403, 'foreign-origin', () => ask(GOOD, { origin: 'https://evil.example' })],
    ['an origin that nobody says', 403, 'foreign-origin', () => ask(GOOD, { origin: 'null' })],
    ['a post to the refusal itself', 405, 'method-not-allowed', () => send('x', {}, path)],
    ['a post to a page', 405, 'method-not-allowed', () => send('x', {}, '/simple/demo/')],
    ['a path that leads there by detours', 405, 'method-not-allowed', () => send('x', {}, `/x/a%2f..${path}/request/`)],
  ]
  for (const [what, status, code, act] of cases) {
    const answer = await act()
    t.equal(answer.status, status, what)
    t.equal(answer.headers.get('content-type'), 'application/problem+json', what)
    t.match(await answer.json(), { code, status }, what)
  }
  const page = await ask({ reason: '', email: '<script>alert(1)</script>' }, BROWSER)
  t.equal(page.status, 422)
  t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  t.match(await page.text(), /say why the file is needed/)
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    t.equal((await fetch(`${await url()}${path}/request`, { method })).status, 405, method)
  function url() {
    return Promise.resolve(new URL(page.url).origin)
  }
  t.equal((await ask(GOOD, { origin: new URL(page.url).origin })).status, 201, 'from a page of its own')
})

t.test('a browser says from where it comes, and no other site asks for somebody', async t => {
  const { path, gate } = await scene(t)
  const { port } = new URL(gate.url)
  const body = new URLSearchParams(GOOD).toString()
  const statusOf = (headers: readonly string[], text = body) =>
    raw(Number(port), [
      `POST ${path}/request HTTP/1.1`,
      'Host: x',
      `Content-Type: ${FORM}`,
      ...headers,
      `Content-Length: ${text.length}`,
      '',
      text,
    ])
  t.match(await statusOf(['Sec-Fetch-Site: cross-site']), / 403 /)
  t.match(await statusOf(['Sec-Fetch-Site: same-site']), / 403 /)
  t.match(await statusOf(['Sec-Fetch-Site: same-origin', `Origin: http://localhost:${port}`]), / 201 /)
})

t.test('a body in pieces, one that is expected, and one that never comes', async t => {
  const { path, gate } = await scene(t)
  const port = Number(new URL(gate.url).port)
  const body = new URLSearchParams(GOOD).toString()
  const head = [`POST ${path}/request HTTP/1.1`, 'Host: x', `Content-Type: ${FORM}`]
  const pieces = body.replace(/./g, piece => `1\r\n${piece}\r\n`)
  t.match(await raw(port, [...head, 'Transfer-Encoding: chunked', '', `${pieces}0\r\n\r\n`]), / 201 /, 'chunked')
  const expected = await raw(port, [...head, 'Expect: 100-continue', `Content-Length: ${body.length}`, '', ''], {
    later: body,
  })
  t.match(expected, /^HTTP\/1\.1 100 Continue[\s\S]* 201 /)
  const large = await raw(port, [...head, 'Expect: 100-continue', 'Content-Length: 9999999', '', ''])
  t.match(large, /^HTTP\/1\.1 413 /, 'nobody says yes to what is too large')
  const both = await raw(port, [
    ...head,
    'Transfer-Encoding: chunked',
    `Content-Length: ${body.length}`,
    '',
    '0',
    '',
    '',
  ])
  t.match(both, /^HTTP\/1\.1 400 /, 'a request whose end can be read in two ways')
  const smuggled = await raw(port, [
    ...head,
    'Transfer-Encoding: chunked',
    '',
    `${pieces}0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`,
  ])
  t.equal(smuggled.match(/HTTP\/1\.1/g)?.length, 1, 'whatever comes behind a body is no request')
  const endless = await raw(port, [...head, 'Transfer-Encoding: chunked', '', `ffffff\r\n${'x'.repeat(200_000)}`])
  t.match(endless, /^HTTP\/1\.1 413 /, 'pieces that never end')
})

t.test('nobody asks for what is never waived', async t => {
  const { ask, path, gate } = await scene(t, { console: CONSOLE }, { tamper: 'content' })
  const page = await (await fetch(`${gate.url}${path}`, { headers: BROWSER })).text()
  t.match(page, 'digest-mismatch')
  t.notMatch(page, '<form')
  const answer = await ask(GOOD)
  t.equal(answer.status, 409)
  t.match(await answer.json(), { code: 'request-pointless' })
})

t.test('where nobody is allowed to ask without a name, credentials are wanted', async t => {
  const { ask, path, gate } = await scene(t, { console: { listen: '127.0.0.1:0' }, access: { tokens: true } })
  const answer = await ask(GOOD)
  t.equal(answer.status, 401)
  t.match(answer.headers.get('www-authenticate'), /^Basic /)
  t.notMatch(await (await fetch(`${gate.url}${path}`, { headers: BROWSER })).text(), '<form')
  const token = mintToken()
  const record = { name: 'ci', indexes: undefined, metrics: false, created: systemClock(), expires: undefined }
  await withTokens(gate.config.data, systemClock, keeper =>
    keeper.create(record, tokenHash(token) ?? sha256Of(''), NOBODY),
  )
  const authorization = `Bearer ${token}`
  const asked = await ask({ reason: 'ci needs it' }, { authorization })
  t.equal(asked.status, 201, 'an address is for whom nobody knows')
  const page = await fetch(`${gate.url}${path}/request`, { headers: { authorization } })
  t.equal(page.status, 200)
})

t.test('a browser is asked for a token where somebody follows the link, and has the form then', async t => {
  const { ask, path, gate } = await scene(t, { console: { listen: '127.0.0.1:0' }, access: { tokens: true } })
  const page = async (to: string, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`${gate.url}${to}`, { headers: { ...BROWSER, ...headers }, redirect: 'manual' })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  }
  t.match((await page(path)).text, `href="${path.split('/').at(-1)}/ask"`)
  const nobody = await page(`${path}/ask`)
  t.match([nobody.status, nobody.headers.get('www-authenticate')], [401, /^Basic realm=/])
  t.match(nobody.text, /your token as the password/)
  const token = mintToken()
  const record = { name: 'dev', indexes: undefined, metrics: false, created: systemClock(), expires: undefined }
  await withTokens(gate.config.data, systemClock, keeper =>
    keeper.create(record, tokenHash(token) ?? sha256Of(''), NOBODY),
  )
  const authorization = `Basic ${Buffer.from(`anything:${token}`).toString('base64')}`
  const form = await page(`${path}/ask`, { authorization })
  t.match([form.status, form.text], [200, /<form method="post" action="request">/])
  t.match(form.headers.get('content-security-policy'), /form-action 'self'/)
  t.equal((await ask({ reason: 'wanted' }, { authorization, origin: gate.url })).status, 201)
  const again = await page(`${path}/ask`, { authorization })
  t.match([again.status, again.headers.get('location')], [303, `../${path.split('/').at(-1)}`])
  t.equal((await page('/x/000000000000/ask')).status, 404)
})

t.test('the guard comes before everything', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const gate = await startGate(t, world, { configuration: { console: CONSOLE, access: { anonymous: false } } })
  const path = `${gate.url}/x/000000000000/request`
  for (const init of [{}, { method: 'POST', body: 'x' }, { method: 'POST', body: 'x', headers: { origin: 'null' } }])
    t.equal((await fetch(path, init)).status, 401)
})

t.test('without a console nothing is asked', async t => {
  const { ask, path, gate } = await scene(t, {})
  t.equal((await ask(GOOD)).status, 405)
  t.equal((await fetch(`${gate.url}${path}/request`)).status, 404)
  const page = await (await fetch(`${gate.url}${path}`, { headers: BROWSER })).text()
  t.notMatch(page, '<form')
})

/** So many refusals of a gate behind a proxy; `ask` asks about one of them from an address. */
async function manyRefusals(t: Test, many: number) {
  const world = await createWorld(t)
  const gate = await startGate(t, world, {
    policy:
      'version: 1\nprojects: [{ match: "*", attestation: required, publishers: [{ kind: google, email: a@b.example }] }]\n',
    configuration: { console: CONSOLE, trust_proxy: ['127.0.0.1'] },
  })
  const ids: string[] = []
  for (let at = 0; at < many; at += 1) {
    const { sdist } = await world.release(`p${at}`, '1.0', { attested: false })
    const { explain } = (await (await fetch(`${gate.url}${sdist.path}`)).json()) as { explain: string }
    ids.push(new URL(explain).pathname)
  }
  return async (at: number, address: string) => {
    const headers = { 'x-forwarded-for': address }
    const body = new URLSearchParams(GOOD)
    return (await fetch(`${gate.url}${ids[at]}/request`, { method: 'POST', body, headers })).status
  }
}

t.test('so many requests of one address are open and no more', async t => {
  const ask = await manyRefusals(t, 21)
  const statuses: number[] = []
  for (let at = 0; at < 21; at += 1) statuses.push(await ask(at, '192.0.2.1'))
  t.strictSame(statuses, [...Array<number>(20).fill(201), 429])
  t.equal(await ask(20, '192.0.2.2'), 201, 'another has asked for nothing yet')
})

t.test('whoever has a network of IPv6 is one, from however many addresses of it he asks', async t => {
  const ask = await manyRefusals(t, 21)
  const statuses: number[] = []
  for (let at = 0; at < 21; at += 1) statuses.push(await ask(at, `2001:db8:1:2:${at.toString(16)}::${at + 1}`))
  t.strictSame(statuses, [...Array<number>(20).fill(201), 429])
  t.equal(await ask(20, '2001:db8:1:3::1'), 201, 'the network beside it is another')
})

t.test('text from outside stays text', async t => {
  const { ask, path, gate } = await scene(t)
  const nasty = '"><script>alert(1)</script><img src=x onerror=alert(1)>&lt;\u202e\u0000{{7*7}}'
  t.equal((await ask({ ...GOOD, reason: nasty })).status, 201)
  const text = await (await fetch(`${gate.url}${path}/request`, { headers: BROWSER })).text()
  // the head names one script of ours; nothing else runs anywhere
  const [head = '', body = ''] = text.split('</head>')
  t.strictSame(head.match(/<script[^>]*>/g), ['<script src="../dates.js" defer>'])
  t.notMatch(body, /<script|<img/)
  t.match(text, '&lt;script&gt;')
})

/** What comes back on a connection of its own, until it ends. */
function raw(port: number, lines: readonly string[], { later }: { readonly later?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setTimeout(60_000, () => socket.destroy())
    socket.on('data', data => {
      text += data.toString()
      if (later !== undefined && text.endsWith('100 Continue\r\n\r\n')) socket.write(later)
    })
    socket.on('close', () => resolve(text))
    socket.on('error', error => (text === '' ? reject(error) : resolve(text)))
    socket.write(lines.join('\r\n'))
  })
}

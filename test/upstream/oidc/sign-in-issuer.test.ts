// guards: src/upstream/oidc/issuer-fetch.ts
import type { IncomingMessage, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import t, { type Test } from 'tap'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { SignInIssuer, SignInProof } from '../../../src/ports/console/issuer.ts'
import { createSignInIssuer } from '../../../src/upstream/oidc/sign-in-issuer.ts'
import { serve } from '../../world/network/loopback.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown

const keys = await generateKeyPair('RS256', { extractable: true })
const strangers = await generateKeyPair('RS256', { extractable: true })
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }

interface Liar {
  readonly url: string
  readonly issuer: SignInIssuer
  readonly events: GateEvent[]
  /** what is answered at a path, in place of the truth */
  readonly instead: Map<string, Answer>
  /** what its ID tokens say besides, or in place of what they should */
  claims: Record<string, unknown>
  userinfo: Record<string, unknown>
  discovery: Record<string, unknown>
  sign: (claims: Record<string, unknown>) => Promise<string> | string
  /** what was asked */
  readonly asked: () => readonly string[]
}

function signedBy(key: typeof keys.privateKey, kid = 'one') {
  return (claims: Record<string, unknown>) => new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(key)
}

/** An issuer that says whatever a test wants it to say. */
async function liar(t: Test, { unverifiedEmail = false } = {}): Promise<Liar> {
  const instead = new Map<string, Answer>()
  const events: GateEvent[] = []
  let nonce = ''
  const told: Pick<Liar, 'claims' | 'userinfo' | 'discovery' | 'sign'> = {
    claims: { groups: ['staff'], email: 'ada@acme.example', email_verified: true },
    userinfo: {},
    discovery: {},
    sign: signedBy(keys.privateKey),
  }
  const json = (response: ServerResponse, value: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  let url = ''
  const truth: Readonly<Record<string, Answer>> = {
    '/.well-known/openid-configuration': response =>
      json(response, {
        issuer: url,
        authorization_endpoint: `${url}/auth`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/keys`,
        userinfo_endpoint: `${url}/userinfo`,
        id_token_signing_alg_values_supported: ['RS256'],
        ...told.discovery,
      }),
    '/keys': response => json(response, { keys: [jwk] }),
    async '/token'(response) {
      const now = Math.floor(Date.now() / 1_000)
      const claims = { iss: url, sub: '17', aud: 'portcullis', iat: now, exp: now + 300, nonce, ...told.claims }
      json(response, { access_token: 'opaque', token_type: 'Bearer', id_token: await told.sign(claims) })
    },
    '/userinfo': response => json(response, { sub: '17', ...told.userinfo }),
  }
  const server = await serve(t, (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const answer = instead.get(path) ?? truth[path]
    if (answer === undefined) response.writeHead(404).end()
    else void answer(response, request)
  })
  url = server.origin
  const made = createSignInIssuer({
    issuer: url,
    clientId: 'portcullis',
    clientSecret: 'a secret that is sent nowhere else',
    unverifiedEmail,
    ca: undefined,
    environment: {},
    events: { emit: event => void events.push(event) },
  })
  t.teardown(() => made.close())
  const issuer: SignInIssuer = {
    ...made,
    async begin(callback) {
      const begun = await made.begin(callback)
      nonce = begun.proof.nonce
      return begun
    },
  }
  return Object.assign(told, { url, issuer, events, instead, asked: () => server.requests.map(request => request.url) })
}

const CALLBACK = 'http://127.0.0.1:8081/callback'

/** Somebody goes there and comes back. */
async function signIn({ issuer }: Pick<Liar, 'issuer'>): Promise<Awaited<ReturnType<SignInIssuer['finish']>>> {
  const { proof } = await issuer.begin(CALLBACK)
  return await issuer.finish(back(proof), proof)
}

function back({ state }: SignInProof): URL {
  return new URL(`${CALLBACK}?code=x&state=${state}`)
}

t.test('whoever the issuer vouches for is told with what it says of him', async t => {
  const scene = await liar(t)
  t.strictSame(await signIn(scene), {
    subject: '17',
    email: 'ada@acme.example',
    claimed: undefined,
    name: undefined,
    groups: ['staff'],
  })
  t.notOk(scene.asked().includes('/userinfo'), 'nothing was missing')
  t.ok(scene.events.every(event => event.type === 'upstream' && event.what === 'sign-in' && event.status === 200))
  t.equal(scene.events.length, 3, 'what it says of itself, the code, its keys')
})

t.test('what it says of itself is asked once, however many sign in', async t => {
  const scene = await liar(t)
  await Promise.all(Array.from({ length: 5 }, () => scene.issuer.begin(CALLBACK)))
  await signIn(scene)
  t.equal(scene.asked().filter(url => url.includes('.well-known')).length, 1)
})

t.test('an ID token that is not its own, or for somebody else, signs nobody in', async t => {
  const scene = await liar(t)
  const now = Math.floor(Date.now() / 1_000)
  const cases: readonly (readonly [string, Partial<Pick<Liar, 'claims' | 'sign'>>])[] = [
    ['another issuer', { claims: { iss: 'https://other.example' } }],
    ['another audience', { claims: { aud: 'other' } }],
    ['an audience among others, for another party', { claims: { aud: ['portcullis', 'other'], azp: 'other' } }],
    ['another nonce', { claims: { nonce: 'x' } }],
    ['no nonce', { claims: { nonce: undefined } }],
    ['an end that is past', { claims: { exp: now - 120 } }],
    ['no end', { claims: { exp: undefined } }],
    ['nobody', { claims: { sub: undefined } }],
    ['another key', { sign: signedBy(strangers.privateKey) }],
    ['a key that it does not have', { sign: signedBy(keys.privateKey, 'two') }],
    ['no signature', { sign: claims => new UnsecuredJWT(claims).encode() }],
    ['a secret in place of a key', { sign: claims => hmac(claims) }],
  ]
  const { claims, sign } = scene
  for (const [title, { claims: other = {}, sign: otherwise = sign }] of cases) {
    Object.assign(scene, { claims: { ...claims, ...other }, sign: otherwise })
    t.match(await signIn(scene), { wrong: /what the issuer answered is not signed by it/ }, title)
  }
  Object.assign(scene, { claims, sign })
  t.match(await signIn(scene), { subject: '17' }, 'and one that holds does')
})

function hmac(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('a secret that is sent nowhere else'))
}

t.test('clocks may differ by half a minute', async t => {
  const scene = await liar(t)
  const now = Math.floor(Date.now() / 1_000)
  Object.assign(scene, { claims: { ...scene.claims, iat: now + 15, exp: now - 10 } })
  t.match(await signIn(scene), { subject: '17' })
})

t.test('what the ID token lacks is asked of the UserInfo, of the same person alone', async t => {
  const scene = await liar(t)
  const told = { groups: ['staff', 7, '', 'a\nb'], email: 'ada@acme.example', email_verified: true }
  Object.assign(scene, { claims: {}, userinfo: told })
  t.match(await signIn(scene), { email: 'ada@acme.example', groups: ['staff'] })
  Object.assign(scene, { userinfo: { sub: '18', groups: ['platform'] } })
  t.match(await signIn(scene), { wrong: /somebody else/ })
  Object.assign(scene, { claims: { email: 'ada@acme.example', groups: [] }, userinfo: { groups: ['platform'] } })
  t.match(await signIn(scene), { groups: [] }, 'what the ID token says is not said otherwise')
  scene.instead.set('/userinfo', response => response.writeHead(500).end())
  Object.assign(scene, { claims: {} })
  await t.rejects(signIn(scene), { code: 'unknown-issuer' }, 'nobody has fewer groups because it could not be asked')
})

t.test('an address is somebody’s where the issuer says that it verified this one, and else a claim', async t => {
  const scene = await liar(t)
  const email = 'ada@acme.example'
  for (const email_verified of [true, 'true']) {
    Object.assign(scene, { claims: { groups: [], email, email_verified } })
    t.match(await signIn(scene), { email, claimed: undefined }, `${email_verified}`)
  }
  for (const email_verified of [undefined, false, 'false', 1, null, 'yes']) {
    Object.assign(scene, { claims: { groups: [], email, email_verified } })
    t.match(await signIn(scene), { email: undefined, claimed: email }, `${email_verified}`)
  }
  Object.assign(scene, { claims: { email }, userinfo: { groups: [], email: 'eve@acme.example', email_verified: true } })
  t.match(await signIn(scene), { email: undefined, claimed: email }, 'another address was verified')
})

t.test('where nobody types his own address it is his, unless the issuer says that it is not', async t => {
  const scene = await liar(t, { unverifiedEmail: true })
  const email = 'ada@acme.example'
  Object.assign(scene, { claims: { groups: [], email } })
  t.match(await signIn(scene), { email, claimed: undefined })
  for (const email_verified of [false, 'false', null]) {
    Object.assign(scene, { claims: { groups: [], email, email_verified } })
    t.match(await signIn(scene), { email: undefined, claimed: email }, `${email_verified}`)
  }
  Object.assign(scene, { claims: { email }, userinfo: { groups: [], email: 'eve@acme.example' } })
  t.match(await signIn(scene), { email: undefined, claimed: email }, 'it speaks of two addresses')
})

t.test('an issuer that cannot be asked, or makes no sense, is no "no"', async t => {
  const scene = await liar(t)
  await scene.issuer.begin(CALLBACK)
  const cases: readonly (readonly [string, Answer])[] = [
    ['a defect', response => response.writeHead(500).end('{}')],
    ['a page', response => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['half a document', response => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a')],
    ['a redirect', response => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['a hang-up', response => response.destroy()],
    ['a flood', response => flood(response)],
    ['somebody else’s secret', response => refuse(response, 'invalid_client')],
  ]
  for (const [title, answer] of cases) {
    scene.instead.set('/token', answer)
    await t.rejects(signIn(scene), { code: 'unknown-issuer' }, title)
  }
  t.notOk(scene.asked().includes('/elsewhere'), 'no redirect is followed')
  scene.instead.delete('/token')
  Object.assign(scene, { sign: () => 'x.y.z' })
  await t.rejects(signIn(scene), { code: 'unknown-issuer' }, 'what is no token')
  scene.instead.set('/token', response => refuse(response, 'invalid_grant'))
  t.match(await signIn(scene), { wrong: /does not take the code/ }, 'but a code that it does not take is one')
})

function refuse(response: ServerResponse, error: string): void {
  response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
}

function flood(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(`{"a":"${'x'.repeat(2 * 1024 * 1024)}"}`)
}

t.test('one that hangs is given up after five seconds', { timeout: 600_000 }, async t => {
  const scene = await liar(t)
  await scene.issuer.begin(CALLBACK)
  scene.instead.set('/token', () => {})
  await t.rejects(signIn(scene), { code: 'unknown-issuer', detail: /did not answer in time/ })
})

t.test('what it says of itself is believed of itself alone, and leads to no place that is not asked', async t => {
  for (const discovery of [
    { issuer: 'https://other.example' },
    { token_endpoint: 'http://10.0.0.1/token' },
    { token_endpoint: 'https://ada:secret@login.example/token' },
    { token_endpoint: undefined },
    { jwks_uri: 'file:///etc/passwd' },
    { jwks_uri: undefined },
    { userinfo_endpoint: 'http://169.254.169.254/latest' },
    { authorization_endpoint: 'javascript:alert(1)' },
    { authorization_endpoint: undefined },
  ]) {
    const scene = await liar(t)
    Object.assign(scene, { discovery })
    await t.rejects(scene.issuer.begin(CALLBACK), { code: 'unknown-issuer' }, JSON.stringify(discovery))
  }
})

t.test('what the browser brings back is looked at before the issuer is asked', async t => {
  const scene = await liar(t)
  const { proof } = await scene.issuer.begin(CALLBACK)
  const before = scene.asked().length
  for (const query of ['', '?code=x', '?code=x&state=other', `?code=x&state=${proof.state}&state=${proof.state}`])
    t.match(await scene.issuer.finish(new URL(`${CALLBACK}${query}`), proof), { wrong: /another sign-in/ })
  const denied = new URL(`${CALLBACK}?error=access_denied&state=${proof.state}`)
  t.match(await scene.issuer.finish(denied, proof), { wrong: 'the issuer did not let you in (access_denied)' })
  const hostile = new URL(`${CALLBACK}?error=%3Cscript%3E&state=${proof.state}`)
  t.match(await scene.issuer.finish(hostile, proof), { wrong: 'the issuer did not let you in' })
  t.equal(scene.asked().length, before)
})

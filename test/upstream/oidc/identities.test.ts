// guards: src/upstream/oidc/issuer-keys.ts
import { createHmac } from 'node:crypto'
import { exportSPKI, importJWK } from 'jose'
import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { createUpstreamAgent } from '../../../src/upstream/agent.ts'
import { createIdentities } from '../../../src/upstream/oidc/identities.ts'
import { startIssuer } from '../../world/network/issuer.ts'

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

async function scene(t: Test) {
  const issuer = await startIssuer(t, { aud: 'gate' })
  const time = { now: Date.now(), ticks: 0 }
  const looked: unknown[] = []
  const identities = createIdentities({
    issuers: [
      {
        issuer: issuer.url,
        audiences: ['gate', 'other-gate'],
        agentFor: origin =>
          createUpstreamAgent({
            upstreams: [origin],
            files: [],
            auth: {},
            timeout: millis(5_000),
            environment: {},
            version: 'test',
            events: { emit() {} },
          }),
      },
    ],
    isSomebody(claims) {
      looked.push(claims['job'])
      return claims['owner'] !== 'mallory'
    },
    clock: () => instant(time.now),
    now: () => time.ticks,
  })
  t.teardown(() => identities.close())
  return {
    time,
    identities,
    /** `job` of each token whose signature was checked and held, in order */
    looked,
    issuer,
    verify: async (token: string) => (await identities.verify(token)).claims,
    why: async (token: string) => (await identities.verify(token)).wrong,
  }
}

async function codeOf(asking: Promise<unknown>): Promise<string> {
  try {
    return (await asking) === undefined ? 'nobody' : 'somebody'
  } catch (error) {
    if (error instanceof GateError) return error.code
    throw error
  }
}

t.test('a token that its issuer signed gives its claims, and is at hand afterwards until it ends', async t => {
  const { issuer, time, identities, verify } = await scene(t)
  const token = await issuer.sign({ aud: 'gate', repository: 'acme/app' })
  t.match(await verify(token), { iss: issuer.url, aud: 'gate', repository: 'acme/app' })
  t.notOk(identities.verify(token) instanceof Promise, 'nothing is waited for')
  t.strictSame(issuer.asked, ['/.well-known/openid-configuration', '/keys'])
  time.now += 361_000
  t.equal(await codeOf(verify(token)), 'nobody')
})

t.test('a token that was seen before ends with its key, whatever end it has itself', async t => {
  const { issuer, time, identities, verify } = await scene(t)
  const long = await issuer.sign({ aud: 'gate', exp: Math.floor(Date.now() / 1_000) + 365 * 86_400 })
  t.equal(await codeOf(verify(long)), 'somebody')
  time.ticks += 10 * 60_000
  t.equal(await codeOf(verify(long)), 'somebody', 'looked at again by the keys of now')
  t.notOk(identities.verify(long) instanceof Promise)
  issuer.shown.clear()
  await issuer.rotate('two')
  time.ticks += 10 * 60_000
  t.equal(await codeOf(verify(long)), 'nobody')
  t.equal(await codeOf(verify(await issuer.sign({ aud: 'gate' }))), 'somebody')
})

t.test('one whose key was withdrawn ends as soon as a new key is found', async t => {
  const { issuer, time, verify } = await scene(t)
  const old = await issuer.sign({ aud: 'gate' })
  t.equal(await codeOf(verify(old)), 'somebody')
  issuer.shown.clear()
  await issuer.rotate('two')
  time.ticks += 30_000
  t.equal(await codeOf(verify(await issuer.sign({ aud: 'gate' }))), 'somebody')
  t.equal(await codeOf(verify(old)), 'nobody')
})

t.test('keys on elliptic curves do as well', async t => {
  const { issuer, verify } = await scene(t)
  await issuer.rotate('ec', 'ES256')
  t.match(await verify(await issuer.sign({ aud: 'gate' })), { aud: 'gate' })
})

t.test('what one thing is wrong with is nobody', async t => {
  const { issuer, verify } = await scene(t)
  const now = Math.floor(Date.now() / 1_000)
  const good = await issuer.sign({ aud: 'gate' })
  const [head = '', body = '', signature = ''] = good.split('.')
  const jwk = issuer.shown.get('one') ?? {}
  const publicKey = await importJWK(jwk, 'RS256')
  const pem = publicKey instanceof Uint8Array ? '' : await exportSPKI(publicKey)
  const forged = `${base64({ alg: 'HS256', kid: 'one' })}.${body}`
  const mallory = await startIssuer(t, { aud: 'gate' })
  const jwkInside = await mallory.sign({ iss: issuer.url }, { jwk: mallory.shown.get('one') ?? {} })
  for (const [what, token] of [
    ['no signature', `${base64({ alg: 'none', kid: 'one' })}.${body}.`],
    ['`alg: none` with a signature', `${base64({ alg: 'none', kid: 'one' })}.${body}.${signature}`],
    ['`alg: None`', `${base64({ alg: 'None' })}.${body}.${signature}`],
    ['HS256 with the public key', `${forged}.${createHmac('sha256', pem).update(forged).digest('base64url')}`],
    ['HS256 with the JWK', `${forged}.${createHmac('sha256', JSON.stringify(jwk)).update(forged).digest('base64url')}`],
    [
      'another body',
      `${head}.${base64({ iss: issuer.url, exp: now + 300, aud: 'gate', repository: 'acme/app' })}.${signature}`,
    ],
    ['another signature', `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`],
    ['no signature at all', `${head}.${body}.`],
    ['a key of its own in it', jwkInside],
    ['another issuer', await issuer.sign({ iss: `${issuer.url}/` })],
    ['an issuer that nobody configured', await mallory.sign({})],
    ['over for longer than clocks differ', await issuer.sign({ exp: now - 61 })],
    ['not begun', await issuer.sign({ nbf: now + 120 })],
    ['without an end', await issuer.sign({ exp: undefined })],
    ['an end that is a text', await issuer.sign({ exp: `${now + 300}` })],
    ['a demand that is not understood', await issuer.sign({}, { crit: ['b64'], b64: true })],
    ['another audience', await issuer.sign({ aud: 'another-gate' })],
    ['a list of other audiences', await issuer.sign({ aud: ['another-gate', 'gate '] })],
    ['no audience', await issuer.sign({ aud: undefined })],
    ['keys at a place that it names itself', await mallory.sign({ iss: issuer.url }, { jku: `${mallory.url}/keys` })],
    ['not a token', 'eyJ.eyJ.'],
    ['too long a one', await issuer.sign({ padding: 'x'.repeat(12_000) })],
  ] as const)
    t.equal(await codeOf(verify(token)), 'nobody', what)
  t.equal(await codeOf(verify(await issuer.sign({ exp: now - 50 }))), 'somebody', 'clocks differ')
})

t.test('what was wrong is told to whoever sent it, as far as its issuer vouches for it', async t => {
  const { issuer, why } = await scene(t)
  const now = Math.floor(Date.now() / 1_000)
  const mallory = await startIssuer(t, { aud: 'gate' })
  for (const [token, told] of [
    [await issuer.sign({ exp: now - 61 }), /is expired/],
    [await issuer.sign({ aud: 'another' }), /for another audience/],
    [await issuer.sign({ nbf: now + 120 }), /not in its time/],
    [await issuer.sign({ exp: undefined }), /has no end/],
    [await mallory.sign({}), /an issuer that nobody configured/],
    [await mallory.sign({ iss: issuer.url, exp: now - 61 }), /not signed by a key of its issuer/],
    [`${base64({ alg: 'none' })}.${base64({ iss: issuer.url })}.`, /not signed with RS256 or ES256/],
    [`eyJ.${base64({ iss: issuer.url })}.`, /cannot be read/],
  ] as const)
    t.match(await why(token), told)
  t.strictSame(mallory.asked, [], 'nobody else is asked')
})

t.test(
  'only a token that names an issuer of the configuration is one of ours, whatever else is wrong with it',
  async t => {
    const { issuer, identities } = await scene(t)
    const mallory = await startIssuer(t, { aud: 'gate' })
    const hs256 = (claims: object) => `${base64({ alg: 'HS256' })}.${base64(claims)}.c2ln`
    for (const [what, token, foreign] of [
      ['another audience', await issuer.sign({ aud: 'another' }), undefined],
      ['its end', await issuer.sign({ exp: 1 }), undefined],
      ['its algorithm', hs256({ iss: issuer.url }), undefined],
      ['its length', await issuer.sign({ padding: 'x'.repeat(12_000) }), undefined],
      ['another issuer', await mallory.sign({}), true],
      ['another issuer, with another algorithm', hs256({ iss: mallory.url }), true],
      ['another issuer, at length', await mallory.sign({ padding: 'x'.repeat(12_000) }), true],
      ['no issuer', hs256({ aud: 'gate' }), true],
      ['an issuer that is a list', hs256({ iss: [issuer.url] }), true],
      ['no token at all', 'eyJ.eyJ.', true],
    ] as const) {
      const found = await identities.verify(token)
      t.equal(found.claims, undefined, what)
      t.equal('isForeign' in found ? found.isForeign : undefined, foreign, what)
    }
  },
)

t.test('only what somebody is meant by is kept at hand, and no more of it than some megabytes', async t => {
  const { issuer, verify, looked } = await scene(t)
  const [acme, mallory] = [await issuer.sign({ job: 'acme' }), await issuer.sign({ job: 'mallory', owner: 'mallory' })]
  for (const token of [acme, acme, mallory, mallory, acme]) await verify(token)
  t.strictSame(looked, ['acme', 'mallory', 'mallory'], 'each was checked but what was at hand')
  const elsewhere = await issuer.sign({ aud: 'another', job: 'elsewhere' })
  t.equal(await verify(elsewhere), undefined)
  t.notOk(looked.includes('elsewhere'), 'of a token for somebody else nothing is kept, and no rule sees it')
  const padding = 'x'.repeat(6_000)
  for (let job = 0; job < 520; job += 1) await verify(await issuer.sign({ job, padding }))
  looked.length = 0
  await verify(await issuer.sign({ job: 'another' }))
  await verify(acme)
  t.strictSame(looked, ['another', 'acme'], 'what was asked for long ago has gone')
})

t.test('a token for any of the audiences that rules name is somebody', async t => {
  const { issuer, verify } = await scene(t)
  for (const aud of ['gate', 'other-gate', ['x', 'gate']]) t.match(await verify(await issuer.sign({ aud })), { aud })
})

t.test('a key that is new is looked for, and no more often than every half minute', async t => {
  const { issuer, time, verify } = await scene(t)
  await verify(await issuer.sign({}))
  const before = await issuer.sign({ job: 'before' })
  await issuer.rotate('two')
  const asked = issuer.asked.length
  const stranger = await issuer.sign({}, { kid: 'unknown' })
  t.equal(await codeOf(verify(stranger)), 'nobody')
  t.equal(issuer.asked.length, asked, 'asked just now')
  time.ticks += 30_000
  t.equal(await codeOf(verify(await issuer.sign({}))), 'somebody')
  t.equal(issuer.asked.length, asked + 2)
  for (let round = 0; round < 20; round += 1)
    t.equal(await codeOf(verify(await issuer.sign({ round }, { kid: `unknown-${round}` }))), 'nobody')
  t.equal(issuer.asked.length, asked + 2, 'strangers make nobody ask')
  t.equal(await codeOf(verify(before)), 'somebody', 'the old key is shown still')
  issuer.shown.delete('one')
  time.ticks += 10 * 60_000
  t.equal(await codeOf(verify(await issuer.sign({ round: 'last' }))), 'somebody')
  t.equal(await codeOf(verify(stranger)), 'nobody')
})

t.test('an issuer that cannot be asked is no answer', async t => {
  const { issuer, time, verify } = await scene(t)
  issuer.status = 500
  const token = await issuer.sign({})
  t.equal(await codeOf(verify(token)), 'unknown-issuer')
  const asked = issuer.asked.length
  t.equal(await codeOf(verify(token)), 'unknown-issuer')
  t.equal(issuer.asked.length, asked, 'and is not asked again at once')
  issuer.status = undefined
  time.ticks += 30_000
  t.equal(await codeOf(verify(token)), 'somebody')
  issuer.status = 500
  time.ticks += 11 * 60_000
  t.equal(await codeOf(verify(await issuer.sign({ second: true }))), 'somebody', 'known keys stand in')
  time.ticks += 31_000
  t.equal(await codeOf(verify(await issuer.sign({}, { kid: 'new' }))), 'unknown-issuer', 'a new key may be one')
  time.ticks += 60 * 60_000
  t.equal(await codeOf(verify(await issuer.sign({ third: true }))), 'unknown-issuer', 'not for ever')
})

t.test('a key that nobody knows, while the issuer is away, takes nothing from a token under a known one', async t => {
  const { issuer, time, verify } = await scene(t)
  await verify(await issuer.sign({}))
  const forged = (round: number) =>
    `${base64({ alg: 'RS256', kid: `forged-${round}` })}.${base64({ iss: issuer.url, aud: 'gate', sub: 'job', exp: 9e9 })}.AAAA`
  issuer.status = 503
  for (let round = 0; round < 3; round += 1) {
    time.ticks += 31_000
    const stranger = codeOf(verify(forged(round)))
    t.equal(await codeOf(verify(await issuer.sign({ round }))), 'somebody', 'beside it')
    t.equal(await stranger, 'unknown-issuer')
    t.equal(await codeOf(verify(await issuer.sign({ after: round }))), 'somebody', 'after it')
  }
})

t.test('known keys stand in for everybody who waits, and for those who come later at once', async t => {
  const { issuer, time, verify } = await scene(t)
  await verify(await issuer.sign({}))
  const asked = issuer.asked.length
  issuer.status = 503
  time.ticks += 11 * 60_000
  const jobs = await Promise.all([1, 2, 3].map(async job => await issuer.sign({ job })))
  const stranger = await issuer.sign({}, { kid: 'new' })
  t.strictSame(await Promise.all([...jobs, stranger].map(job => codeOf(verify(job)))), [
    'somebody',
    'somebody',
    'somebody',
    'unknown-issuer',
  ])
  t.ok(issuer.asked.length <= asked + 3, 'asked for all of them at once, with what one asks again')
  time.ticks += 31_000
  t.equal(await codeOf(verify(await issuer.sign({ job: 4 }))), 'somebody')
  issuer.status = undefined
  time.ticks += 31_000
  await issuer.rotate('new')
  t.equal(await codeOf(verify(await issuer.sign({ job: 5 }))), 'somebody', 'it is there again')
})

t.test('an issuer whose documents are none cannot be asked', async t => {
  const { issuer, time, verify } = await scene(t)
  const configuration = '/.well-known/openid-configuration'
  for (const [what, path, document] of [
    ['of another issuer', configuration, { issuer: 'https://ci.example', jwks_uri: `${issuer.url}/keys` }],
    ['no place of keys', configuration, { issuer: issuer.url }],
    ['keys at a place that is not asked', configuration, { issuer: issuer.url, jwks_uri: 'http://keys.example/keys' }],
    ['keys in a file', configuration, { issuer: issuer.url, jwks_uri: 'file:///etc/passwd' }],
    ['no object', configuration, []],
    ['keys that are no list', '/keys', { keys: {} }],
    ['keys without end', '/keys', { keys: Array.from({ length: 101 }, () => ({ kty: 'RSA' })) }],
    ['keys that are none', '/keys', { keys: [7] }],
    ['a page without end', '/keys', { keys: ['x'.repeat(600_000)] }],
  ] as const) {
    issuer.instead[path] = document
    t.equal(await codeOf(verify(await issuer.sign({ what }))), 'unknown-issuer', what)
    delete issuer.instead[path]
    time.ticks += 30_000
  }
  t.equal(await codeOf(verify(await issuer.sign({}))), 'somebody')
})

t.test('fifty who come at once ask once', async t => {
  const { issuer, verify } = await scene(t)
  const tokens = await Promise.all(Array.from({ length: 50 }, (_, number) => issuer.sign({ number })))
  const found = await Promise.all(tokens.map(token => verify(token)))
  t.equal(found.filter(one => one !== undefined).length, 50)
  t.equal(issuer.asked.length, 2)
})

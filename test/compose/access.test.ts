import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { createPlainAsk, requestText, talk } from '../http/client.ts'
import { readJournal } from '../store/stores.ts'
import { runCommand } from '../world/commands/commands.ts'
import { startGate } from '../world/gate/gate.ts'
import { startIssuer } from '../world/network/issuer.ts'
import { createTlsAuthority } from '../world/network/tls-certificates.ts'
import { until } from '../world/until.ts'
import { createWorld } from '../world/world.ts'

const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } })

/** `/` for everybody and `/ml` for whoever may, over one source, and the commands beside them. */
async function twoIndexes(t: Test, { access = {}, ml = { anonymous: false } }: { access?: object; ml?: object } = {}) {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const refused = (await world.release('demo', '2.0', { attested: false })).wheel
  const { upstream: _, ...base } = world.configuration()
  const source = { index: world.upstream.origin, files: [world.upstream.filesOrigin] }
  const configuration = {
    ...base,
    upstream: undefined,
    access,
    sources: { pypi: source },
    indexes: { main: { path: '/', sources: ['pypi'] }, ml: { path: '/ml', sources: ['pypi'], access: ml } },
  }
  const gate = await startGate(t, world, { configuration })
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(configuration))
  const run = (...argv: readonly string[]) => runCommand(argv, { folder: world.folder })
  return {
    world,
    wheel,
    refused,
    gate,
    run,
    ask: createPlainAsk(t, gate.url),
    token: async (...argv: readonly string[]) => (await run('token', 'create', ...argv)).out.trim(),
    async journal() {
      await gate.stop()
      return readJournal(join(String(base['data']), 'portcullis.sqlite'))
    },
  }
}

t.test('each index is for whoever may use it', async t => {
  const { ask, wheel, token } = await twoIndexes(t)
  const [everywhere, ml, main] = [
    await token('--name', 'all'),
    await token('--name', 'ml', '--index', 'ml'),
    await token('--name', 'main', '--index', 'main'),
  ]
  for (const [prefix, secret, status] of [
    ['', undefined, 200],
    ['/ml', undefined, 401],
    ['/ml', everywhere, 200],
    ['/ml', ml, 200],
    ['', ml, 200],
    ['/ml', main, 403],
    ['', main, 200],
  ] as const)
    for (const path of [
      wheel.path,
      '/simple/demo/',
      '/simple/',
      '/pypi/demo/json',
      `/integrity/demo/1.0/${wheel.filename}/provenance`,
    ])
      for (const method of ['GET', 'HEAD'])
        t.equal(
          (await ask(`${prefix}${path}`, { method, ...(secret === undefined ? {} : bearer(secret)) })).status,
          status,
          `${method} ${prefix}${path}`,
        )
})

t.test('no spelling of its path leads to an index that is closed', async t => {
  const { ask, wheel, gate } = await twoIndexes(t)
  for (const prefix of [
    '/ml',
    '/%6dl',
    '/%6D%6C',
    '/m%6c',
    '/ml/',
    '//ml',
    '/./ml',
    '/x/../ml',
    '/ML',
    '/ml;',
    '/ml%2F',
    '/%256dl',
    '/ml?',
    '/ml\\',
    '/ml%00',
    '/ml%',
    '/x/%2e%2e/ml',
    '/healthz/../ml',
    '/metrics/..//ml',
  ])
    for (const path of [
      wheel.path,
      `${wheel.path}.metadata`,
      '/simple/demo/',
      '/simple/Demo/',
      '/simple/',
      '/simple',
      '/pypi/demo/json',
      '/pypi/demo/1.0/json',
      `/integrity/demo/1.0/${wheel.filename}/provenance`,
    ])
      for (const method of ['GET', 'HEAD']) {
        const { status, text } = await ask(`${prefix}${path}`, { method })
        t.ok(status >= 300 && status !== 304, `${status} ${method} ${prefix}${path}`)
        t.notMatch(text, wheel.sha256)
      }
  for (const target of ['http://gate.example/ml/simple/demo/', 'http://gate.example/%6dl/simple/demo/'])
    t.match((await talk(gate.url, requestText(target, 'Connection: close'))).text, /^HTTP\/1\.1 401/)
})

t.test('the page of a refusal is for whoever may use the index that refused', async t => {
  const { ask, refused, token } = await twoIndexes(t)
  const ml = bearer(await token('--name', 'ml', '--index', 'ml'))
  const { explain } = (await ask(`/ml${refused.path}`, ml)).json()
  const { pathname } = new URL(explain)
  t.equal((await ask(pathname, ml)).status, 200)
  t.equal((await ask(`${pathname}/unattested`, ml)).status, 403)
  t.match(await ask(pathname), { status: 401, headers: { 'www-authenticate': /^Basic/ } })
  t.equal((await ask(`${pathname}/unattested`)).status, 401)
  const main = bearer(await token('--name', 'main', '--index', 'main'))
  t.match((await ask(pathname, main)).json(), { code: 'not-allowed-here' })
  const own = (await ask(refused.path)).json()
  t.equal((await ask(new URL(own.explain).pathname)).status, 200, 'of the open index it is for everybody')
  for (const path of ['/', '/codes']) t.equal((await ask(path)).status, 200, path)
  t.equal((await ask('/metrics')).status, 401)
})

t.test('the first page tells of the indexes that whoever asks may use', async t => {
  const { ask, token } = await twoIndexes(t, { access: { anonymous: false }, ml: {} })
  for (const [secret, main, ml] of [
    [await token('--name', 'all'), true, true],
    [await token('--name', 'main', '--index', 'main'), true, false],
    [await token('--name', 'ml', '--index', 'ml'), false, true],
  ] as const) {
    const { status, text } = await ask('/', bearer(secret))
    t.strictSame([status, /\d\/simple\//.test(text), text.includes('/ml/simple/')], [200, main, ml])
  }
  const metrics = bearer(await token('--name', 'prometheus', '--scope', 'metrics'))
  t.match((await ask('/', metrics)).json(), { status: 403, code: 'not-allowed-here' })
  t.equal((await ask('/')).status, 401)
})

t.test('that of an index which is called otherwise now, or is gone, is for those who may use every index', async t => {
  const world = await createWorld(t)
  const refused = (await world.release('demo', '2.0', { attested: false })).wheel
  const pypi = { index: world.upstream.origin, files: [world.upstream.filesOrigin] }
  const closed = { anonymous: false, front: { from: ['127.0.0.1'] } }
  const start = async (indexes: object | undefined, access = {}) => {
    const gate = await startGate(t, world, {
      configuration: { upstream: undefined, access, sources: { pypi }, ...(indexes === undefined ? {} : { indexes }) },
    })
    return { gate, ask: createPlainAsk(t, gate.url) }
  }
  const anna = { headers: { 'x-forwarded-user': 'anna' } }
  const main = { path: '/', sources: ['pypi'] }
  const ml = { path: '/ml', sources: ['pypi'], access: closed }
  const before = await start({ main, ml })
  const { pathname } = new URL((await before.ask(`/ml${refused.path}`, anna)).json().explain)
  t.equal((await before.ask(pathname)).status, 401)
  await before.gate.stop()

  const renamed = await start({ main, team: ml })
  for (const path of [pathname, `${pathname}?format=json`, `${pathname}?format=yaml`, `${pathname}/unattested`]) {
    const { status, text } = await renamed.ask(path)
    t.equal(status, 404, path)
    t.notMatch(text, /demo/)
  }
  t.equal((await renamed.ask(pathname, anna)).status, 200, 'who may use every index')
  await renamed.gate.stop()

  const alone = await start({ main })
  t.equal((await alone.ask(pathname)).status, 200, 'the only index is every one')
  await alone.gate.stop()
})

t.test('that of a time when there was one index alone is the first one’s', async t => {
  const world = await createWorld(t)
  const refused = (await world.release('demo', '2.0', { attested: false })).wheel
  const pypi = { index: world.upstream.origin, files: [world.upstream.filesOrigin] }
  const front = { from: ['127.0.0.1'] }
  const anna = { headers: { 'x-forwarded-user': 'anna' } }
  const before = await startGate(t, world, { configuration: { access: { anonymous: false, front } } })
  const { pathname } = new URL((await createPlainAsk(t, before.url)(refused.path, anna)).json().explain)
  await before.stop()
  for (const [first, status] of [
    [false, 401],
    [true, 200],
  ] as const) {
    const indexes = {
      open: { path: '/open', sources: ['pypi'], access: { anonymous: true } },
      main: { path: '/', sources: ['pypi'], access: { anonymous: first, front } },
    }
    const gate = await startGate(t, world, { configuration: { upstream: undefined, sources: { pypi }, indexes } })
    const ask = createPlainAsk(t, gate.url)
    t.equal((await ask(pathname)).status, status)
    t.equal((await ask(pathname, anna)).status, 200)
    await gate.stop()
  }
})

t.test('a token that is revoked beside the gate is nobody within a second', async t => {
  const { ask, wheel, token, run } = await twoIndexes(t)
  const secret = await token('--name', 'ci')
  t.equal((await ask(`/ml${wheel.path}`, bearer(secret))).status, 200)
  t.equal((await run('token', 'revoke', 'ci')).exit, 0)
  await new Promise(resolve => setTimeout(resolve, 1_050))
  t.equal((await ask(`/ml${wheel.path}`, bearer(secret))).status, 401)
  t.equal((await ask(wheel.path, bearer(secret))).status, 401, 'also where everybody is served')
})

t.test('journal and events say who asked, and at which index', async t => {
  const { ask, wheel, refused, token, gate, journal } = await twoIndexes(t)
  await ask(wheel.path)
  await ask(`/ml${wheel.path}`, bearer(await token('--name', 'ci')))
  await ask(`/ml${refused.path}`, bearer(await token('--name', 'two')))
  t.match(
    gate.events.filter(({ type }) => type === 'verdict'),
    [
      { subject: 'anonymous', index: 'main' },
      { subject: 'token:ci', index: 'ml' },
      { subject: 'token:two', index: 'ml' },
    ],
  )
  t.match(await journal(), [
    { outcome: 'admitted', subject: 'anonymous', index: 'main' },
    { outcome: 'admitted', subject: 'token:ci', index: 'ml' },
    { outcome: 'refused', subject: 'token:two', index: 'ml' },
  ])
})

t.test('each index calls him by its own rules, whom it does not let in by name it knows by none', async t => {
  const issuer = await startIssuer(t, { aud: 'gate', owner: 'acme', repository: 'acme/app', job: 'seven' })
  const rule = (subject: string) => ({ issuer: issuer.url, audience: 'gate', claims: { owner: 'acme' }, subject })
  const front = { header: 'X-Remote-User', from: ['127.0.0.1'] }
  const { ask, wheel, token, gate } = await twoIndexes(t, {
    access: { workloads: [rule('{repository}')] },
    ml: { anonymous: false, workloads: [rule('{job}')], front },
  })
  const job = bearer(await issuer.sign({}))
  const ml = bearer(await token('--name', 'ml', '--index', 'ml'))
  const main = bearer(await token('--name', 'main', '--index', 'main'))
  const anna = { headers: { 'x-remote-user': 'anna' } }
  for (const [path, asked, subject, status] of [
    [`/ml${wheel.path}`, job, 'workload:seven', 200],
    [wheel.path, job, 'workload:acme/app', 200],
    [`/ml${wheel.path}`, ml, 'token:ml', 200],
    [wheel.path, ml, 'anonymous', 200],
    [`/ml${wheel.path}`, anna, 'user:anna', 200],
    [wheel.path, anna, 'anonymous', 200],
    ['/codes', ml, 'token:ml', 200],
    [`/ml${wheel.path}`, main, 'token:main', 403],
    ['/metrics', ml, 'token:ml', 403],
  ] as const) {
    const answered = await ask(path, asked)
    t.equal(answered.status, status, `${path} ${subject}`)
    if (status === 403) t.match(answered.json().detail, new RegExp(`^${subject} is known`))
    // the line of a request follows the end of its answer
    await until(`the last line is of ${path} ${subject}`, () => {
      const last = gate.events.findLast(event => event.type === 'request')
      return last?.subject === subject && last.status === status
    })
  }
})

t.test(
  'an issuer with a certificate of its own authority is asked with that authority, beside sources as well',
  async t => {
    const [authority, stranger] = [await createTlsAuthority('issuer'), await createTlsAuthority('stranger')]
    const issuer = await startIssuer(
      t,
      { aud: 'gate', owner: 'acme', sub: 'job' },
      await authority.issue(['127.0.0.1']),
    )
    const folder = t.testdir({ 'ca.pem': authority.ca, 'other.pem': stranger.ca })
    for (const [ca, status] of [
      ['ca.pem', 200],
      ['other.pem', 503],
      [undefined, 503],
    ] as const) {
      const rule = {
        issuer: issuer.url,
        audience: 'gate',
        claims: { owner: 'acme' },
        ...(ca === undefined ? {} : { ca: join(folder, ca) }),
      }
      const { ask, wheel } = await twoIndexes(t, { ml: { anonymous: false, workloads: [rule] } })
      t.equal((await ask(`/ml${wheel.path}`, bearer(await issuer.sign({})))).status, status, ca ?? 'the usual ones')
    }
  },
)

t.test('a workload brings the token of its issuer, for this audience and with these claims', async t => {
  const issuer = await startIssuer(t)
  const rule = { issuer: issuer.url, audience: 'gate', claims: { owner: 'acme' }, subject: '{repository}@{ref}' }
  const { ask, wheel, gate } = await twoIndexes(t, { ml: { anonymous: false, workloads: [rule] } })
  const claims = { aud: 'gate', owner: 'acme', repository: 'acme/app', ref: 'refs/heads/main' }
  const status = async (change: object, prefix = '/ml') =>
    (await ask(`${prefix}${wheel.path}`, bearer(await issuer.sign({ ...claims, ...change })))).status
  t.equal(await status({}), 200)
  t.match(
    gate.events.findLast(({ type }) => type === 'verdict'),
    { subject: 'workload:acme/app@refs/heads/main' },
  )
  t.equal(await status({ aud: 'another' }), 401)
  t.equal(await status({ owner: 'mallory' }), 401)
  t.equal(await status({ owner: ['acme'] }), 401)
  t.equal(await status({ exp: 1 }), 401)
  t.equal(await status({}, ''), 200, 'where everybody is served')
  t.match(
    gate.events.findLast(({ type }) => type === 'verdict'),
    { index: 'main', subject: 'anonymous' },
    'an index that has no such rule does not go by the name that another one gives',
  )
  const password = Buffer.from(`__token__:${await issuer.sign(claims)}`).toString('base64')
  t.equal((await ask(`/ml${wheel.path}`, { headers: { authorization: `Basic ${password}` } })).status, 200)
})

for (const offline of [false, true])
  t.test(
    `a JWT of an issuer that nobody configured is nobody’s where everybody is served${offline ? ', and so it is offline' : ''}`,
    async t => {
      const [issuer, other] = [await startIssuer(t), await startIssuer(t)]
      const world = await createWorld(t)
      await world.release('demo', '1.0')
      const access = { anonymous: true, workloads: [{ issuer: issuer.url, audience: 'gate', claims: { sub: 'job' } }] }
      const { url } = await startGate(t, world, { configuration: { ...world.configuration(), access, offline } })
      const ask = createPlainAsk(t, url)
      const theirs = bearer(await other.sign({ aud: 'registry.example' }))
      const statuses = new Set<number>()
      for (let count = 0; count < 25; count += 1) statuses.add((await ask('/codes', theirs)).status)
      t.strictSame(statuses, new Set([200]), 'and no attempt at anything')
      t.equal((await ask('/codes', bearer(await issuer.sign({ aud: 'another', sub: 'job' })))).status, 401)
      t.strictSame(other.asked, [], 'nobody asks a stranger')
    },
  )

t.test('an issuer that is away is no answer to its own, and keeps nobody else back', async t => {
  const issuer = await startIssuer(t)
  issuer.status = 500
  const rule = { issuer: issuer.url, audience: 'gate', claims: { sub: 'job' } }
  const { ask, wheel, token } = await twoIndexes(t, { access: { anonymous: false, workloads: [rule] }, ml: {} })
  const signed = await issuer.sign({ aud: 'gate', sub: 'job' })
  t.match((await ask(wheel.path, bearer(signed))).json(), { status: 503, code: 'unknown-issuer' })
  t.equal((await ask(wheel.path, bearer(await token('--name', 'ci')))).status, 200)
  t.equal((await ask(wheel.path)).status, 401)
})

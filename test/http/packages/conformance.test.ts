// guards: src/http/packages/json-api.ts src/http/packages/simple.ts
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { type GateChanges, startGate, type WorldGate } from '../../world/gate/gate.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import type { StatementJson } from '../../world/signing/signing.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld, defaultIdentity, type World, type WorldOptions } from '../../world/world.ts'
import { type Answered, type Ask, createAsk, PIP_ACCEPT, SIMPLE_HTML, SIMPLE_JSON } from '../client.ts'

const PUBLIC = 'https://pypi.acme.example/team-a'
const JSON_PAGE = { headers: { accept: SIMPLE_JSON } }
const HTML_PAGE = { headers: { accept: 'text/html' } }

interface Scene {
  readonly world: World
  readonly gate: WorldGate
  readonly ask: Ask
}

/** A gate in front of a world; `before` fills the world first. */
async function scene(
  t: Test,
  before: (world: World) => Promise<unknown>,
  changes: GateChanges & { readonly world?: WorldOptions } = {},
): Promise<Scene> {
  const world = await createWorld(t, changes.world)
  await before(world)
  const gate = await startGate(t, world, changes)
  return { world, gate, ask: createAsk(t, world, gate.url) }
}

/** 1.0 is attested, 2.0 is not. */
async function mixed(world: World): Promise<void> {
  await world.release('demo', '1.0')
  await world.release('demo', '2.0', { attested: false })
}

async function pathOf(ask: Ask, filename: string): Promise<string> {
  const page = (await ask('/simple/demo/', JSON_PAGE)).json()
  const file = page.files.find((each: { filename: string }) => each.filename === filename)
  return new URL(file.url, 'http://gate.example/simple/demo/').pathname.replace('/team-a', '')
}

/** A refusal that names what passes instead: that is looked for within a moment, and told from when it is known. */
async function knowing(ask: Ask, path: string): Promise<Answered> {
  return await comesTo(
    'it is known what passes',
    () => ask(path),
    refused => refused.json().passes !== undefined,
  )
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const REFUSED_WHEEL = 'demo-2.0-py3-none-any.whl'
const WHEEL = 'demo-1.0-py3-none-any.whl'

t.test(
  'case 1: a name that is not normalised is sent to its normal form, under our own prefix, query preserved',
  async t => {
    const { ask } = await scene(t, mixed)
    for (const [path, expected] of [
      ['/simple/Foo_.Bar/', '/simple/foo-bar/'],
      ['/simple/Foo_.Bar/?format=text/html', '/simple/foo-bar/?format=text/html'],
      ['/simple//demo/', '/simple/demo/'],
      ['//simple///DEMO', '/simple/demo/'],
      ['/simple//?format=text/html', '/simple/?format=text/html'],
      ['/pypi/Demo/json/', '/pypi/Demo/json'],
      ['/pypi/Demo/1.0/json/', '/pypi/Demo/1.0/json'],
    ] as const) {
      const moved = await ask(path, { headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' } })
      t.equal(moved.status, 301, path)
      const location = moved.headers['location'] ?? ''
      t.equal(
        new URL(location, `http://gate.example${path.replace(/^\/+/, '/')}`).href,
        `http://gate.example${expected}`,
      )
      t.notMatch(location, /evil/)
    }
    const published = await scene(t, mixed, { configuration: { public_url: PUBLIC } })
    const moved = await published.ask('/simple/Foo_.Bar/')
    t.equal(moved.headers['location'], `${PUBLIC}/simple/foo-bar/`)
  },
)

t.test('case 2: a missing slash is added, for HEAD as for GET', async t => {
  const { ask, world } = await scene(t, mixed)
  for (const method of ['GET', 'HEAD'])
    for (const [path, expected] of [
      ['/simple/foo', '/simple/foo/'],
      ['/simple', '/simple/'],
    ] as const) {
      const moved = await ask(path, { method })
      t.equal(moved.status, 301)
      t.equal(new URL(moved.headers['location'] ?? '', `http://gate.example${path}`).pathname, expected)
    }
  t.equal(world.upstream.requests.length, 0, 'nobody had to be asked')
})

t.test('case 3: pip gets JSON; a browser, */* and nobody in particular get HTML', async t => {
  const { ask } = await scene(t, mixed)
  const type = async (accept?: string): Promise<string | undefined> =>
    (await ask('/simple/demo/', accept === undefined ? {} : { headers: { accept } })).headers['content-type']
  t.equal(await type(PIP_ACCEPT), SIMPLE_JSON)
  t.equal(await type('text/html'), 'text/html')
  t.equal(await type('*/*'), 'text/html')
  t.equal(await type(), 'text/html')
  t.equal(await type(SIMPLE_HTML), SIMPLE_HTML)
})

t.test(
  'case 3: pip 22.3 and 22.3.1, which ignore the digests of a JSON page, get HTML; their neighbours do not',
  async t => {
    const { ask } = await scene(t, mixed)
    for (const [version, expected] of [
      ['22.3', 'text/html'],
      ['22.3.1', 'text/html'],
      ['22.2.2', SIMPLE_JSON],
      ['22.3.2', SIMPLE_JSON],
      ['22.30', SIMPLE_JSON],
      ['23.0', SIMPLE_JSON],
    ] as const) {
      const headers = { accept: PIP_ACCEPT, 'user-agent': `pip/${version} {"ci":null}` }
      t.equal((await ask('/simple/demo/', { headers })).headers['content-type'], expected, version)
    }
  },
)

t.test('case 4: the type that means the latest version is answered with the version that it means', async t => {
  const { ask } = await scene(t, mixed)
  for (const [asked, expected] of [
    ['application/vnd.pypi.simple.latest+json', SIMPLE_JSON],
    ['application/vnd.pypi.simple.latest+html', SIMPLE_HTML],
  ] as const)
    t.equal((await ask('/simple/demo/', { headers: { accept: asked } })).headers['content-type'], expected)
})

t.test('case 5: weights win over order, a weight of 0 excludes, and what nobody offers is 406', async t => {
  const { ask } = await scene(t, mixed)
  const asked = async (accept: string): Promise<Answered> => await ask('/simple/demo/', { headers: { accept } })
  t.equal((await asked(`text/html;q=0.5, ${SIMPLE_JSON};q=0.9`)).headers['content-type'], SIMPLE_JSON)
  t.equal((await asked(`${SIMPLE_JSON};q=0.2, text/html`)).headers['content-type'], 'text/html')
  t.equal((await asked(`${SIMPLE_JSON};q=0, */*;q=0.1`)).headers['content-type'], 'text/html')
  for (const accept of ['application/json', 'image/png', `${SIMPLE_JSON};q=0`]) {
    const refused = await asked(accept)
    t.equal(refused.status, 406, accept)
    t.equal(refused.headers['content-type'], 'application/problem+json')
  }
})

t.test('case 6: ?format= beats Accept, with its plus sign raw or encoded', async t => {
  const { ask } = await scene(t, mixed)
  for (const plus of ['+', '%2B', '%2b']) {
    const answered = await ask(`/simple/demo/?format=application/vnd.pypi.simple.v1${plus}json`, HTML_PAGE)
    t.equal(answered.headers['content-type'], SIMPLE_JSON, plus)
  }
  t.equal((await ask('/simple/demo/?format=image/png')).status, 406)
})

t.test('case 7: Vary on 200 and 304, one ETag per coding, and no body for who has it', async t => {
  const { ask } = await scene(t, mixed)
  const tags = new Set<string | undefined>()
  for (const coding of ['identity', 'gzip', 'zstd'] as const) {
    const headers = { accept: SIMPLE_JSON, 'accept-encoding': coding }
    const early = await ask('/simple/demo/', { method: 'HEAD', headers })
    const full = await ask('/simple/demo/', { headers })
    t.equal(full.headers['content-encoding'], coding === 'identity' ? undefined : coding, 'the first time, too')
    const etag = full.headers['etag'] ?? ''
    for (const field of ['etag', 'content-encoding', 'content-type', 'vary'])
      t.equal(early.headers[field], full.headers[field], `HEAD says so before anybody had the page: ${field}`)
    tags.add(etag)
    t.match(etag, /^"[^"]+"$/, 'strong')
    t.equal(full.headers['content-length'], String(full.raw.length))
    t.match(full.json(), { name: 'demo' })
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*', ` "x" ,W/${etag}`]) {
      const unchanged = await ask('/simple/demo/', { headers: { ...headers, 'if-none-match': known } })
      t.equal(unchanged.status, 304, known)
      t.equal(unchanged.raw.length, 0)
      t.equal(unchanged.headers['etag'], etag)
      t.equal(unchanged.headers['cache-control'], 'no-cache')
      for (const answered of [full, unchanged]) t.equal(answered.headers['vary'], 'Accept, Accept-Encoding')
    }
    t.equal((await ask('/simple/demo/', { headers: { ...headers, 'if-none-match': '"other"' } })).status, 200)
    const head = await ask('/simple/demo/', { method: 'HEAD', headers })
    t.match(head.headers, { etag, 'content-length': full.headers['content-length'] })
    t.equal(head.raw.length, 0)
  }
  t.equal(tags.size, 3)
  const [plain = ''] = tags
  const unchanged = await ask('/simple/demo/', {
    headers: { accept: SIMPLE_JSON, 'accept-encoding': 'gzip', 'if-none-match': plain },
  })
  t.match(unchanged, { status: 304, headers: { etag: plain } }, 'who has it uncoded has it')
  const coded = await ask('/simple/demo/', {
    headers: { accept: SIMPLE_JSON, 'accept-encoding': 'identity', 'if-none-match': [...tags][1] ?? '' },
  })
  t.equal(coded.status, 200, 'a coding that is not taken any more is not had')
  tags.add((await ask('/simple/demo/', HTML_PAGE)).headers['etag'])
  t.equal(tags.size, 4, 'HTML has its own')
})

t.test(
  'case 8: a JSON page is one that uv reads: nothing null that must not be, nothing missing that must be there',
  async t => {
    const { ask, world } = await scene(t, async world => {
      await mixed(world)
      await world.release('demo', '3.0', { listed: { entry: { size: undefined, 'upload-time': undefined } } })
    })
    for (const minor of [4, 1, 0] as const) {
      world.upstream.speak({ minor })
      world.upstream.setSerial('demo', 2_000 + minor)
      const page = (await ask('/simple/demo/', JSON_PAGE)).json()
      t.equal(page.files.length, 6)
      for (const file of page.files) {
        for (const key of ['size', 'upload-time', 'yanked']) t.not(file[key], null, key)
        t.match(file, { filename: String, url: String, hashes: { sha256: /^[0-9a-f]{64}$/ } })
        t.notOk('dist-info-metadata' in file, 'old pips stumble over this key')
        t.not(file['core-metadata'], true)
      }
    }
  },
)

t.test('case 9: hide leaves out refused files, and versions that have none left', async t => {
  const { ask } = await scene(t, mixed, { configuration: { index: { mode: 'hide' } } })
  const page = (await ask('/simple/demo/', JSON_PAGE)).json()
  t.strictSame(page.versions, ['1.0'])
  t.strictSame(page.files.map((file: { filename: string }) => file.filename).sort(), [WHEEL, 'demo-1.0.tar.gz'])
})

t.test('case 10: every URL is on the configured public base, whatever Host and X-Forwarded-* say', async t => {
  const { ask } = await scene(t, mixed, { configuration: { public_url: PUBLIC, trust_proxy: ['127.0.0.0/8'] } })
  const headers = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'gopher',
    'x-forwarded-prefix': '/evil',
    forwarded: 'host=evil.example',
  }
  const page = (await ask('/simple/demo/', { headers: { ...headers, accept: SIMPLE_JSON } })).json()
  for (const file of page.files) {
    t.ok(file.url.startsWith(`${PUBLIC}/packages/`))
    if (typeof file.provenance === 'string') t.ok(file.provenance.startsWith(`${PUBLIC}/integrity/demo/`))
  }
  const legacy = (await ask('/pypi/demo/json', { headers })).json()
  for (const { url } of [...legacy.urls, ...Object.values(legacy.releases).flat()] as { url: string }[])
    t.ok(url.startsWith(`${PUBLIC}/packages/`))
  const said = (await ask('/simple/demo/', { headers: { ...headers, accept: 'text/html' } })).text
  t.notMatch(said + JSON.stringify(page) + JSON.stringify(legacy), /evil|gopher/)
  const refusal = await ask(await pathOf(ask, REFUSED_WHEEL), { headers })
  t.ok(refusal.json().explain.startsWith(`${PUBLIC}/x/`))
  t.ok(refusal.reason.includes(`${PUBLIC}/x/`))
})

t.test('case 11: a file has the path that it has upstream', async t => {
  const { ask, world } = await scene(t, mixed)
  t.equal(await pathOf(ask, WHEEL), world.upstream.pathOf('demo', WHEEL))
  t.match(await pathOf(ask, WHEEL), /^\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/demo-1\.0-py3-none-any\.whl$/)
})

t.test('case 12: the HTML page is the one of PEP 503, 691, 714 and 740, escaped', async t => {
  const { ask } = await scene(
    t,
    async world => {
      await world.release('demo', '1.0', { requiresPython: '>=3.9,<4', listed: { yanked: 'a "bad" <release> & more' } })
    },
    { configuration: { public_url: PUBLIC } },
  )
  const { text } = await ask('/simple/demo/', HTML_PAGE)
  t.ok(text.startsWith('<!DOCTYPE html>'))
  t.match(text, '<meta name="pypi:repository-version" content="1.4">')
  t.match(text, 'data-requires-python="&gt;=3.9,&lt;4"')
  t.match(text, 'data-yanked="a &quot;bad&quot; &lt;release&gt; &amp; more"')
  t.match(text, /data-core-metadata="sha256=[0-9a-f]{64}"/)
  t.match(text, /data-provenance="https:\/\/pypi\.acme\.example\/team-a\/integrity\/demo\/1\.0\/[^"]+\/provenance"/)
  t.match(text, /<a href="https:\/\/pypi\.acme\.example\/team-a\/packages\/[^"]+#sha256=[0-9a-f]{64}"/)
  t.match(text, new RegExp(`>${WHEEL}</a>`))
})

t.test('case 13: HTML and JSON list the same files', async t => {
  for (const mode of ['list', 'annotate', 'hide']) {
    const { ask } = await scene(t, mixed, { configuration: { index: { mode } } })
    const json = (await ask('/simple/demo/', JSON_PAGE)).json().files.map((file: { filename: string }) => file.filename)
    const { text } = await ask('/simple/demo/', HTML_PAGE)
    t.strictSame(
      Array.from(text.matchAll(/>([^<]+)<\/a>/g), ([, name]) => name),
      json,
      mode,
    )
  }
})

t.test('case 14: an unattested file is 403 with the rule in the phrase and a problem that uv shows', async t => {
  const { ask } = await scene(t, mixed)
  const path = await pathOf(ask, REFUSED_WHEEL)
  const refused = await knowing(ask, path)
  t.equal(refused.status, 403)
  t.match(refused.reason, /^Refused by policy: unattested \(see http:\/\/127\.0\.0\.1:\d+\/x\/[0-9a-z]{12}\)$/)
  t.match(refused.reason, /^[\x20-\x7e]{1,199}$/)
  t.equal(refused.headers['content-type'], 'application/problem+json')
  t.equal(refused.headers['cache-control'], 'no-store')
  t.equal(refused.headers['etag'], undefined)
  const body = refused.json()
  t.strictSame(
    Object.keys(body).sort(),
    [
      'code',
      'detail',
      'explain',
      'filename',
      'index',
      'passes',
      'project',
      'rule',
      'sha256',
      'source',
      'status',
      'title',
      'type',
      'version',
    ].sort(),
  )
  t.match(body, {
    status: 403,
    code: 'unattested',
    title: /unattested/,
    project: 'demo',
    version: '2.0',
    filename: REFUSED_WHEEL,
    sha256: /^[0-9a-f]{64}$/,
    rule: /projects\[0\] demo .*policy\.yaml:\d+/,
  })
  t.equal(refused.reason.includes(body.explain), true)
})

t.test('case 14: pdm, which shows neither phrase nor body, is sent to a URL that carries the code', async t => {
  const { ask } = await scene(t, mixed)
  const path = await pathOf(ask, REFUSED_WHEEL)
  const { explain } = (await ask(path)).json()
  for (const agent of ['pdm/2.29.3 CPython/3.11', 'unearth/0.18.2'])
    for (const method of ['GET', 'HEAD'])
      for (const asked of [path, `${path}.metadata`]) {
        const moved = await ask(asked, { method, headers: { 'user-agent': agent } })
        t.equal(moved.status, 302)
        t.equal(moved.headers['location'], `${explain}/unattested`)
        t.equal(moved.headers['cache-control'], 'no-store')
        t.equal(moved.raw.length, 0)
      }
  const there = await ask(`${new URL(explain).pathname}/unattested`, { headers: { 'user-agent': 'pdm/2.29.3' } })
  t.equal(there.status, 403)
  t.equal(there.headers['content-type'], 'application/problem+json')
  t.match(there.reason, /^Refused by policy: unattested/)
  t.equal((await ask(`${new URL(explain).pathname}/yanked`)).status, 404, 'not its code')
})

t.test('case 15: HEAD, Range and a matching ETag do not get past a refusal', async t => {
  const { ask, world } = await scene(t, mixed)
  const path = await pathOf(ask, REFUSED_WHEEL)
  const full = await knowing(ask, path)
  const etag = `"sha256-${full.json().sha256}"`
  for (const [method, headers] of [
    ['HEAD', {}],
    ['GET', { range: 'bytes=0-9' }],
    ['GET', { range: 'bytes=-10' }],
    ['GET', { range: 'bytes=0-9', 'if-range': etag }],
    ['GET', { 'if-none-match': etag }],
    ['GET', { 'if-none-match': '*' }],
    ['HEAD', { 'if-none-match': etag }],
  ] as const) {
    const refused = await ask(path, { method, headers })
    t.equal(refused.status, 403, JSON.stringify([method, headers]))
    t.equal(refused.headers['content-type'], 'application/problem+json')
    t.equal(refused.headers['content-length'], full.headers['content-length'])
    t.equal(refused.reason, full.reason)
    if (method === 'HEAD') t.equal(refused.raw.length, 0)
  }
  t.equal(world.upstream.count('file'), 0, 'its bytes were never asked for')
})

t.test('case 16: .metadata is refused with its wheel; that of an admitted one has the advertised digest', async t => {
  const { ask, world } = await scene(t, mixed)
  const page = (await ask('/simple/demo/', JSON_PAGE)).json()
  for (const file of page.files) {
    if (!file.filename.endsWith('.whl')) continue
    const path = `${await pathOf(ask, file.filename)}.metadata`
    const answered = await ask(path)
    if (file.filename === REFUSED_WHEEL) {
      t.equal(answered.status, 403)
      t.match(answered.json(), { code: 'unattested', filename: REFUSED_WHEEL })
      continue
    }
    t.equal(answered.status, 200)
    t.equal(sha256(answered.body), file['core-metadata'].sha256)
    t.equal(answered.headers['content-length'], String(answered.raw.length))
    t.equal(answered.headers['content-encoding'], undefined)
    const etag = answered.headers['etag'] ?? ''
    t.equal((await ask(path, { headers: { 'if-none-match': etag } })).status, 304)
  }
  t.equal((await ask(`${await pathOf(ask, 'demo-1.0.tar.gz')}.metadata`)).status, 404, 'an sdist has none')
  t.equal(world.upstream.count('metadata'), 1)
})

t.test('case 17: an admitted file is whole, tagged, uncoded, and never used again unasked', async t => {
  for (const [mode, expected] of [
    ['revalidate', 'private, no-cache'],
    ['forbid', 'no-store'],
  ] as const) {
    const { ask, world } = await scene(t, mixed, { configuration: { files: { client_cache: mode } } })
    const [wheel] = (await world.release('other', '1.0')).files
    t.ok(wheel)
    const path = await pathOf(ask, WHEEL)
    for (const round of ['cold', 'stored']) {
      const answered = await ask(path, { headers: { 'accept-encoding': 'gzip, zstd' } })
      t.equal(answered.status, 200, round)
      const digest = sha256(answered.raw)
      t.match(answered.headers, {
        'content-length': String(answered.raw.length),
        etag: `"sha256-${digest}"`,
        'accept-ranges': 'bytes',
        'cache-control': expected,
        'x-content-type-options': 'nosniff',
        'content-type': 'application/octet-stream',
      })
      t.equal(answered.headers['content-encoding'], undefined)
      t.equal(answered.headers['content-disposition'], undefined)
      const head = await ask(path, { method: 'HEAD' })
      t.match(head.headers, { 'content-length': String(answered.raw.length), etag: answered.headers['etag'] })
      t.equal(head.raw.length, 0)
      const unchanged = await ask(path, { headers: { 'if-none-match': `"sha256-${digest}"` } })
      t.equal(unchanged.status, 304)
      t.match(unchanged.headers, { 'cache-control': expected, etag: answered.headers['etag'] })
    }
    t.equal(world.upstream.count('file'), 1)
  }
})

t.test('case 18: a client with a warm cache learns of a change of mind', async t => {
  const { ask, world, gate } = await scene(t, mixed)
  const path = await pathOf(ask, WHEEL)
  const { headers } = await ask(path)
  const known = { headers: { 'if-none-match': headers['etag'] ?? '' } }
  t.equal((await ask(path, known)).status, 304)
  world.writePolicy('version: 1\nmode: enforce\nprojects: [{ match: other, attestation: optional }]\n')
  t.equal(gate.app.reload(), 'loaded')
  const refused = await ask(path, known)
  t.equal(refused.status, 403)
  t.match(refused.json(), { code: 'no-rule' })
  world.writePolicy()
  t.equal(gate.app.reload(), 'loaded')
  t.equal((await ask(path, known)).status, 304)
  world.writePolicy('version: 1\nnonsense')
  t.equal(gate.app.reload(), 'kept')
  t.equal((await ask(path, known)).status, 304, 'the last good policy stays in force')
})

t.test('case 19: single ranges are cut, one that lies outside is 416, several are answered with the whole', async t => {
  const { ask } = await scene(t, async world => world.release('demo', '1.0', { padTo: 30_000 }))
  const path = await pathOf(ask, WHEEL)
  const whole = (await ask(path)).raw
  const size = whole.length
  const etag = `"sha256-${sha256(whole)}"`
  for (const [range, start, end] of [
    ['bytes=0-99', 0, 99],
    ['bytes=100-', 100, size - 1],
    ['bytes=-10000', size - 10_000, size - 1],
    ['bytes=0-0', 0, 0],
    [`bytes=${size - 1}-`, size - 1, size - 1],
    [`bytes=5-${size * 2}`, 5, size - 1],
    [`bytes=-${size * 2}`, 0, size - 1],
    ['Bytes=7-8', 7, 8],
  ] as const) {
    const part = await ask(path, { headers: { range } })
    t.equal(part.status, 206, range)
    t.equal(part.headers['content-range'], `bytes ${start}-${end}/${size}`)
    t.equal(part.headers['content-length'], String(end - start + 1))
    t.equal(part.headers['etag'], etag)
    t.ok(part.raw.equals(whole.subarray(start, end + 1)), 'the right bytes')
  }
  for (const range of [`bytes=${size}-`, `bytes=${size + 5}-${size + 9}`, 'bytes=-0']) {
    const outside = await ask(path, { headers: { range } })
    t.equal(outside.status, 416, range)
    t.equal(outside.headers['content-range'], `bytes */${size}`)
    t.equal(outside.raw.length, 0)
  }
  for (const range of ['bytes=0-1,5-6', 'bytes=0-1, -5', 'items=0-1', 'bytes=', 'bytes=-', 'bytes=9-5', 'bytes=x-y'])
    t.equal((await ask(path, { headers: { range } })).raw.length, size, range)
  t.equal((await ask(path, { headers: { range: 'bytes=5-', 'if-range': etag } })).status, 206)
  for (const other of ['"sha256-other"', `W/${etag}`, 'Wed, 25 Nov 2026 00:00:00 GMT'])
    t.equal((await ask(path, { headers: { range: 'bytes=5-', 'if-range': other } })).raw.length, size, other)
  t.equal((await ask(path, { method: 'HEAD', headers: { range: 'bytes=0-1' } })).headers['content-length'], `${size}`)
})

t.test('case 20: bytes that are not the announced ones reach nobody, and are not asked for again', async t => {
  const { ask, world } = await scene(t, async world => {
    await world.release('demo', '1.0', { tamper: 'transfer' })
  })
  const path = await pathOf(ask, WHEEL)
  for (const attempt of [1, 2, 3]) {
    const failed = await ask(path)
    t.equal(failed.status, 502, `attempt ${attempt}`)
    t.match(failed.json(), { code: 'integrity-mismatch' })
    t.match(failed.headers['retry-after'], /^\d+$/)
  }
  t.equal(world.upstream.count('file'), 1)
})

t.test(
  'case 21: a statement about other bytes or another name is refused; permuted tags are the same name',
  async t => {
    const { ask } = await scene(t, async world => {
      await world.release('demo', '1.0', { kinds: ['wheel'], tamper: 'content' })
      await addWheel(world, { version: '1.1', tag: 'py3-none-any', signedAs: 'demo-1.2-py3-none-any.whl' })
      await addWheel(world, { version: '1.3', tag: 'py2.py3-none-any', signedAs: 'Demo-1.3.0-py3.py2-none-any.whl' })
    })
    const bytes = await ask(await pathOf(ask, WHEEL))
    t.strictSame([bytes.status, bytes.json().code], [403, 'digest-mismatch'])
    const name = await ask(await pathOf(ask, 'demo-1.1-py3-none-any.whl'))
    t.strictSame([name.status, name.json().code], [403, 'subject-mismatch'])
    t.equal((await ask(await pathOf(ask, 'demo-1.3-py2.py3-none-any.whl'))).status, 200)
  },
)

/** A wheel of the project whose statement names it otherwise. */
async function addWheel(
  world: World,
  { version, tag, signedAs }: { readonly version: string; readonly tag: string; readonly signedAs: string },
): Promise<void> {
  const { filename, bytes, metadata, sha256 } = makeWheel({ name: 'demo', version, tag })
  const identity = defaultIdentity('demo', '1.0')
  const attestation = await world.signing.attest({ filename: signedAs, sha256, identity })
  const publisher = world.signing.publisher(identity)
  const provenance = world.signing.provenance([{ publisher, attestations: [attestation] }])
  world.upstream.add('demo', { filename, bytes, metadata, provenance })
}

t.test('case 22: what the certificate proves counts, not what the publisher object says', async t => {
  const { ask } = await scene(
    t,
    async world => {
      await world.release('demo', '1.0', {
        kinds: ['wheel'],
        identity: {
          kind: 'github',
          repository: 'mallory/demo',
          workflow: 'release.yml',
          publisher: { repository: 'acme/demo' },
        },
      })
    },
    {
      policy:
        'version: 1\nmode: enforce\ndefaults: { attestation: required, unmatched: deny }\nprojects:\n  - match: demo\n    publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }]\n',
    },
  )
  const refused = await ask(await pathOf(ask, WHEEL))
  t.equal(refused.status, 403)
  t.match(refused.json().code, /^publisher-(object-)?mismatch$/)
})

t.test('case 23: provenance that is not what PEP 740 describes is refused, never a 500', async t => {
  // biome-ignore lint/suspicious/noExplicitAny: bent at will
  const documents: Readonly<Record<string, (document: any) => void>> = {
    'version 2': document => {
      document.version = 2
    },
    'no bundle': document => {
      document.attestation_bundles = []
    },
    'an unknown kind of publisher': document => {
      document.attestation_bundles[0].publisher.kind = 'SourceForge'
    },
    'an attestation of version 2': document => {
      document.attestation_bundles[0].attestations[0].version = 2
    },
    'a bundle without attestations': document => {
      document.attestation_bundles[0].attestations = []
    },
  }
  const statements: Readonly<Record<string, (statement: StatementJson) => unknown>> = {
    'two subjects': statement => ({ ...statement, subject: [...statement.subject, ...statement.subject] }),
    'no subject': statement => ({ ...statement, subject: [] }),
    'an unknown predicate': statement => ({ ...statement, predicateType: 'https://example.com/v1' }),
    'no JSON': () => 'nonsense',
  }
  const { ask, gate, world } = await scene(t, async world => {
    await world.release('demo', '1.0', { kinds: ['wheel'] })
  })
  const versions = new Map<string, string>()
  for (const [index, [what, statement]] of Object.entries(statements).entries()) {
    const version = `2.${index}`
    versions.set(what, version)
    await world.release('demo', version, { kinds: ['wheel'], alter: { statement } })
  }
  for (const [index, [what, bend]] of Object.entries(documents).entries()) {
    const version = `3.${index}`
    versions.set(what, version)
    const { wheel } = await world.release('demo', version, { kinds: ['wheel'] })
    const document = JSON.parse(wheel.provenance?.toString('utf8') ?? '')
    bend(document)
    world.upstream.replace('demo', wheel.filename, { provenance: Buffer.from(JSON.stringify(document)) })
  }
  for (const [what, version] of versions)
    t.equal((await ask(await pathOf(ask, `demo-${version}-py3-none-any.whl`))).status, 403, what)
  t.strictSame(
    gate.events.filter(({ type }) => type === 'unknown'),
    [],
  )
})

t.test('case 24: an Integrity API that cannot tell is 503 with whole seconds, and is forgotten', async t => {
  const { ask, world } = await scene(t, mixed)
  const path = await pathOf(ask, WHEEL)
  for (const fault of [{ status: 403 }, { status: 406 }, { status: 500 }, { status: 503 }, { reset: true }] as const) {
    world.upstream.fault({ route: 'provenance', do: fault })
    const unknown = await ask(path)
    t.ok(unknown.status === 503 || unknown.status === 502, JSON.stringify(fault))
    t.match(unknown.headers['retry-after'], /^\d+$/)
    t.equal(unknown.headers['content-type'], 'application/problem+json')
    t.match(unknown.json().code, /^unknown-/)
    t.equal(unknown.headers['cache-control'], 'no-store')
    world.upstream.clearFaults()
  }
  t.equal((await ask(path)).status, 200)
})

t.test('case 25: a file alone, from a lock, is verified in full; other paths to it are 404', async t => {
  const { ask, world } = await scene(t, mixed)
  const path = world.upstream.pathOf('demo', WHEEL)
  t.equal((await ask(path)).status, 200)
  t.equal(world.upstream.count('provenance'), 1)
  for (const other of [
    path.replace(/\/[0-9a-f]{60}\//, `/${'0'.repeat(60)}/`),
    path.replace(WHEEL, 'demo-1.0.tar.gz'),
    path.replace(WHEEL, 'absent-1.0.tar.gz'),
  ])
    t.equal((await ask(other)).status, 404, other)
})

t.test(
  'case 26: a project without an admitted file is an empty page, an unknown one is 404, in both forms',
  async t => {
    const { ask } = await scene(
      t,
      async world => {
        await world.release('demo', '1.0', { attested: false })
        await world.release('held', '1.0')
        world.upstream.setStatus('held', 'quarantined', 'looked at')
      },
      { configuration: { index: { mode: 'hide' } } },
    )
    const page = (await ask('/simple/demo/', JSON_PAGE)).json()
    t.strictSame([page.files, page.versions], [[], []])
    const html = await ask('/simple/demo/', HTML_PAGE)
    t.equal(html.status, 200)
    t.notMatch(html.text, '<a ')
    t.match((await ask('/simple/held/', JSON_PAGE)).json(), { 'project-status': { status: 'quarantined' } })
    for (const form of [JSON_PAGE, HTML_PAGE]) {
      const unknown = await ask('/simple/nobody-knows/', form)
      t.equal(unknown.status, 404)
      t.equal(unknown.json().code, 'no-project')
    }
  },
)

t.test('case 27: the JSON API in any spelling, its serial, refused files left out in every mode', async t => {
  for (const mode of ['list', 'annotate', 'hide']) {
    const { ask } = await scene(t, mixed, { configuration: { index: { mode } } })
    for (const path of ['/pypi/demo/json', '/pypi/Demo/json', '/pypi/demo/1.0/json', '/pypi/demo/1.0.0/json']) {
      const answered = await ask(path)
      t.equal(answered.status, 200, path)
      t.equal(answered.headers['content-type'], 'application/json')
      t.match(answered.headers['x-pypi-last-serial'], /^\d+$/)
      const { urls, releases = {} } = answered.json()
      const listed = [...urls, ...Object.values(releases).flat()].map(file => (file as { filename: string }).filename)
      t.notMatch(listed.join(' '), /2\.0/, mode)
      for (const { url, digests } of urls) {
        t.ok(new URL(url).pathname.startsWith('/packages/'))
        t.match(digests.sha256, /^[0-9a-f]{64}$/)
      }
      const etag = answered.headers['etag'] ?? ''
      t.equal((await ask(path, { headers: { 'if-none-match': etag } })).status, 304)
      t.equal(answered.headers['vary'], 'Accept-Encoding')
      const coded = await ask(path, { headers: { 'accept-encoding': 'gzip' } })
      t.equal(coded.headers['content-encoding'], 'gzip')
      t.equal(coded.text, answered.text)
    }
    t.equal((await ask('/pypi/demo/9.9/json')).status, 404)
    t.equal((await ask('/pypi/nobody-knows/json')).status, 404)
  }
})

t.test('case 28: provenance is the bytes that were verified, in its own type; otherwise 404 or 406', async t => {
  const { ask, world } = await scene(t, mixed)
  const path = `/integrity/demo/1.0/${WHEEL}/provenance`
  const upstream = await (await fetch(`${world.upstream.integrityOrigin}${path}`)).text()
  for (const asked of [path, `/integrity/Demo/1.0.0/${WHEEL}/provenance`]) {
    const answered = await ask(asked)
    t.equal(answered.status, 200)
    t.equal(answered.headers['content-type'], 'application/vnd.pypi.integrity.v1+json')
    t.equal(answered.text, upstream)
  }
  t.equal((await ask(path, { headers: { accept: 'application/json' } })).headers['content-type'], 'application/json')
  t.equal((await ask(path, { headers: { accept: 'text/plain' } })).status, 406)
  for (const absent of [
    `/integrity/demo/2.0/${REFUSED_WHEEL}/provenance`,
    `/integrity/demo/2.0/${WHEEL}/provenance`,
    '/integrity/demo/1.0/demo-9.0.tar.gz/provenance',
    '/integrity/demo/1.0/nothing.txt/provenance',
  ]) {
    const answered = await ask(absent)
    t.equal(answered.status, 404, absent)
    t.equal(answered.headers['content-type'], 'application/problem+json')
  }
})

t.test(
  'case 29: other methods are 405; what is outside the grammar is 400 or 404, and the upstream never hears of it',
  async t => {
    const { ask, world } = await scene(t, mixed)
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
      for (const path of ['/simple/demo/', '/legacy/', '/pypi', '/', '/no/such/path', `/x/${'0'.repeat(12)}`]) {
        const answered = await ask(path, { method })
        t.equal(answered.status, 405, `${method} ${path}`)
        t.equal(answered.headers['allow'], 'GET, HEAD')
      }
    const hex = `/packages/aa/bb/${'c'.repeat(60)}`
    for (const path of [
      '/simple/..%2f..%2fetc/',
      '/simple/%2e%2e/',
      '/simple/a%00b/',
      '/simple/%C3%A9/',
      '/simple/%E2%80%8Bdemo/',
      `/simple/${'a'.repeat(256)}/`,
      `/simple/${'a'.repeat(2_000)}/`,
      '/simple/%252e%252e/',
      '/simple/demo%2f/',
      '/simple/demo/extra',
      '/simple/-demo/',
      '/simple/%zz/',
      '/demo/json',
      '/pypi/demo',
      '/pypi/demo/not%20a%20version/json',
      `/pypi/demo/${'1'.repeat(300)}/json`,
      `${hex}/..%2f..%2fdemo-1.0.tar.gz`,
      `${hex}/demo-1.0.tar.gz%00`,
      `${hex}/demo-1.0.tar.gz%2fx`,
      `${hex}/d%C3%A9mo-1.0.tar.gz`,
      `${hex}/${'a'.repeat(250)}-1.0.tar.gz`,
      `/packages/AA/bb/${'c'.repeat(60)}/demo-1.0.tar.gz`,
      `/packages/aa/bb/${'c'.repeat(59)}/demo-1.0.tar.gz`,
      '/packages/aa/bb/demo-1.0.tar.gz',
      `/integrity/demo/1.0/..%2f..%2fx/provenance`,
      '/x/..%2f',
      '/x/0123456789ab',
      '/rss/updates.xml',
      '/search?q=demo',
      '/favicon.ico',
    ]) {
      const answered = await ask(path)
      t.ok(answered.status === 400 || answered.status === 404, `${path.slice(0, 60)}: ${answered.status}`)
      t.equal(answered.headers['content-type'], 'application/problem+json')
    }
    t.equal(world.upstream.requests.length, 0)
  },
)

t.test('case 29: a name of 255 bytes is one like any other', async t => {
  const name = 'n'.repeat(200)
  const { ask, world } = await scene(t, async world => {
    const local = `1.0+${'l'.repeat(255 - 200 - '-1.0+-py3-none-any.whl'.length)}`
    await world.release(name, local, { kinds: ['wheel'] })
  })
  const page = (await ask(`/simple/${name}/`, JSON_PAGE)).json()
  const [file] = page.files
  t.equal(file.filename.length, 255)
  const path = world.upstream.pathOf(name, file.filename)
  t.equal((await ask(path)).status, 200)
  t.equal((await ask(path.replace('+', '%2B'))).status, 200, 'an encoded plus is the same path')
  t.equal((await ask(`${path}.metadata`)).status, 200)
  const version = encodeURIComponent(page.versions[0])
  t.equal((await ask(`/integrity/${name}/${version}/${file.filename}/provenance`)).status, 200)
  const listed = await ask(`/packages/aa/bb/${'c'.repeat(60)}/${'x'.repeat(255)}`)
  t.equal(listed.status, 404)
})

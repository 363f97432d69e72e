import t, { type Test } from 'tap'
import { millis } from '../../src/domain/base/instant.ts'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import { type DistFilename, parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { parseUpstreamBase } from '../../src/protocol/simple/upstream-base.ts'
import { createUpstreamAgent, type UpstreamAgentOptions } from '../../src/upstream/agent.ts'
import { createIndex } from '../../src/upstream/pypi-index.ts'
import { createIntegrity } from '../../src/upstream/pypi-integrity.ts'
import { createOrigin } from '../../src/upstream/pypi-origin.ts'
import { upstreamFailure } from '../../src/upstream/upstream-failure.ts'
import { type Loopback, serve } from '../world/loopback.ts'

const DEMO = parseProjectName('demo')
const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
const PAGE = { meta: { 'api-version': '1.4', '_last-serial': 3 }, name: 'Demo', files: [], versions: [] }
const UNKNOWN = { code: 'unknown-upstream' }
const NOBODY_LEAVES = new AbortController().signal

function dist(text: string): DistFilename {
  const filename = parseDistFilename(text)
  if (filename === undefined) throw new Error(`${text} is no distribution`)
  return filename
}

function agentFor(t: Test, upstreams: readonly string[], more: Partial<UpstreamAgentOptions> = {}) {
  const agent = createUpstreamAgent({
    upstreams,
    files: upstreams,
    timeout: millis(2_000),
    auth: {},
    environment: {},
    version: '0',
    events: { emit() {} },
    ...more,
  })
  t.teardown(() => agent.close())
  return agent
}

/** An upstream with one answer for everything, and the index over it. */
async function indexWith(
  t: Test,
  answer: { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: string },
  prefix = '',
): Promise<{ readonly server: Loopback; readonly index: ReturnType<typeof createIndex> }> {
  const { status = 200, headers = {}, body = JSON.stringify(PAGE) } = answer
  const server = await serve(
    t,
    (_, response) => void response.writeHead(status, { 'content-type': SIMPLE_JSON, ...headers }).end(body),
  )
  const index = createIndex({
    agent: agentFor(t, [server.origin]),
    index: `${server.origin}${prefix}`,
    files: [server.origin],
  })
  return { server, index }
}

t.test('upstream URLs', async t => {
  const good: readonly (readonly [string, string])[] = [
    ['https://pypi.org', 'https://pypi.org'],
    ['https://pypi.org/', 'https://pypi.org'],
    ['https://PYPI.org:443//', 'https://pypi.org'],
    ['https://host.example/artifactory/api/pypi/x/', 'https://host.example/artifactory/api/pypi/x'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://127.9.9.9', 'http://127.9.9.9'],
    ['http://localhost:1/x', 'http://localhost:1/x'],
    ['http://[::1]:1', 'http://[::1]:1'],
  ]
  for (const [text, href] of good) t.equal(parseUpstreamBase(text, 'upstream.index').href, href)
  const bad = [
    'pypi.org',
    '',
    'http://pypi.org',
    'http://10.0.0.1',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'ftp://127.0.0.1',
    'file:///x',
    'https://user:url-secret@pypi.org',
    'https://pypi.org/?token=url-secret',
    'https://pypi.org/#x',
  ]
  for (const text of bad) {
    t.throws(
      () => parseUpstreamBase(text, 'upstream.index'),
      { code: 'config-invalid', detail: /^upstream\.index / },
      text,
    )
    try {
      parseUpstreamBase(text, 'upstream.index')
    } catch (error) {
      t.notMatch(String(error), 'url-secret')
    }
  }
})

t.test('an agent that cannot be right is not made', async t => {
  const with_ = (more: Partial<UpstreamAgentOptions>) => () => agentFor(t, ['https://pypi.example'], more)
  const wrong: readonly Partial<UpstreamAgentOptions>[] = [
    { upstreams: ['http://pypi.example'] },
    { files: ['http://files.example'] },
    { ca: '' },
    { ca: 'not PEM' },
    { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
    { auth: { 'pypi.example': { token: 'x' } } },
    { auth: { 'http://pypi.example': { token: 'x' } } },
    { auth: { 'https://pypi.example': { token: 'secret\r\nx: y' } } },
    { environment: { HTTPS_PROXY: 'http://user:secret@bad host' } },
    { environment: { https_proxy: 'socks5://user:secret@127.0.0.1' } },
  ]
  for (const more of wrong) {
    t.throws(with_(more), { code: 'config-invalid' })
    try {
      with_(more)()
    } catch (error) {
      t.notMatch(`${String(error)} ${JSON.stringify(error)}`, 'secret')
    }
  }
  t.doesNotThrow(with_({ environment: { HTTPS_PROXY: '', NO_PROXY: '*' } }))
})

t.test('an agent speaks to its origins alone', async t => {
  const other = await serve(t, (_, response) => void response.end())
  const agent = agentFor(t, ['https://pypi.example'])
  const hop = { who: 'the index', what: 'page', method: 'GET', headers: {}, signal: NOBODY_LEAVES } as const
  for (const url of [other.origin, 'http://pypi.example', 'https://pypi.example:8443', 'https://u:p@pypi.example'])
    await t.rejects(agent.send({ ...hop, url: new URL(url) }), { code: 'unknown-bug' }, url)
  t.equal(other.requests.length, 0)
})

t.test('a project page', async t => {
  t.test('is read, with its entity tag and serial', async t => {
    const { index } = await indexWith(t, { headers: { etag: 'W/"abc"', 'x-pypi-last-serial': '99' } })
    t.match(await index.project(DEMO), { kind: 'page', etag: 'W/"abc"', index: { name: 'demo', serial: 99 } })
  })

  t.test('keeps its own serial where no header says one', async t => {
    const { index } = await indexWith(t, { headers: { 'x-pypi-last-serial': 'many' } })
    t.match(await index.project(DEMO), { kind: 'page', etag: undefined, index: { serial: 3 } })
  })

  t.test('is asked for below a path prefix', async t => {
    const { index, server } = await indexWith(t, {}, '/artifactory/api/pypi/x/')
    t.match(await index.project(DEMO), { kind: 'page' })
    t.equal(server.requests[0]?.url, '/artifactory/api/pypi/x/simple/demo/')
  })

  t.test('may have a charset', async t => {
    const { index } = await indexWith(t, {
      headers: { 'content-type': `${SIMPLE_JSON.toUpperCase()} ; charset=utf-8` },
    })
    t.match(await index.project(DEMO), { kind: 'page' })
  })

  t.test('has files only from the file origins', async t => {
    const hashes = { sha256: 'a'.repeat(64) }
    const files = ['https://elsewhere.example/demo-1.zip', '//elsewhere.example/demo-2.zip', '../../demo-3.zip'].map(
      (url, at) => ({
        filename: `demo-${at + 1}.zip`,
        url,
        hashes,
      }),
    )
    const { index, server } = await indexWith(t, { body: JSON.stringify({ ...PAGE, files }) })
    const answer = await index.project(DEMO)
    t.strictSame(answer.kind === 'page' && answer.index.files.map(({ url }) => url), [`${server.origin}/demo-3.zip`])
  })

  t.test('is unchanged only where a condition was sent', async t => {
    const { index, server } = await indexWith(t, { status: 304, body: '' })
    t.strictSame(await index.project(DEMO, { etag: '"abc"' }), { kind: 'unchanged' })
    t.equal(server.requests[0]?.headers['if-none-match'], '"abc"')
    await t.rejects(index.project(DEMO), UNKNOWN)
    await t.rejects(index.project(DEMO, { etag: undefined }), UNKNOWN)
    t.equal(server.requests[1]?.headers['if-none-match'], undefined)
  })

  t.test('is absent at 404 alone', async t => {
    t.strictSame(await (await indexWith(t, { status: 404, body: '' })).index.project(DEMO), { kind: 'absent' })
    for (const status of [204, 206, 400, 401, 403, 406, 410, 429, 451, 500])
      await t.rejects((await indexWith(t, { status, body: '' })).index.project(DEMO), UNKNOWN, String(status))
  })

  t.test('is unknown where it is something else', async t => {
    const others: Record<string, Parameters<typeof indexWith>[1]> = {
      HTML: { headers: { 'content-type': 'text/html' } },
      'plain JSON': { headers: { 'content-type': 'application/json' } },
      'another major': { headers: { 'content-type': 'application/vnd.pypi.simple.v2+json' } },
      empty: { body: '' },
      'not JSON': { body: '<html>' },
      'another project': { body: JSON.stringify({ ...PAGE, name: 'other' }) },
      'a list': { body: '[]' },
    }
    for (const [what, answer] of Object.entries(others))
      await t.rejects((await indexWith(t, answer)).index.project(DEMO), UNKNOWN, what)
  })

  t.test('has no entity tag where the header holds none', async t => {
    for (const etag of ['abc', '"a b"', `"${'x'.repeat(300)}"`, '"a", "b"']) {
      const { index } = await indexWith(t, { headers: { etag } })
      t.match(await index.project(DEMO), { kind: 'page', etag: undefined }, etag)
    }
  })
})

t.test('the legacy JSON API', async t => {
  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify({ info: { name: 'demo' }, urls: [], last_serial: 5 })

  t.test('of a project and of a version', async t => {
    const { index, server } = await indexWith(t, { headers: json, body })
    t.match(await index.legacy(DEMO), {
      kind: 'json',
      json: { project: 'demo', document: { info: { name: 'demo' } }, serial: 5 },
    })
    await index.legacy(DEMO, '1!1.0+a')
    t.strictSame(
      server.requests.map(({ url }) => url),
      ['/pypi/demo/json', '/pypi/demo/1!1.0%2Ba/json'],
    )
  })

  t.test('is absent at 404, unknown at anything else', async t => {
    t.strictSame(await (await indexWith(t, { status: 404 })).index.legacy(DEMO), { kind: 'absent' })
    const others: Parameters<typeof indexWith>[1][] = [
      { status: 403, headers: json },
      { status: 304, body: '' },
      { headers: { 'content-type': 'text/html' } },
      { headers: json, body: '' },
      { headers: json, body: '[]' },
      { headers: json, body: 'null' },
    ]
    for (const answer of others) await t.rejects((await indexWith(t, answer)).index.legacy(DEMO), UNKNOWN)
  })
})

t.test('the Integrity API', async t => {
  const server = await serve(t, (_, response) => void response.writeHead(404).end())
  const agent = agentFor(t, [server.origin])

  t.test('is asked at a URL that is built here', async t => {
    const integrity = createIntegrity({ agent, integrity: `${server.origin}/mirror/`, index: 'https://pypi.example' })
    await integrity.provenance(DEMO, dist('demo-1!1.0+local.1-py3-none-any.whl'))
    await integrity.provenance(DEMO, dist('Demo-1.0.post1.tar.gz'))
    t.strictSame(
      server.requests.map(({ url }) => url),
      [
        '/mirror/integrity/demo/1!1.0%2Blocal.1/demo-1!1.0%2Blocal.1-py3-none-any.whl/provenance',
        '/mirror/integrity/demo/1.0.post1/Demo-1.0.post1.tar.gz/provenance',
      ],
    )
  })

  t.test('knows whether it is the own one of the index', async t => {
    const own = (integrity: string, index: string) => createIntegrity({ agent, integrity, index }).ownOrigin
    t.equal(own('https://pypi.org', 'https://pypi.org/x'), true)
    t.equal(own('https://pypi.org', 'https://pypi.acme.example'), false)
    t.equal(own('https://pypi.org:8443', 'https://pypi.org'), false)
  })
})

t.test('the file origin', async t => {
  const server = await serve(t, (request, response) => {
    if (request.url?.includes('.metadata')) response.end('Name: demo')
    else response.end('bytes')
  })
  const origin = createOrigin({ agent: agentFor(t, [server.origin]), files: [server.origin], maxSize: 100 })
  const at = (url: string) => ({ filename: dist('demo-1.0-py3-none-any.whl'), url }) as unknown as Artifact

  t.test('gives a file and its length', async t => {
    const { value } = await origin.file(at(`${server.origin}/a/demo.whl?x=1#sha256=abc`), NOBODY_LEAVES)
    t.equal(value.length, 5)
    value.body.destroy()
    t.equal(server.requests.at(-1)?.url, '/a/demo.whl?x=1')
  })

  t.test('gives the metadata beside it', async t => {
    const answer = await origin.metadata(at(`${server.origin}/a/demo.whl?x=1`))
    t.equal(answer.kind === 'metadata' && String(answer.bytes.value), 'Name: demo')
    t.equal(server.requests.at(-1)?.url, '/a/demo.whl.metadata?x=1')
  })

  t.test('has metadata that is absent at 404 alone', async t => {
    for (const [status, outcome] of [
      [404, 'absent'],
      [403, UNKNOWN],
      [304, UNKNOWN],
      [410, UNKNOWN],
    ] as const) {
      const other = await serve(t, (_, response) => void response.writeHead(status).end())
      const there = createOrigin({ agent: agentFor(t, [other.origin]), files: [other.origin], maxSize: 100 })
      const answer = there.metadata(at(`${other.origin}/demo.whl`))
      if (outcome === 'absent') t.strictSame(await answer, { kind: 'absent' })
      else await t.rejects(answer, outcome)
    }
  })

  t.test('is never asked outside the file origins', async t => {
    await t.rejects(origin.file(at('https://elsewhere.example/demo.whl'), NOBODY_LEAVES), { code: 'unknown-bug' })
    await t.rejects(origin.metadata(at('https://elsewhere.example/demo.whl')), { code: 'unknown-bug' })
  })
})

t.test('a failure keeps code and text of its cause, and nothing else of it', async t => {
  const raw = Object.assign(new Error('connect to http://user:secret@host failed'), {
    code: 'ECONNRESET',
    socket: 'secret',
    cert: 'secret',
  })
  const error = upstreamFailure('the index', raw)
  t.match(error, { code: 'unknown-upstream', detail: 'the connection to the index failed (ECONNRESET)' })
  t.match(error.cause, { code: 'ECONNRESET', message: 'connect to http://host failed' })
  t.notMatch(JSON.stringify(error.cause), 'secret')
  t.match(upstreamFailure('the index', { code: 'rm -rf' }), { detail: 'the connection to the index failed' })
  t.match(upstreamFailure('the index', undefined), UNKNOWN)
  t.equal(upstreamFailure('the file origin', error), error, 'a GateError stays what it is')
})

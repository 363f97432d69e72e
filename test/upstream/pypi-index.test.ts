import t, { type Test } from 'tap'
import { createIndex } from '../../src/upstream/pypi-index.ts'
import { type Loopback, serve } from '../world/loopback.ts'
import { agentFor, DEMO, UNKNOWN } from './one-answer.ts'

const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
const PAGE = { meta: { 'api-version': '1.4', '_last-serial': 3 }, name: 'Demo', files: [], versions: [] }

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

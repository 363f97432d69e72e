import t, { type Test } from 'tap'
import { createIndex } from '../../src/upstream/pypi-index.ts'
import { type Loopback, serve } from '../world/network/loopback.ts'
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

const LINK = `<a href="/files/demo-1.0%2Bcpu-py3-none-any.whl#sha256=${'a'.repeat(64)}">demo</a>`

t.test('an index that has only HTML', async t => {
  t.test('is read by the type of its answer', async t => {
    for (const type of ['text/html', 'text/html; charset=utf-8', 'application/vnd.pypi.simple.v1+html']) {
      const { index } = await indexWith(t, { headers: { 'content-type': type }, body: LINK })
      t.match(await index.project(DEMO), {
        kind: 'page',
        index: { name: 'demo', files: [{ filename: 'demo-1.0+cpu-py3-none-any.whl', sha256: 'a'.repeat(64) }] },
      })
    }
  })

  t.test('is not guessed at from the body', async t => {
    await t.rejects((await indexWith(t, { body: LINK })).index.project(DEMO), UNKNOWN)
    const { index } = await indexWith(t, { headers: { 'content-type': 'text/plain' }, body: LINK })
    await t.rejects(index.project(DEMO), UNKNOWN)
  })

  t.test('is asked for JSON first', async t => {
    const { index, server } = await indexWith(t, {})
    await index.project(DEMO)
    t.equal(
      server.requests[0]?.headers.accept,
      'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1',
    )
  })
})

t.test('an index that is named by the folder of its pages', async t => {
  const pages = async (t: Test, at: RegExp, elsewhere: number) => {
    const asked: string[] = []
    const { origin } = await serve(t, ({ url = '' }, response) => {
      asked.push(url)
      if (!at.test(url)) return void response.writeHead(elsewhere).end()
      response.writeHead(200, { 'content-type': 'text/html' }).end(LINK)
    })
    const open = (path: string) =>
      createIndex({ agent: agentFor(t, [origin]), index: `${origin}${path}`, files: [origin] })
    return { open, urls: () => asked.splice(0) }
  }

  t.test('has no /simple/ below it', async t => {
    for (const elsewhere of [403, 404]) {
      const { open, urls } = await pages(t, /^\/whl\/cpu\/demo\/$/, elsewhere)
      const index = open('/whl/cpu')
      t.match(await index.project(DEMO), { kind: 'page' })
      t.strictSame(urls(), ['/whl/cpu/simple/demo/', '/whl/cpu/+simple/demo/', '/whl/cpu/demo/'])
      await index.project(DEMO)
      t.strictSame(urls(), ['/whl/cpu/demo/'], 'and that is known from then on')
    }
  })

  t.test('may be devpi’s, whichever way it is named', async t => {
    for (const named of ['/team/acme', '/team/acme/+simple']) {
      const { open, urls } = await pages(t, /^\/team\/acme\/\+simple\/demo\/$/, 404)
      const index = open(named)
      t.match(await index.project(DEMO), { kind: 'page' })
      urls()
      await index.project(DEMO)
      t.strictSame(urls(), ['/team/acme/+simple/demo/'])
    }
  })

  t.test('is told from one that has it by the first page', async t => {
    const { open, urls } = await pages(t, /^\/pypi\/simple\/demo\/$/, 404)
    const index = open('/pypi')
    t.strictSame(await index.project('absent' as never), { kind: 'absent' })
    t.match(await index.project(DEMO), { kind: 'page' })
    urls()
    t.strictSame(await index.project('absent' as never), { kind: 'absent' })
    t.strictSame(urls(), ['/pypi/simple/absent/'])
  })

  t.test('is never looked for at the root of a host, nor where nobody answered', async t => {
    const { open, urls } = await pages(t, /^\/demo\/$/, 404)
    t.strictSame(await open('').project(DEMO), { kind: 'absent' })
    t.strictSame(urls(), ['/simple/demo/'])
    const broken = await pages(t, /^\/whl\/other\/$/, 500)
    await t.rejects(broken.open('/whl').project(DEMO), UNKNOWN)
  })

  t.test('is not told by one answer without files, of which it was the first', async t => {
    let odd = 1
    const asked: string[] = []
    const { origin } = await serve(t, ({ url = '' }, response) => {
      if (url.includes('+simple')) return void response.writeHead(404).end()
      asked.push(url)
      const isOwn = !url.includes('/simple/')
      if (!isOwn && odd === 0) return void response.writeHead(404).end()
      if (!isOwn) odd -= 1
      // the upstream of that moment has neither
      if (isOwn && asked.length <= 2) return void response.writeHead(404).end()
      response
        .writeHead(200, { 'content-type': isOwn ? 'text/html' : 'application/vnd.pypi.simple.v1+json' })
        .end(isOwn ? LINK : JSON.stringify({ meta: { 'api-version': '1.0' }, name: 'demo', files: [] }))
    })
    const index = createIndex({ agent: agentFor(t, [origin]), index: `${origin}/whl`, files: [origin] })
    t.match(await index.project(DEMO), { kind: 'page', index: { files: [] } }, 'it is what was said')
    t.match(await index.project(DEMO), { kind: 'page', index: { files: [{ sha256: 'a'.repeat(64) }] } })
    t.strictSame(asked, ['/whl/simple/demo/', '/whl/demo/', '/whl/simple/demo/', '/whl/demo/'])
  })

  t.test('is believed only where it lists a file with its sha256', async t => {
    const server = await serve(t, ({ url = '' }, response) => {
      const listing = '<title>Links for demo</title><a href="demo-1.0.tar.gz">demo-1.0.tar.gz</a>'
      if (url.includes('simple/')) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': 'text/html' }).end(listing)
    })
    const { origin } = server
    const index = createIndex({ agent: agentFor(t, [origin]), index: `${origin}/files`, files: [origin] })
    t.strictSame(await index.project(DEMO), { kind: 'absent' })
  })
})

t.test('the legacy JSON API', async t => {
  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify({ info: { name: 'demo' }, urls: [], last_serial: 5 })

  t.test('of a project and of a version', async t => {
    const { index, server } = await indexWith(t, { headers: json, body })
    const answer = await index.legacy(DEMO)
    t.match(answer, { kind: 'json', json: { project: 'demo', serial: 5, urls: [], releases: undefined } })
    t.match(answer.kind === 'json' && Buffer.from(answer.json.bytes).toString(), /"name":"demo"/)
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

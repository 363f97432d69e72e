// guards: src/upstream/credentials.ts src/upstream/dispatcher.ts src/upstream/lanes.ts
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { GateError } from '../../src/domain/base/errors.ts'
import { millis } from '../../src/domain/base/instant.ts'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import { type DistFilename, parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import { createUpstreamAgent, type UpstreamAgent, type UpstreamAgentOptions } from '../../src/upstream/agent.ts'
import { createIndex } from '../../src/upstream/pypi-index.ts'
import { createIntegrity } from '../../src/upstream/pypi-integrity.ts'
import { createOrigin } from '../../src/upstream/pypi-origin.ts'
import { serve, serveRaw } from '../world/network/loopback.ts'
import { connectProxy } from '../world/network/proxy.ts'
import { createTlsAuthority } from '../world/network/tls-certificates.ts'
import { until } from '../world/until.ts'
import { metadataOf } from './one-answer.ts'

const DEMO = parseProjectName('demo')
const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
const INTEGRITY_JSON = 'application/vnd.pypi.integrity.v1+json'
const NOBODY_LEAVES = new AbortController().signal

function page(files: readonly object[] = []): string {
  return JSON.stringify({ meta: { 'api-version': '1.4' }, name: 'demo', files, versions: [] })
}

function wheel(): DistFilename {
  const filename = parseDistFilename('demo-1.0-py3-none-any.whl')
  if (filename === undefined) throw new Error('the test names no wheel')
  return filename
}

function artifactAt(url: string, size?: number): Artifact {
  return { filename: wheel(), project: DEMO, url, size } as unknown as Artifact
}

function agentFor(t: Test, upstreams: readonly string[], more: Partial<UpstreamAgentOptions> = {}): UpstreamAgent {
  const agent = createUpstreamAgent({
    upstreams,
    files: upstreams,
    timeout: millis(20_000),
    auth: {},
    environment: {},
    version: '0.0.0-test',
    events: { emit() {} },
    ...more,
  })
  t.teardown(() => agent.close())
  return agent
}

/** The three ports over one upstream. */
function portsAt(t: Test, upstream: string, more: Partial<UpstreamAgentOptions> = {}) {
  const agent = agentFor(t, [upstream, ...(more.files ?? [])], more)
  const files = more.files ?? [upstream]
  return {
    index: createIndex({ agent, index: upstream, files }),
    integrity: createIntegrity({ agent, integrity: upstream, index: upstream }),
    origin: createOrigin({ agent, files, maxSize: 1024 * 1024 }),
    file: (size?: number) => `${new URL(files[0] ?? upstream).origin}/packages/demo-1.0-py3-none-any.whl#${size ?? ''}`,
  }
}

/** Reads a whole file; every failure on the way, early or late, is the rejection. */
async function download(
  t: Test,
  upstream: string,
  size?: number,
  more: Partial<UpstreamAgentOptions> = {},
): Promise<Buffer> {
  const { origin, file } = portsAt(t, upstream, more)
  const answer = await origin.file(artifactAt(file(), size), NOBODY_LEAVES)
  return await buffer(answer.value.body)
}

const UNKNOWN = { name: 'GateError', code: 'unknown-upstream' }
const TIMEOUT = { name: 'GateError', code: 'unknown-upstream-timeout' }

t.test('TLS', async t => {
  const authority = await createTlsAuthority('Acme')
  const stranger = await createTlsAuthority('Stranger')
  const good = await authority.issue(['127.0.0.1', 'localhost'])
  const answerPage = (_: unknown, response: import('node:http').ServerResponse) =>
    void response.setHeader('content-type', SIMPLE_JSON).end(page())

  t.test('a certificate of an unknown authority is refused, whatever the environment says', async t => {
    const server = await serve(t, answerPage, good)
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    t.teardown(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    })
    await t.rejects(portsAt(t, server.origin).index.project(DEMO), {
      ...UNKNOWN,
      detail: /TLS certificate of the index.*upstream\.ca/,
    })
    t.equal(server.requests.length, 0, 'no request left')
  })

  t.test('the extra authority is accepted', async t => {
    const server = await serve(t, answerPage, good)
    t.match(await portsAt(t, server.origin, { ca: authority.ca }).index.project(DEMO), { kind: 'page' })
  })

  t.test('another extra authority is not', async t => {
    const server = await serve(t, answerPage, good)
    await t.rejects(portsAt(t, server.origin, { ca: stranger.ca }).index.project(DEMO), UNKNOWN)
    t.equal(server.requests.length, 0)
  })

  t.test('a certificate for another host is refused', async t => {
    const server = await serve(t, answerPage, await authority.issue(['pypi.example']))
    await t.rejects(portsAt(t, server.origin, { ca: authority.ca }).index.project(DEMO), UNKNOWN)
    t.equal(server.requests.length, 0)
  })

  t.test('an expired certificate is refused', async t => {
    const server = await serve(
      t,
      answerPage,
      await authority.issue(['127.0.0.1'], { notAfter: new Date(Date.now() - 3_600_000) }),
    )
    await t.rejects(portsAt(t, server.origin, { ca: authority.ca }).index.project(DEMO), {
      ...UNKNOWN,
      detail: /CERT_HAS_EXPIRED/,
    })
  })

  t.test('the extra authority adds to the roots of NODE_EXTRA_CA_CERTS', async t => {
    const server = await serve(t, answerPage, good)
    const folder = t.testdir({
      'extra.pem': authority.ca,
      'ask.ts': `
        import { createUpstreamAgent } from ${JSON.stringify(new URL('../../src/upstream/agent.ts', import.meta.url).href)}
        import { createIndex } from ${JSON.stringify(new URL('../../src/upstream/pypi-index.ts', import.meta.url).href)}
        const [index, ca] = process.argv.slice(2)
        const agent = createUpstreamAgent({ upstreams: [index], files: [], ca, timeout: 5000, auth: {}, environment: {}, version: '0', events: { emit() {} } })
        console.log((await createIndex({ agent, index, files: [] }).project('demo')).kind)
        await agent.close()`,
    })
    const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/ask.ts`, server.origin, stranger.ca], {
      env: { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: `${folder}/extra.pem` },
    })
    t.equal(stdout.trim(), 'page')
  })

  t.test('a proxy is honoured, and the certificate behind it verified', async t => {
    const server = await serve(t, answerPage, good)
    const proxy = await connectProxy(t)
    const environment = { HTTPS_PROXY: `http://someone:proxy-secret@127.0.0.1:${proxy.port}` }
    t.match(await portsAt(t, server.origin, { ca: authority.ca, environment }).index.project(DEMO), { kind: 'page' })
    t.strictSame(proxy.targets, [`127.0.0.1:${server.port}`])
    t.equal(proxy.authorizations[0], `Basic ${Buffer.from('someone:proxy-secret').toString('base64')}`)
    t.notOk(server.requests[0]?.headers['proxy-authorization'])

    await t.rejects(portsAt(t, server.origin, { environment }).index.project(DEMO), UNKNOWN)
    const other = await serve(t, answerPage, await authority.issue(['pypi.example']))
    await t.rejects(portsAt(t, other.origin, { ca: authority.ca, environment }).index.project(DEMO), UNKNOWN)
    t.equal(other.requests.length, 0, 'wrong host behind a proxy')

    const exempt = { ...environment, NO_PROXY: '127.0.0.1' }
    t.match(await portsAt(t, server.origin, { ca: authority.ca, environment: exempt }).index.project(DEMO), {
      kind: 'page',
    })
    t.equal(proxy.targets.length, 3, 'NO_PROXY goes straight')
  })

  t.test('a proxy that refuses is unknown, and its password stays unsaid', async t => {
    const proxy = await serveRaw(t, socket =>
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n'),
    )
    const environment = { https_proxy: `http://someone:proxy-secret@127.0.0.1:${proxy.port}` }
    const error = await failure(portsAt(t, 'https://pypi.example', { environment }).index.project(DEMO))
    t.match(error, UNKNOWN)
    t.notMatch(inspectAll(error), 'proxy-secret')
  })

  t.test('plain HTTP never goes through a proxy', async t => {
    const server = await serve(t, answerPage)
    const proxy = await connectProxy(t)
    const environment = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }
    t.match(await portsAt(t, server.origin, { environment }).index.project(DEMO), { kind: 'page' })
    t.strictSame(proxy.targets, [])
  })
})

t.test('redirects', async t => {
  const authority = await createTlsAuthority('Acme')
  const tls = await authority.issue(['127.0.0.1'])

  t.test('of a page are followed inside the origin, relative ones too', async t => {
    const server = await serve(t, (request, response) => {
      if (request.url === '/simple/demo/') response.writeHead(301, { location: '../demo-moved/?a=1#b' }).end()
      else
        response
          .setHeader('content-type', SIMPLE_JSON)
          .end(page([{ filename: 'demo-1.0.zip', url: 'demo-1.0.zip', hashes: {} }]))
    })
    const answer = await portsAt(t, server.origin).index.project(DEMO)
    t.match(answer, { kind: 'page', index: { files: [{ url: `${server.origin}/simple/demo-moved/demo-1.0.zip` }] } })
    t.equal(server.requests[1]?.url, '/simple/demo-moved/?a=1')
  })

  t.test('elsewhere cause no connection', async t => {
    const elsewhere = await serve(t, (_, response) => void response.setHeader('content-type', SIMPLE_JSON).end(page()))
    const targets = [
      elsewhere.origin,
      `http://localhost:${elsewhere.port}/`,
      `http://0x7f.1:${elsewhere.port}/`,
      'http://169.254.169.254/latest/',
      'http://[::1]/',
      'https://[fe80::1]/',
      '//pypi.example/',
      'file:///etc/passwd',
      'ftp://127.0.0.1/',
      'javascript:alert(1)',
    ]
    for (const location of targets) {
      const server = await serve(t, (_, response) => void response.writeHead(302, { location }).end())
      const { index, integrity, origin, file } = portsAt(t, server.origin)
      await t.rejects(index.project(DEMO), UNKNOWN, location)
      await t.rejects(integrity.provenance(DEMO, wheel()), UNKNOWN, location)
      await t.rejects(origin.file(artifactAt(file()), NOBODY_LEAVES), UNKNOWN, location)
      await t.rejects(metadataOf(origin, artifactAt(file())), UNKNOWN, location)
    }
    t.equal(elsewhere.requests.length, 0)
  })

  t.test('with credentials, without Location, or with two of them, are not followed', async t => {
    for (const location of ['http://a:b@HOST/simple/x/', '', undefined, ['/a', '/b'], 'http://']) {
      const server = await serve(t, (request, response) => {
        if (request.url !== '/simple/demo/') return void response.setHeader('content-type', SIMPLE_JSON).end(page())
        const { host = '' } = request.headers
        if (typeof location === 'string') response.setHeader('location', location.replace('HOST', host))
        else if (location !== undefined) response.setHeader('location', location)
        response.writeHead(302).end()
      })
      await t.rejects(portsAt(t, server.origin).index.project(DEMO), UNKNOWN, String(location))
      if (location !== '') t.equal(server.requests.length, 1)
    }
  })

  t.test('from TLS to plain HTTP are not followed, not even to a file origin', async t => {
    const plain = await serve(t, (_, response) => void response.end('bytes'))
    const server = await serve(t, (_, response) => void response.writeHead(307, { location: plain.origin }).end(), tls)
    const agent = agentFor(t, [server.origin, plain.origin], { ca: authority.ca })
    const origin = createOrigin({ agent, files: [server.origin, plain.origin], maxSize: 1e6 })
    await t.rejects(origin.file(artifactAt(`${server.origin}/demo.whl`), NOBODY_LEAVES), UNKNOWN)
    t.equal(plain.requests.length, 0)
  })

  t.test('of a file reach the configured file origins; of a page they do not', async t => {
    const files = await serve(t, (_, response) => void response.setHeader('content-type', SIMPLE_JSON).end('bytes'))
    const server = await serve(
      t,
      (_, response) => void response.writeHead(302, { location: `${files.origin}/x` }).end(),
    )
    const agent = agentFor(t, [server.origin, files.origin])
    const origin = createOrigin({ agent, files: [server.origin, files.origin], maxSize: 1e6 })
    const answer = await origin.file(artifactAt(`${server.origin}/demo.whl`), NOBODY_LEAVES)
    t.equal(String(await buffer(answer.value.body)), 'bytes')
    const index = createIndex({ agent, index: server.origin, files: [files.origin] })
    await t.rejects(index.project(DEMO), UNKNOWN)
    t.equal(files.requests.length, 1)
  })

  t.test('in a loop end after five', async t => {
    const server = await serve(
      t,
      (request, response) => void response.writeHead(302, { location: `${request.url}x` }).end(),
    )
    await t.rejects(portsAt(t, server.origin).index.project(DEMO), { ...UNKNOWN, detail: /more than 5 times/ })
    t.equal(server.requests.length, 6)
  })
})

t.test('framing of a file', async t => {
  const script = async (t: Test, ...pieces: readonly string[]) => await serveRaw(t, socket => void play(socket, pieces))

  t.test('a whole body with its length is passed on as it is', async t => {
    const server = await script(t, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole')
    t.equal(String(await download(t, server.origin, 5)), 'whole')
  })

  t.test('100 and 103 before the answer are no answer', async t => {
    const server = await script(
      t,
      'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole',
    )
    t.equal(String(await download(t, server.origin)), 'whole')
  })

  const broken: Readonly<Record<string, readonly string[]>> = {
    'shorter than its Content-Length, then closed': ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort', 'FIN'],
    'shorter than its Content-Length, then reset': ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort', 'RST'],
    'chunked without its last chunk': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n', 'FIN'],
    'two Content-Lengths': ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nshort', 'FIN'],
    'the same Content-Length twice': ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nshort', 'FIN'],
    'Content-Length and chunked': [
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\n\r\n',
      'FIN',
    ],
    'a negative Content-Length': ['HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nshort', 'FIN'],
    'no headers at all': ['FIN'],
    'something that is not HTTP': ['SSH-2.0-x\r\n', 'FIN'],
    'more than 16 KiB of headers': [
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\ncontent-length: 5\r\n\r\nshort`,
      'FIN',
    ],
    'a part of it (206)': [
      'HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-4/9\r\ncontent-length: 5\r\n\r\nshort',
    ],
    'a part of it (200 with Content-Range)': [
      'HTTP/1.1 200 OK\r\ncontent-range: bytes 0-4/9\r\ncontent-length: 5\r\n\r\nshort',
    ],
    'gzip, which was not asked for': ['HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nshort'],
    '304': ['HTTP/1.1 304 Not Modified\r\n\r\n'],
    '404': ['HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n'],
    '204': ['HTTP/1.1 204 No Content\r\n\r\n'],
  }
  for (const [what, pieces] of Object.entries(broken))
    t.test(`a body with ${what} is unknown`, async t => {
      const server = await script(t, ...pieces)
      await t.rejects(download(t, server.origin), UNKNOWN)
    })

  t.test('a body longer than its Content-Length is cut there, for the digest to judge', async t => {
    const server = await script(
      t,
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nwhole, and more',
      'FIN',
    )
    t.equal(String(await download(t, server.origin)), 'whole')
  })

  t.test('a body without any framing ends with its connection, for the digest to judge', async t => {
    const server = await script(t, 'HTTP/1.1 200 OK\r\n\r\nsome', 'FIN')
    t.equal(String(await download(t, server.origin)), 'some')
  })

  t.test('another length than the index gives is a mismatch before the first byte', async t => {
    const server = await script(t, 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole')
    await t.rejects(download(t, server.origin, 6), { code: 'integrity-mismatch' })
  })

  t.test('a length above files.max_size is refused at once, a body above it when it gets there', async t => {
    const announced = await script(t, 'HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n')
    await t.rejects(download(t, announced.origin), { code: 'integrity-mismatch' })
    const endless = await serve(t, (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    })
    await t.rejects(download(t, endless.origin), { code: 'integrity-mismatch', detail: /files\.max_size/ })
  })

  t.test('50 MB arrive as they were sent, also to a slow reader', async t => {
    const bytes = Buffer.alloc(50 * 1024 * 1024)
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(at, at)
    const server = await serve(t, (_, response) => void response.setHeader('content-length', bytes.length).end(bytes))
    const origin = createOrigin({ agent: agentFor(t, [server.origin]), files: [server.origin], maxSize: 1e9 })
    const answer = await origin.file(artifactAt(`${server.origin}/x.whl`, bytes.length), NOBODY_LEAVES)
    const hash = createHash('sha256')
    let pieces = 0
    for await (const chunk of answer.value.body as AsyncIterable<Buffer>) {
      hash.update(chunk)
      pieces += 1
      if (pieces % 50 === 0) await new Promise(resolve => setTimeout(resolve, 5))
    }
    t.equal(hash.digest('hex'), createHash('sha256').update(bytes).digest('hex'))
  })
})

t.test('time', async t => {
  const idle = { limits: { idle: millis(150) } }
  const rate = { limits: { rate: { window: millis(200), bytes: 1_000 } } }

  t.test('no headers within the timeout', async t => {
    const server = await serveRaw(t, () => {})
    // a busy machine may take a while before it has sent the request at all
    await t.rejects(portsAt(t, server.origin, { timeout: millis(1_000) }).index.project(DEMO), TIMEOUT)
    t.ok(server.heads.length <= 1, 'a slow upstream is not asked twice')
    await t.rejects(download(t, server.origin, undefined, { timeout: millis(150) }), TIMEOUT)
  })

  t.test('silence within a body', async t => {
    const server = await serveRaw(t, socket => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort'))
    await t.rejects(download(t, server.origin, 9, idle), TIMEOUT)
  })

  t.test('a body that drips', async t => {
    const server = await serveRaw(t, socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n')
      drip(socket)
    })
    await t.rejects(download(t, server.origin, 9_000, rate), TIMEOUT)
  })

  t.test('a small answer that drips runs out of its budget', async t => {
    const server = await serveRaw(t, socket => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${SIMPLE_JSON}\r\ncontent-length: 9000\r\n\r\n`)
      drip(socket)
    })
    await t.rejects(portsAt(t, server.origin, { timeout: millis(100) }).index.project(DEMO), TIMEOUT)
  })

  t.test('a reader that waits is not the fault of the upstream', async t => {
    const bytes = Buffer.alloc(1024 * 1024)
    const server = await serve(t, (_, response) => void response.end(bytes))
    // longer than a busy machine may stand still, shorter than the reader waits
    const limits = { rate: { window: millis(3_000), bytes: 1_000 }, idle: millis(3_000) }
    const { origin, file } = portsAt(t, server.origin, { limits })
    const answer = await origin.file(artifactAt(file()), NOBODY_LEAVES)
    await new Promise(resolve => setTimeout(resolve, 7_000))
    t.equal((await buffer(answer.value.body)).length, bytes.length)
  })

  t.test('the signal ends a download at any point', async t => {
    const server = await serveRaw(t, (socket, head) => {
      if (head.includes('/body')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort')
    })
    const { origin } = portsAt(t, server.origin)
    const early = new AbortController()
    const waiting = origin.file(artifactAt(`${server.origin}/headers`), early.signal)
    setTimeout(() => early.abort(), 50)
    await t.rejects(waiting, UNKNOWN)
    const late = new AbortController()
    const answer = await origin.file(artifactAt(`${server.origin}/body`), late.signal)
    setTimeout(() => late.abort(), 50)
    await t.rejects(buffer(answer.value.body), UNKNOWN)
    const done = new AbortController()
    done.abort()
    await t.rejects(origin.file(artifactAt(`${server.origin}/body`), done.signal), UNKNOWN)
  })
})

t.test('codings and sizes of small answers', async t => {
  const answering = async (t: Test, body: Buffer | string, headers: Record<string, string | string[]>) => {
    const server = await serve(t, (_, response) => {
      response.setHeader('content-type', INTEGRITY_JSON)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      response.end(body)
    })
    return portsAt(t, server.origin)
  }

  t.test('one gzip coding is undone', async t => {
    const { integrity } = await answering(t, gzipSync('{"version":1}'), { 'content-encoding': 'gzip' })
    const answer = await integrity.provenance(DEMO, wheel())
    t.equal(answer.kind === 'provenance' && Buffer.from(answer.bytes).toString(), '{"version":1}')
  })

  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
  const wrong: Readonly<Record<string, readonly [Buffer | string, Record<string, string | string[]>]>> = {
    'a gzip bomb': [bomb, { 'content-encoding': 'gzip' }],
    'two gzip codings': [gzipSync(gzipSync('{}')), { 'content-encoding': 'gzip, gzip' }],
    'two Content-Encoding fields': [gzipSync(gzipSync('{}')), { 'content-encoding': ['gzip', 'gzip'] }],
    brotli: ['{}', { 'content-encoding': 'br' }],
    zstd: ['{}', { 'content-encoding': 'zstd' }],
    'gzip in name only': ['{}', { 'content-encoding': 'gzip' }],
    'gzip cut short': [gzipSync('{"version":1}').subarray(0, 20), { 'content-encoding': 'gzip' }],
    'more than the limit': [Buffer.alloc(2 * 1024 * 1024, ' '), {}],
    'two content types': ['{}', { 'content-type': [INTEGRITY_JSON, 'text/html'] }],
  }
  for (const [what, [body, headers]] of Object.entries(wrong))
    t.test(`${what} is unknown`, async t => {
      const { integrity } = await answering(t, body, headers)
      await t.rejects(integrity.provenance(DEMO, wheel()), UNKNOWN)
    })

  t.test('metadata is asked for as it is, and refused in a coding', async t => {
    const { origin, file } = await answering(t, gzipSync('Name: demo'), { 'content-encoding': 'gzip' })
    await t.rejects(metadataOf(origin, artifactAt(file())), UNKNOWN)
  })
})

t.test('the Integrity API', async t => {
  const answering = async (t: Test, status: number, body: string, type: string | undefined) => {
    const server = await serve(t, (_, response) => {
      if (type !== undefined) response.setHeader('content-type', type)
      response.writeHead(status).end(body)
    })
    return portsAt(t, server.origin).integrity.provenance(DEMO, wheel())
  }
  const unknown: readonly (readonly [number, string, string | undefined])[] = [
    [200, '<html>login</html>', 'text/html'],
    [200, '', INTEGRITY_JSON],
    [200, '{}', undefined],
    [200, '{}', 'application/problem+json'],
    [201, '{}', INTEGRITY_JSON],
    [204, '', INTEGRITY_JSON],
    [206, '{}', INTEGRITY_JSON],
    [304, '', INTEGRITY_JSON],
    [400, '{}', INTEGRITY_JSON],
    [401, '{}', INTEGRITY_JSON],
    [403, '{"message":"Attestations temporarily disabled"}', 'application/json'],
    [406, '{}', 'application/json'],
    [410, '', 'application/json'],
    [429, '', 'application/json'],
    [500, '', 'application/json'],
    [503, '', 'application/json'],
  ]
  for (const [status, body, type] of unknown)
    t.test(`${status} ${type ?? 'without a type'} ${body.slice(0, 10)} is unknown`, async t => {
      await t.rejects(answering(t, status, body, type), UNKNOWN)
    })

  t.test('404 alone is "there is none"', async t => {
    t.strictSame(await answering(t, 404, '{"message":"No provenance available"}', 'application/json'), {
      kind: 'absent',
    })
    t.strictSame(await answering(t, 404, '<html>', 'text/html'), { kind: 'absent' })
  })

  t.test('the bytes come back as they were sent', async t => {
    for (const type of [INTEGRITY_JSON, 'application/json', 'Application/JSON; charset=utf-8']) {
      const answer = await answering(t, 200, ' {"a" : 1}\n', type)
      t.equal(answer.kind === 'provenance' && Buffer.from(answer.bytes).toString(), ' {"a" : 1}\n')
    }
  })
})

t.test('tries', async t => {
  const failing = async (t: Test, failures: number, fail: (socket: Socket) => void) => {
    let seen = 0
    return await serveRaw(t, socket => {
      seen += 1
      if (seen <= failures) fail(socket)
      else socket.end(`HTTP/1.1 200 OK\r\ncontent-type: ${SIMPLE_JSON}\r\nconnection: close\r\n\r\n${page()}`)
    })
  }
  const ways: Readonly<Record<string, (socket: Socket) => void>> = {
    'a reset': socket => socket.resetAndDestroy(),
    'an early end': socket => socket.end(),
    '502': socket => socket.end('HTTP/1.1 502 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
    '503': socket => socket.end('HTTP/1.1 503 x\r\nconnection: close\r\nretry-after: 900\r\ncontent-length: 0\r\n\r\n'),
    '504': socket => socket.end('HTTP/1.1 504 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
  }
  for (const [what, fail] of Object.entries(ways))
    t.test(`${what} is tried once more, not twice`, async t => {
      const once = await failing(t, 1, fail)
      t.match(await portsAt(t, once.origin).index.project(DEMO), { kind: 'page' })
      t.equal(once.heads.length, 2)
      const always = await failing(t, 9, fail)
      await t.rejects(portsAt(t, always.origin).index.project(DEMO), UNKNOWN)
      t.equal(always.heads.length, 2)
      const file = await failing(t, 9, fail)
      await t.rejects(download(t, file.origin), UNKNOWN)
      t.equal(file.heads.length, 2)
    })

  t.test('nobody there is unknown', async t => {
    const gone = createHttpServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    await new Promise(resolve => gone.close(resolve))
    await t.rejects(portsAt(t, `http://127.0.0.1:${port}`).index.project(DEMO), { ...UNKNOWN, detail: /ECONNREFUSED/ })
  })
})

t.test('what goes upstream, and what comes out in an error', async t => {
  const secrets = { username: 'robot', password: 'index-secret' }
  const basic = `Basic ${Buffer.from('robot:index-secret').toString('base64')}`

  t.test('credentials go to their own origin, on redirects too', async t => {
    const files = await serve(t, (_, response) => void response.end('bytes'))
    const index = await serve(t, (_, response) => void response.writeHead(302, { location: `${files.origin}/x` }).end())
    const agent = agentFor(t, [index.origin, files.origin], { auth: { [`${index.origin}/`]: secrets } })
    const origin = createOrigin({ agent, files: [index.origin, files.origin], maxSize: 1e6 })
    const answer = await origin.file(artifactAt(`${index.origin}/demo.whl`), NOBODY_LEAVES)
    await buffer(answer.value.body)
    t.equal(index.requests[0]?.headers.authorization, basic)
    t.equal(files.requests[0]?.headers.authorization, undefined)
  })

  t.test('a token is sent as Bearer', async t => {
    const server = await serve(t, (_, response) => void response.writeHead(404).end())
    const { index } = portsAt(t, server.origin, { auth: { [server.origin]: { token: 'token-secret' } } })
    t.strictSame(await index.project(DEMO), { kind: 'absent' })
    t.equal(server.requests[0]?.headers.authorization, 'Bearer token-secret')
  })

  t.test('the whole of what an upstream sees', async t => {
    const server = await serve(t, (_, response) => void response.writeHead(404).end())
    const { index, integrity, origin, file } = portsAt(t, server.origin)
    await index.project(DEMO, { etag: '"abc"' })
    await integrity.provenance(DEMO, wheel())
    await metadataOf(origin, artifactAt(file()))
    const seen = server.requests.map(({ url, headers: { host: _host, connection: _connection, ...headers } }) => ({
      url,
      headers,
    }))
    const agent = { 'user-agent': 'portcullis/0.0.0-test' }
    t.strictSame(seen, [
      {
        url: '/simple/demo/',
        headers: {
          accept: `${SIMPLE_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1`,
          'accept-encoding': 'gzip',
          'if-none-match': '"abc"',
          ...agent,
        },
      },
      {
        url: '/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance',
        headers: { accept: INTEGRITY_JSON, 'accept-encoding': 'gzip', ...agent },
      },
      { url: '/packages/demo-1.0-py3-none-any.whl.metadata', headers: { 'accept-encoding': 'identity', ...agent } },
    ])
  })

  t.test('no secret and no URL is in any error, whichever way it fails', async t => {
    const authority = await createTlsAuthority('Acme')
    const tls = await authority.issue(['127.0.0.1'])
    const fails: readonly ((socket: Socket) => void)[] = [
      socket => socket.resetAndDestroy(),
      socket => socket.end('HTTP/1.1 401 x\r\ncontent-length: 0\r\n\r\n'),
      socket =>
        socket.end(
          'HTTP/1.1 302 x\r\nlocation: https://u:location-secret@elsewhere.example/?sig=location-secret\r\ncontent-length: 0\r\n\r\n',
        ),
      socket => socket.end('HTTP/1.1 206 x\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n'),
      socket => socket.end('nonsense'),
    ]
    const upstreams = [
      (await serve(t, () => {}, tls)).origin,
      ...(await Promise.all(fails.map(fail => serveRaw(t, fail)))).map(({ origin }) => origin),
    ]
    for (const upstream of upstreams) {
      const { index, integrity, origin, file } = portsAt(t, upstream, { auth: { [upstream]: secrets } })
      const errors = await Promise.all([
        failure(index.project(DEMO)),
        failure(index.legacy(DEMO, '1.0')),
        failure(integrity.provenance(DEMO, wheel())),
        failure(origin.file(artifactAt(file()), NOBODY_LEAVES)),
        failure(metadataOf(origin, artifactAt(file()))),
      ])
      for (const error of errors) {
        t.match(error, UNKNOWN)
        const all = inspectAll(error)
        for (const secret of ['index-secret', 'location-secret', basic.slice(6), 'robot'])
          t.notOk(all.includes(secret), secret)
        t.notOk(error.detail.includes('127.0.0.1'), 'no upstream address where a person reads')
      }
    }
  })
})

t.test('more requests than there are places wait, more than may wait are turned away', async t => {
  let release = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  const server = await serve(t, (_, response) => {
    void gate.then(() => response.setHeader('content-type', SIMPLE_JSON).end(page()))
  })
  const events: GateEvent[] = []
  const { index } = portsAt(t, server.origin, { limits: { waiting: 5 }, events: { emit: event => events.push(event) } })
  const asked = Array.from({ length: 30 }, () =>
    index.project(DEMO).then(
      ({ kind }) => kind,
      ({ code }: GateError) => code,
    ),
  )
  await until('all places are taken', () => server.requests.length >= 14)
  // one too many would come with the others
  await new Promise(resolve => setTimeout(resolve, 100))
  t.equal(server.requests.length, 14, 'as many as one has of those that files, root lists and first sights leave')
  release()
  const answers = await Promise.all(asked)
  t.equal(answers.filter(answer => answer === 'page').length, 19)
  t.equal(answers.filter(answer => answer === 'unknown-overloaded').length, 11)
  t.equal(events.filter(event => event.type === 'upstream' && event.status === 200).length, 19)
  t.equal((await index.project(DEMO)).kind, 'page', 'the places are free again')
})

t.test('a line that does not move is left', async t => {
  const server = await serve(t, () => {})
  const { index } = portsAt(t, server.origin, { timeout: millis(200) })
  const codes = await Promise.all(
    Array.from({ length: 40 }, () => failure(index.project(DEMO)).then(({ code }) => code)),
  )
  t.ok(
    codes.every(code => code === 'unknown-overloaded' || code === 'unknown-upstream-timeout'),
    String([...new Set(codes)]),
  )
})

/** Sends the pieces one after the other; `FIN` and `RST` are what they say. */
async function play(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (piece === 'FIN') socket.end()
    else if (piece === 'RST') socket.resetAndDestroy()
    else socket.write(piece)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('.'), 20)
  socket.on('close', () => clearInterval(timer))
}

async function failure(promise: Promise<unknown>): Promise<GateError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof GateError) return error
  throw new Error('nothing failed', { cause: error })
}

/** Everything that a log could ever print of an error. */
function inspectAll(error: unknown): string {
  const seen: unknown[] = []
  for (let at = error; at instanceof Error; at = at.cause)
    seen.push(
      at.message,
      at.stack,
      ...Object.getOwnPropertyNames(at).map(name => JSON.stringify(Reflect.get(at, name)) ?? ''),
    )
  return seen.join('\n')
}

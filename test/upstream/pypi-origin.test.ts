// guards: src/upstream/fetch-small.ts
import t from 'tap'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import { type DistFilename, parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { createIntegrity } from '../../src/upstream/pypi-integrity.ts'
import { createOrigin } from '../../src/upstream/pypi-origin.ts'
import { serve } from '../world/network/loopback.ts'
import { agentFor, DEMO, metadataOf, NOBODY_LEAVES, UNKNOWN } from './one-answer.ts'

function dist(text: string): DistFilename {
  const filename = parseDistFilename(text)
  if (filename === undefined) throw new Error(`${text} is no distribution`)
  return filename
}

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
    const own = (integrity: string, index: string) => createIntegrity({ agent, integrity, index }).isOwnOrigin(DEMO)
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
    const answer = await metadataOf(origin, at(`${server.origin}/a/demo.whl?x=1`))
    t.equal(answer.kind === 'metadata' && String(answer.taken), 'Name: demo')
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
      const answer = metadataOf(there, at(`${other.origin}/demo.whl`))
      if (outcome === 'absent') t.strictSame(await answer, { kind: 'absent' })
      else await t.rejects(answer, outcome)
    }
  })

  t.test('is never asked outside the file origins', async t => {
    await t.rejects(origin.file(at('https://elsewhere.example/demo.whl'), NOBODY_LEAVES), { code: 'unknown-bug' })
    await t.rejects(metadataOf(origin, at('https://elsewhere.example/demo.whl')), { code: 'unknown-bug' })
  })
})

t.test('file origins with a path', async t => {
  const server = await serve(t, (request, response) => {
    const lead = { '/public/in.whl': '/public/there.whl', '/public/out.whl': '/private/secret.whl' }
    const way = Object.entries(lead).find(([from]) => request.url?.startsWith(from))?.[1]
    if (way === undefined) return void response.end('bytes')
    const to = request.url?.endsWith('.metadata') ? `${way}.metadata` : way
    response.writeHead(302, { location: to }).end()
  })
  const auth = { [server.origin]: { token: 'ours' } }
  const files = [`${server.origin}/public/`]
  const origin = createOrigin({ agent: agentFor(t, [server.origin], { auth }), files, maxSize: 100 })
  const at = (path: string) =>
    ({ filename: dist('demo-1.0-py3-none-any.whl'), url: `${server.origin}${path}` }) as unknown as Artifact
  const paths = () => server.requests.map(({ url }) => url)

  t.test('give what lies below it, with our credentials, redirects included', async t => {
    const { value } = await origin.file(at('/public/in.whl'), NOBODY_LEAVES)
    value.body.destroy()
    t.equal((await metadataOf(origin, at('/public/in.whl'))).kind, 'metadata')
    t.match(paths(), ['/public/in.whl', '/public/there.whl', '/public/in.whl.metadata', '/public/there.whl.metadata'])
    t.equal(server.requests.at(-1)?.headers['authorization'], 'Bearer ours')
  })

  t.test('are not left by a redirect, for a file, a part of one or its metadata', async t => {
    const asked: readonly (() => Promise<unknown>)[] = [
      () => origin.file(at('/public/out.whl'), NOBODY_LEAVES),
      () => origin.rest(at('/public/out.whl'), 5, NOBODY_LEAVES),
      () => metadataOf(origin, at('/public/out.whl')),
    ]
    for (const ask of asked) await t.rejects(ask(), UNKNOWN)
    t.strictSame(
      paths().filter(url => url?.startsWith('/private')),
      [],
    )
  })

  t.test('are never asked for what lies beside it', async t => {
    const before = paths().length
    for (const path of ['/private/secret.whl', '/public-too/x.whl', '/public/..%2fprivate/secret.whl', '/public']) {
      await t.rejects(origin.file(at(path), NOBODY_LEAVES), { code: 'unknown-bug' }, path)
      await t.rejects(metadataOf(origin, at(path)), { code: 'unknown-bug' }, path)
    }
    t.equal(paths().length, before)
  })
})

import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createRemoteGate } from '../../../src/upstream/remote/remote-gate.ts'
import { createTlsAuthority } from '../../world/network/tls-certificates.ts'

async function serve(t: Test, body: string, status = 200) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const gate = createRemoteGate({ origin, token: 'pcl_x', version: '1', ca: undefined, environment: {} })
  t.teardown(async () => {
    await gate.close()
    server.closeAllConnections()
    server.close()
  })
  return { gate, asked }
}

t.test('what is said stands in its place, escaped, and the token in its header', async t => {
  const { gate, asked } = await serve(t, '{"items": []}')
  await gate.ask('listPolicies', { index: 'a&b=c' })
  t.match(asked[0], { url: '/api/v1/policies?index=a%26b%3Dc', headers: { authorization: 'Bearer pcl_x' } })
  await t.rejects(gate.ask('getHistory', { project: '../tokens' }), { code: 'unknown-gate' })
  t.equal(asked[1]?.url, '/api/v1/projects/..%2Ftokens/history')
})

t.test('an answer that is not as the document has it is none', async t => {
  for (const body of ['{"items": [{}]}', '{"items": 1}', '[]', '{"items": [], "items": []}', 'no JSON']) {
    const { gate } = await serve(t, body)
    await t.rejects(gate.ask('listPolicies', {}), { code: 'unknown-gate' }, body)
  }
})

t.test('a problem says whose matter it is', async t => {
  const problem = (status: number) => JSON.stringify({ type: 't', title: 't', status, detail: 'why', code: 'c' })
  await t.rejects((await serve(t, problem(403), 403)).gate.ask('listPolicies', {}), { code: 'usage', detail: /why/ })
  await t.rejects((await serve(t, problem(503), 503)).gate.ask('listPolicies', {}), { code: 'unknown-gate' })
  await t.rejects((await serve(t, 'x', 404)).gate.ask('listPolicies', {}), { code: 'unknown-gate' })
})

t.test(
  'a certificate is held against the authorities of the system and those that are named, and no token leaves before',
  async t => {
    const authority = await createTlsAuthority('acme')
    const asked: IncomingMessage[] = []
    const server = createSecureServer(await authority.issue(['localhost']), (request, response) => {
      asked.push(request)
      response.end('{"items": []}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const open = (host: string, ca: string | undefined) => {
      const gate = createRemoteGate({
        origin: `https://${host}:${port}`,
        token: 'pcl_x',
        version: '1',
        ca,
        environment: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      })
      t.teardown(() => gate.close())
      return gate
    }
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    await t.rejects(open('localhost', undefined).ask('listPolicies', {}), { code: 'unknown-gate', detail: /--ca/ })
    await t.rejects(open('127.0.0.1', authority.ca).ask('listPolicies', {}), { code: 'unknown-gate' }, 'another name')
    t.equal(asked.length, 0)
    t.strictSame(await open('localhost', authority.ca).ask('listPolicies', {}), { items: [] })
  },
)

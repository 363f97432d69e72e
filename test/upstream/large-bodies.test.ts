// guards: src/upstream/dispatcher.ts src/upstream/answer-body.ts src/upstream/landing.ts
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { createOrigin } from '../../src/upstream/pypi-origin.ts'
import { serve } from '../world/network/loopback.ts'
import { createTlsAuthority } from '../world/network/tls-certificates.ts'
import { agentFor, DEMO, NOBODY_LEAVES } from './one-answer.ts'

const SIZES = [600_000, 3_000_001, 2_500_000, 5_000_000]

for (const scheme of ['http', 'https'] as const)
  t.test(
    `large bodies over ${scheme} that come at once, each read at its own pace and given back as it goes, are the bytes that were sent`,
    t => sameBytes(t, scheme),
  )

async function sameBytes(t: Test, scheme: 'http' | 'https'): Promise<void> {
  const authority = await createTlsAuthority('files')
  const tls = scheme === 'https' ? await authority.issue(['127.0.0.1']) : undefined
  const bodies = SIZES.map(size => randomBytes(size))
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = bodies[Number(request.url?.slice(1))] ?? Buffer.alloc(0)
    if (request.url?.endsWith('1') !== true) response.setHeader('content-length', body.length)
    for (let at = 0, size = 1; at < body.length; size = (size * 5 + 7) % 90_001) {
      response.write(body.subarray(at, at + size))
      at += size
      if (size % 3 === 0) await turn()
    }
    response.end()
  }
  const server = await serve(t, (request, response) => void answer(request, response), tls)
  const origin = createOrigin({
    agent: agentFor(t, [server.origin], { ca: authority.ca }),
    files: [server.origin],
    maxSize: 1e8,
  })
  const filename = parseDistFilename('demo-1.0-py3-none-any.whl', DEMO)
  for (let round = 0; round < 3; round += 1) {
    const digests = bodies.map(async (_, number) => {
      const artifact = { filename, url: `${server.origin}/${number}` } as unknown as Artifact
      const { body, recycle } = (await origin.file(artifact, NOBODY_LEAVES)).value
      const hash = createHash('sha256')
      const late: Buffer[] = []
      for await (const chunk of body as AsyncIterable<Buffer>) {
        late.push(chunk)
        for (let wait = number; wait > 0; wait -= 1) await turn()
        // some are looked at long after they came, and given back only then
        if (late.length > number * 2) {
          const done = late.shift() ?? chunk
          hash.update(done)
          recycle?.(done)
        }
      }
      for (const rest of late) hash.update(rest)
      return hash.digest('hex')
    })
    t.strictSame(
      await Promise.all(digests),
      bodies.map(body => createHash('sha256').update(body).digest('hex')),
    )
  }
}

t.test('a head that comes in many parts is read whole, whatever other connections read meanwhile', async t => {
  const noise = randomBytes(4_000_000)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/noise') return void response.end(noise)
    const tag = 'x'.repeat(6_000)
    request.socket.write(`HTTP/1.1 200 OK\r\netag: "${tag.slice(0, 3_000)}`)
    await turn()
    await turn()
    request.socket.write(`${tag.slice(3_000)}"\r\n`)
    await turn()
    request.socket.write('content-length: 5\r\n\r\nbytes')
  }
  const server = await serve(t, (request, response) => void answer(request, response))
  const agent = agentFor(t, [server.origin])
  const ask = (path: string) =>
    agent.send({
      who: 'the file origin',
      what: 'file',
      method: 'GET',
      url: new URL(path, server.origin),
      headers: {},
      signal: NOBODY_LEAVES,
    })
  const noisy = Promise.all([1, 2].map(async () => (await ask('/noise')).body.resume()))
  for (let round = 0; round < 20; round += 1) {
    const { headers, body } = await ask('/slow')
    t.equal(headers['etag'], `"${'x'.repeat(6_000)}"`)
    const chunks: Buffer[] = []
    for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk)
    t.equal(Buffer.concat(chunks).toString(), 'bytes')
  }
  for (const body of await noisy) body.destroy()
})

// guards: src/upstream/answer-body.ts src/upstream/exchange.ts
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Sha256, sha256Of } from '../../src/domain/base/digest.ts'
import { millis } from '../../src/domain/base/instant.ts'
import type { Artifact } from '../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import { createPartialFiles } from '../../src/store/disk/partial-files.ts'
import { createUpstreamAgent } from '../../src/upstream/agent.ts'
import { createOrigin } from '../../src/upstream/pypi-origin.ts'
import { createResumingOrigin } from '../../src/upstream/resuming-origin.ts'
import { serve } from '../world/network/loopback.ts'

const BYTES = randomBytes(3 * 1024 * 1024)
const SHA256 = sha256Of(BYTES)
const MIB = 1024 * 1024

/** What the server does with each request in turn; the last one stays. */
type Answer = (response: ServerResponse, from: number) => void

interface Fetching {
  /** `Range` of each request, '' where it had none */
  readonly ranges: readonly string[]
  /** what an earlier run left */
  readonly partial: string
  readonly received: () => number
  /** that the bytes came in */
  readonly memories: ReadonlySet<ArrayBufferLike>
  /** Each chunk is given back as soon as it was looked at. */
  fetch(changes?: { readonly sha256?: Sha256; readonly size?: number }): Promise<Buffer>
}

async function fetching(t: Test, ...answers: readonly Answer[]): Promise<Fetching> {
  const ranges: string[] = []
  const server = await serve(t, (request: IncomingMessage, response: ServerResponse) => {
    const { range = '' } = request.headers
    ranges.push(range)
    const answer = answers[Math.min(ranges.length, answers.length) - 1] ?? part
    answer(response, Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0))
  })
  const folder = join(t.testdir(), 'partial')
  const agent = createUpstreamAgent({
    upstreams: [server.origin],
    files: [server.origin],
    timeout: millis(20_000),
    auth: {},
    environment: {},
    version: '0',
    events: { emit() {} },
  })
  t.teardown(() => agent.close())
  let received = 0
  const memories = new Set<ArrayBufferLike>()
  const origin = createResumingOrigin({
    origin: createOrigin({ agent, files: [server.origin], maxSize: 64 * MIB }),
    partials: await createPartialFiles(folder),
    received: bytes => {
      received += bytes
    },
    pauseMs: 5,
  })
  return {
    ranges,
    partial: join(folder, SHA256),
    received: () => received,
    memories,
    async fetch({ sha256 = SHA256, size = BYTES.length } = {}) {
      const { value } = await origin.file(
        artifact(`${server.origin}/demo.whl`, sha256, size),
        new AbortController().signal,
      )
      const chunks: Buffer[] = []
      for await (const chunk of value.body as AsyncIterable<Buffer>) {
        chunks.push(Buffer.from(chunk))
        memories.add(chunk.buffer)
        value.recycle?.(chunk)
      }
      return Buffer.concat(chunks)
    },
  }
}

function artifact(url: string, sha256: Sha256, size: number): Artifact {
  const filename = parseDistFilename('demo-1.0-py3-none-any.whl')
  if (filename === undefined) throw new Error('a wheel')
  return {
    project: parseProjectName('demo'),
    filename,
    sha256,
    size,
    url,
    uploaded: undefined,
    yanked: false,
    status: 'active',
    coreMetadata: undefined,
    provenance: 'none',
  } as unknown as Artifact
}

const part: Answer = (response, from) => {
  const { length } = BYTES
  if (from === 0) return void response.writeHead(200, { 'content-length': length }).end(BYTES)
  const headers = { 'content-range': `bytes ${from}-${length - 1}/${length}`, 'content-length': length - from }
  response.writeHead(206, headers).end(BYTES.subarray(from))
}

/** Breaks off after so many bytes. */
function breaking(bytes: number, answer: Answer = part): Answer {
  return (response, from) => {
    const { length } = BYTES
    if (answer === part && from > 0)
      response.writeHead(206, {
        'content-range': `bytes ${from}-${length - 1}/${length}`,
        'content-length': length - from,
      })
    else response.writeHead(200, { 'content-length': length })
    response.write(BYTES.subarray(from, from + bytes), () => response.destroy())
  }
}

const whole: Answer = response => void response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES)

const UNKNOWN = { code: 'unknown-upstream' }

t.test('a body that breaks off goes on where it was', async t => {
  const fetching_ = await fetching(t, breaking(MIB), breaking(MIB), part)
  t.ok(BYTES.equals(await fetching_.fetch()))
  t.match(fetching_.ranges, ['', /^bytes=\d+-$/, /^bytes=\d+-$/])
  t.equal(fetching_.received(), BYTES.length, 'and nothing came twice')
  t.notOk(existsSync(fetching_.partial), 'what is whole is not kept beside it')
})

t.test('what one file came in, another one comes in', async t => {
  const fetching_ = await fetching(t, whole)
  for (let time = 0; time < 4; time += 1) t.ok(BYTES.equals(await fetching_.fetch()))
  t.ok(fetching_.memories.size <= 16, `${fetching_.memories.size} pieces of 256 KiB for 48 that came`)
})

t.test('a server that knows no ranges is read past what is here', async t => {
  const fetching_ = await fetching(t, breaking(MIB, whole), whole)
  t.ok(BYTES.equals(await fetching_.fetch()))
  t.equal(fetching_.ranges.length, 2)
})

t.test('what a killed run left is completed', async t => {
  const fetching_ = await fetching(t, part)
  writeFileSync(fetching_.partial, BYTES.subarray(0, 2 * MIB))
  t.ok(BYTES.equals(await fetching_.fetch()))
  t.strictSame(fetching_.ranges, [`bytes=${2 * MIB}-`])
})

t.test('what a killed run left whole is asked for no more', async t => {
  const fetching_ = await fetching(t, part)
  writeFileSync(fetching_.partial, BYTES)
  t.ok(BYTES.equals(await fetching_.fetch()))
  t.strictSame(fetching_.ranges, [])
})

t.test('what somebody else left there is found out before a byte of it leaves, and fetched anew', async t => {
  for (const left of [Buffer.alloc(2 * MIB, 7), Buffer.alloc(BYTES.length, 7), Buffer.alloc(5 * MIB, 7)]) {
    const fetching_ = await fetching(t, part)
    writeFileSync(fetching_.partial, left)
    t.ok(BYTES.equals(await fetching_.fetch()))
    t.equal(fetching_.ranges.at(-1), '', 'from the beginning')
  }
})

t.test('a range that cannot be had is asked for as a whole', async t => {
  const fetching_ = await fetching(t, response => void response.writeHead(416).end(), whole)
  writeFileSync(fetching_.partial, BYTES.subarray(0, MIB))
  t.ok(BYTES.equals(await fetching_.fetch()))
  t.strictSame(fetching_.ranges, [`bytes=${MIB}-`, ''])
})

t.test('another part than was asked for is none', async t => {
  const { length } = BYTES
  const lies: readonly string[] = [
    `bytes ${2 * MIB}-${length - 1}/${length}`,
    `bytes ${MIB}-${length - 2}/${length}`,
    `bytes ${MIB}-${length - 1}/*`,
    'bytes=0-',
    '',
  ]
  for (const range of lies) {
    const fetching_ = await fetching(
      t,
      response => void response.writeHead(206, { 'content-range': range }).end(BYTES.subarray(MIB)),
    )
    writeFileSync(fetching_.partial, BYTES.subarray(0, MIB))
    await t.rejects(fetching_.fetch(), UNKNOWN, range)
  }
})

t.test('a part of a larger file is another file', async t => {
  const fetching_ = await fetching(t, response => {
    const headers = { 'content-range': `bytes ${MIB}-${9 * MIB - 1}/${9 * MIB}` }
    response.writeHead(206, headers).end(Buffer.alloc(8 * MIB))
  })
  writeFileSync(fetching_.partial, BYTES.subarray(0, MIB))
  await t.rejects(fetching_.fetch(), { code: 'integrity-mismatch' })
})

t.test('a server that only ever breaks off is given up, and what came stays', async t => {
  const fetching_ = await fetching(t, breaking(MIB), response => response.destroy())
  await t.rejects(fetching_.fetch(), UNKNOWN)
  t.ok(fetching_.ranges.length <= 10, `${fetching_.ranges.length} requests`)
  t.ok(existsSync(fetching_.partial))
})

t.test('bytes that are not the file are handed on as they come, for the gate to refuse', async t => {
  const fetching_ = await fetching(t, part)
  const sha256 = createHash('sha256').update('another').digest('hex') as Sha256
  t.ok(BYTES.equals(await fetching_.fetch({ sha256 })))
})

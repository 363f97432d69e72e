/**
 * Usage: trace-client.ts URL TRACE — asks as uv does, 50 connections that stay open: the page of each project, then the `.metadata` of
 * its newest wheel. Prints the seconds that it took; fails when an answer is not what the trace says.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, get, type IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { TraceStep } from './index.ts'

const [, , url = '', trace = ''] = process.argv
const AT_ONCE = 50
const steps: readonly TraceStep[] = JSON.parse(readFileSync(trace, 'utf8'))
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
const LINEHAUL = JSON.stringify({
  installer: { name: 'uv', version: '0.12.5' },
  python: '3.12.4',
  system: { name: 'Linux' },
})
const COMMON = { 'user-agent': `uv/0.12.5 ${LINEHAUL}`, 'accept-encoding': 'gzip, deflate, zstd' }
const PAGE = {
  ...COMMON,
  accept: 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01',
}
const METADATA = { ...COMMON, accept: '*/*' }

interface Got {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

async function ask(path: string, headers: Readonly<Record<string, string>>): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>()
  get(`${url}${path}`, { agent, headers }, answer => {
    buffer(answer).then(body => {
      if (answer.statusCode === 200) resolve({ headers: answer.headers, body })
      else reject(new Error(`${path} answered ${answer.statusCode}: ${body.subarray(0, 500).toString()}`))
    }, reject)
  }).on('error', reject)
  return await promise
}

function decoded({ headers, body }: Got): Buffer {
  const coding = headers['content-encoding'] ?? 'identity'
  if (coding === 'identity') return body
  return coding === 'zstd' ? zstdDecompressSync(body) : gunzipSync(body)
}

const got: (readonly [step: TraceStep, page: Got, metadata: Got])[] = []
const left = steps.values()
const started = performance.now()
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const step of left) got.push([step, await ask(step.page, PAGE), await ask(step.metadata, METADATA)])
  }),
)
const seconds = (performance.now() - started) / 1000
// looked at when the time is taken
for (const [step, page, metadata] of got) {
  if (JSON.parse(decoded(page).toString()).files.length !== step.files)
    throw new Error(`${step.page} lists other files`)
  if (createHash('sha256').update(decoded(metadata)).digest('hex') !== step.sha256)
    throw new Error(`${step.metadata} has other bytes`)
}
process.stdout.write(`${JSON.stringify({ seconds })}\n`)
agent.destroy()

/**
 * Usage: bare-server.ts — a `node:http` server that does nothing but answer what it was given. Prints where it listens.
 * `POST /` with {@link Served} in JSON adds an answer.
 */
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { json } from 'node:stream/consumers'

export interface Served {
  readonly path: string
  readonly file: string
  /** `memory`: one buffer that is there before anybody asks; `disk`: read for each request, as `createReadStream` does it */
  readonly from: 'memory' | 'disk'
  readonly headers: Readonly<Record<string, string>>
  readonly etag?: string
}

interface Answer extends Served {
  readonly length: number
  readonly body: Buffer | undefined
}

const answers = new Map<string, Answer>()

async function add(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const served = (await json(request)) as Served
  const body = served.from === 'memory' ? readFileSync(served.file) : undefined
  answers.set(served.path, { ...served, body, length: statSync(served.file).size })
  response.end()
}

const server = createServer((request, response) => {
  if (request.method === 'POST') return void add(request, response)
  const found = answers.get(request.url ?? '')
  if (found === undefined) return void response.writeHead(404).end()
  const { headers, etag, body, length, file } = found
  if (etag !== undefined && request.headers['if-none-match'] === etag)
    return void response.writeHead(304, headers).end()
  response.writeHead(200, { ...headers, 'content-length': length })
  if (body !== undefined) return void response.end(body)
  pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), response, () => {})
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`)
})

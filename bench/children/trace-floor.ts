/**
 * Usage: trace-floor.ts INDEX ROOT — the least that a trace takes of a process that proves what it answers: fetches what the gate fetches, has each
 * document proved by the gate's own verifier, checks METADATA against its digest, and answers from memory from then on. Nothing
 * is written down, no policy is asked, no name is looked at. Its first line is {@link FloorReady}.
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, zstdCompressSync } from 'node:zlib'
import { Agent, request } from 'undici'
import { parseSha256, sha256Of } from '../../src/domain/base/digest.ts'
import { parseDistFilename } from '../../src/domain/packaging/filename.ts'
import { createVerifierPool } from '../../src/verify/workers/pool.ts'

export interface FloorReady {
  readonly url: string
}

interface ListedFile {
  readonly filename: string
  readonly url: string
  readonly provenance: string | null
  readonly hashes: { readonly sha256: string }
  readonly 'core-metadata': false | { readonly sha256: string }
}

interface Answer {
  readonly type: string
  readonly body: Buffer
  readonly coding?: string
}

const [, , index = '', root = ''] = process.argv
const JSON_PAGE = 'application/vnd.pypi.simple.v1+json'
const agent = new Agent({ connections: 50 })
const roots = { sigstore: { digest: 'floor', json: readFileSync(root, 'utf8') }, custom: [] }
const verifier = createVerifierPool({ size: 1, timeoutMs: 60_000, maxQueue: 1_000 })
const listed = new Map<string, ListedFile>()
const known = new Map<string, Promise<Answer>>()

async function fetched(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const { statusCode, body } = await request(url, { dispatcher: agent, headers })
  const bytes = Buffer.from(await body.arrayBuffer())
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
  return bytes
}

async function page(path: string): Promise<Answer> {
  const coded = await fetched(`${index}${path}`, { accept: JSON_PAGE, 'accept-encoding': 'gzip' })
  const read = JSON.parse(gunzipSync(coded).toString()) as { readonly files: readonly ListedFile[] }
  const files = read.files.map(file => {
    const { pathname } = new URL(file.url)
    listed.set(`${pathname}.metadata`, file)
    return { ...file, url: pathname }
  })
  const body = zstdCompressSync(JSON.stringify({ ...read, files }))
  return { type: JSON_PAGE, body, coding: 'zstd' }
}

async function metadata(path: string): Promise<Answer> {
  const file = listed.get(path)
  const filename = file && parseDistFilename(file.filename)
  const sha256 = file && parseSha256(file.hashes.sha256)
  if (file?.provenance == null || filename === undefined || sha256 === undefined)
    throw new Error(`${path} is not listed, or not attested`)
  const [bytes, body] = await Promise.all([fetched(file.provenance), fetched(`${file.url}.metadata`)])
  const finding = await verifier.verify({ bytes, filename, sha256 }, roots)
  if (finding.kind !== 'attested') throw new Error(`${path}: ${finding.detail}`)
  const offered = file['core-metadata']
  if (offered === false || sha256Of(body) !== offered.sha256) throw new Error(`${path} has other bytes`)
  return { type: 'application/octet-stream', body }
}

async function answer({ url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const making = known.get(url) ?? (url.endsWith('.metadata') ? metadata(url) : page(url))
  known.set(url, making)
  const { type, body, coding } = await making
  const coded = coding === undefined ? {} : { 'content-encoding': coding }
  response.writeHead(200, { 'content-type': type, 'content-length': body.length, ...coded }).end(body)
}

verifier.warmUp(roots)
const server = createServer((asked, response) => void answer(asked, response).catch(() => response.destroy()))
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
const ready: FloorReady = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
process.stdout.write(`${JSON.stringify(ready)}\n`)

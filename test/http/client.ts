import { Agent, request as send } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Test } from 'tap'
import type { World } from '../world/world.ts'

/** What came, seen from the wire. */
export interface Answered {
  readonly status: number
  /** the reason phrase */
  readonly reason: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** as sent, codings and all */
  readonly raw: Buffer
  /** decoded */
  readonly body: Buffer
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  json(): any
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Ask = (path: string, asked?: Asked) => Promise<Answered>

/** Asks like a client, never follows, and fails the test when anything that came leads to the upstream. */
export function createAsk(t: Test, world: World, url: string): Ask {
  const ask = createPlainAsk(t, url)
  return async (path, asked) => {
    const answered = await ask(path, asked)
    const leak = findUpstream(world, answered)
    if (leak !== undefined) t.fail(`${asked?.method ?? 'GET'} ${path} leads to the upstream`, { found: leak })
    return answered
  }
}

/** Asks like a client, and never follows. */
export function createPlainAsk(t: Test, url: string): Ask {
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  return (path, { method = 'GET', headers = {} } = {}) => exchange(agent, { url, path }, method, headers)
}

function exchange(
  agent: Agent,
  target: { readonly url: string; readonly path: string },
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(target.url)
    // the path as it stands: a URL parser would tidy it up
    const options = { agent, hostname, port, path: target.path, method, headers: { ...headers } }
    const request = send(options, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const raw = Buffer.concat(chunks)
        const body = decode(raw, response.headers['content-encoding'])
        resolve({
          status: response.statusCode ?? 0,
          reason: response.statusMessage ?? '',
          headers: response.headers as Readonly<Record<string, string | undefined>>,
          raw,
          body,
          text: body.toString('utf8'),
          json: () => JSON.parse(body.toString('utf8')),
        })
      })
    })
    request.on('error', reject)
    request.end()
  })
}

function decode(raw: Buffer, coding: string | undefined): Buffer {
  if (raw.length === 0 || coding === undefined) return raw
  return coding === 'zstd' ? zstdDecompressSync(raw) : gunzipSync(raw)
}

function findUpstream(world: World, { reason, headers, body }: Answered): string | undefined {
  const { origin, filesOrigin, integrityOrigin } = world.upstream
  const marks = [origin, filesOrigin, integrityOrigin].map(each => new URL(each).host)
  const said = `${reason}\n${JSON.stringify(headers)}\n${body.toString('latin1')}`
  return [...marks, 'pypi.org', 'pythonhosted.org'].find(mark => said.includes(mark))
}

/** What a bare socket saw until the connection ended. */
export interface Heard {
  readonly text: string
  readonly bytes: Buffer
  /** how it ended: the peer's FIN, its RST, or our patience */
  readonly ended: 'closed' | 'reset' | 'open'
}

/** ms; only a connection that nobody ends runs into it, so it may be longer than any work of a busy machine */
const PATIENCE = 90_000

/** Sends bytes as they are; listens until the connection ends, or at most for `patience` ms. */
export async function talk(url: string, sent: string | Buffer, patience = PATIENCE): Promise<Heard> {
  const socket = await dial(url)
  socket.write(sent)
  return await hear(socket, patience)
}

/** `from`: another address of this machine */
export async function dial(url: string, from?: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const local = from === undefined ? {} : { localAddress: from }
  const socket = connect({ port: Number(port), host: hostname, ...local })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

export async function hear(socket: Socket, patience = PATIENCE): Promise<Heard> {
  const chunks: Buffer[] = []
  let ended: Heard['ended'] = 'open'
  const over = new Promise<void>(resolve => {
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('end', () => {
      if (ended === 'open') ended = 'closed'
    })
    socket.on('error', () => {
      ended = 'reset'
    })
    socket.on('close', () => resolve())
  })
  socket.resume()
  const patient = new AbortController()
  await Promise.race([over, sleep(patience, undefined, { signal: patient.signal }).catch(() => {})])
  patient.abort()
  socket.destroy()
  const bytes = Buffer.concat(chunks)
  return { bytes, text: bytes.toString('latin1'), ended }
}

/** A request as text, for sockets. */
export function requestText(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: gate.example', ...fields, '', ''].join('\r\n')
}

export const SIMPLE_JSON = 'application/vnd.pypi.simple.v1+json'
export const SIMPLE_HTML = 'application/vnd.pypi.simple.v1+html'
/** What pip 22.2 and later send. */
export const PIP_ACCEPT = `${SIMPLE_JSON}, ${SIMPLE_HTML}; q=0.1, text/html; q=0.01`

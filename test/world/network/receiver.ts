import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Test } from 'tap'

/** What a receiver was sent. */
export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly id: string
  readonly body: string
  readonly json: Record<string, unknown>
  /** that one of its signatures is by the receiver’s secret */
  readonly isSigned: boolean
}

/** How it answers. `hang`: not at all; `reset`: 200 and half a body, then the connection breaks; `giant`: 200 and bytes without end; `trickle`: 200 and a byte now and then. */
export type Manner =
  | number
  | 'hang'
  | 'reset'
  | 'giant'
  | 'trickle'
  | ((request: IncomingMessage, response: ServerResponse) => void)

/** A receiver of webhooks on loopback. */
export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  readonly secret: string
  manner: Manner
  /** bytes of bodies that it wrote */
  readonly written: () => number
  /** what was taken: those it answered 2xx in full */
  ids(): readonly string[]
  /** nobody listens any more; `back` listens at the same port again */
  away(): Promise<void>
  back(): Promise<void>
  /** resolves when so many have come */
  until(count: number): Promise<void>
}

export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, or').toString('base64')}`

export async function startReceiver(t: Test, secret = SECRET): Promise<Receiver> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  let written = 0
  let port = 0

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => {})
    response.on('error', () => {})
    request.on('end', () => {
      received.push(read(request, Buffer.concat(chunks).toString(), secret))
      for (const look of waiting) look()
      answer(receiver.manner, request, response)
    })
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })

  function answer(manner: Manner, request: IncomingMessage, response: ServerResponse): void {
    if (typeof manner === 'number') response.writeHead(manner).end('thank you')
    else if (typeof manner === 'function') manner(request, response)
    else if (manner === 'reset') {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half', () => request.socket.resetAndDestroy())
    } else if (manner === 'giant') {
      response.writeHead(200)
      pour(response)
    } else if (manner === 'trickle') {
      response.writeHead(200)
      const timer = setInterval(() => response.write('.'), 50)
      response.on('close', () => clearInterval(timer))
    }
  }

  function pour(response: ServerResponse): void {
    const chunk = Buffer.alloc(16 * 1024)
    while (!response.destroyed) {
      written += chunk.length
      if (!response.write(chunk)) {
        response.once('drain', () => pour(response))
        return
      }
    }
  }

  async function listen(): Promise<void> {
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }

  async function close(): Promise<void> {
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await listen()
  t.teardown(close)
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    secret,
    manner: 204,
    written: () => written,
    ids: () => received.map(({ id }) => id),
    away: close,
    back: listen,
    async until(count) {
      if (received.length >= count) return
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = (): void => {
        if (received.length >= count) resolve()
      }
      waiting.add(look)
      await promise
      waiting.delete(look)
    },
  }
  return receiver
}

function read(request: IncomingMessage, body: string, secret: string): Received {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const { 'webhook-id': id = '', 'webhook-timestamp': seconds, 'webhook-signature': signatures = '' } = headers
  // not `verify`, which knows no clock but its own
  const signature = new Webhook(secret).sign(id, new Date(Number(seconds) * 1000), body)
  const isSigned = signatures.split(' ').includes(signature)
  return { path: request.url ?? '', headers, id, body, json: JSON.parse(body), isSigned }
}

/** Everything that came under one id had one body. */
export function contradictions(received: readonly Received[]): readonly string[] {
  const bodies = Map.groupBy(received, ({ id }) => id)
  return [...bodies].filter(([, its]) => new Set(its.map(({ body }) => body)).size > 1).map(([id]) => id)
}

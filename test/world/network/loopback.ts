import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { TlsIdentity } from './tls-certificates.ts'

/** A server of the test, gone when the test is. */
export interface Loopback {
  readonly origin: string
  readonly port: number
  /** every request so far, oldest first */
  readonly requests: readonly {
    readonly method: string
    readonly url: string
    readonly headers: IncomingMessage['headers']
  }[]
}

/** HTTP, or HTTPS where `tls` is given, on 127.0.0.1. */
export async function serve(t: Test, listener: RequestListener, tls?: TlsIdentity): Promise<Loopback> {
  const requests: Loopback['requests'][number][] = []
  const answer: RequestListener = (request, response) => {
    requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    return listener(request, response)
  }
  const server = tls === undefined ? createServer(answer) : createTlsServer({ ...tls }, answer)
  t.teardown(() => server.closeAllConnections())
  const port = await listen(t, server)
  return { origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, port, requests }
}

/** A bare socket server: `script` gets each connection once its request head is complete. */
export async function serveRaw(
  t: Test,
  script: (socket: Socket, head: string) => void,
): Promise<{ readonly origin: string; readonly port: number; readonly heads: readonly string[] }> {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const server = createRawServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    let head = ''
    socket.on('data', function read(chunk) {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      heads.push(head)
      socket.off('data', read)
      script(socket, head)
    })
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  const port = await listen(t, server)
  return { origin: `http://127.0.0.1:${port}`, port, heads }
}

async function listen(t: Test, server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return (server.address() as AddressInfo).port
}

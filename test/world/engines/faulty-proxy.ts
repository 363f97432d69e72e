import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** `hangs`: takes every request and answers none; `gone`: refuses connections; `slow`: a second before each. */
export type ProxyMood = 'fine' | 'fails' | 'hangs' | 'gone' | 'slow'

/** What stands between a gate and a store that speaks HTTP. */
export interface FaultyProxy {
  readonly url: string
  /** every request that came, as `GET /path` */
  readonly requests: string[]
  be(mood: ProxyMood): Promise<void>
  close(): Promise<void>
}

export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target)
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let mood: ProxyMood = 'fine'

  function pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { method, url: path } = asked
    // whoever waits to be told to go on is told by this, and the target is not asked
    const { expect, ...headers } = asked.headers
    if (expect !== undefined) answer.writeContinue()
    const onward = request({ hostname, port, method, path, headers }, response => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (asked, answer) => {
    requests.push(`${asked.method} ${asked.url}`)
    if (mood === 'fails') {
      asked.resume()
      answer.writeHead(500).end()
    } else if (mood === 'slow') setTimeout(pass, 1_000, asked, answer)
    else if (mood !== 'hangs') pass(asked, answer)
  })
  server.on('checkContinue', (asked: IncomingMessage, answer: ServerResponse) => server.emit('request', asked, answer))
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const listen = (at: number) => new Promise<void>(resolve => server.listen(at, '127.0.0.1', resolve))
  await listen(0)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    async be(next) {
      // whoever is on the line notices
      for (const socket of sockets) socket.destroy()
      mood = next
      if (next === 'gone') await stop()
      else if (!server.listening) await listen(address.port)
    },
    close: stop,
  }
}

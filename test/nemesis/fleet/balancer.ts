import { connect, createServer, type Socket } from 'node:net'
import type { GateProcess } from '../gate-process.ts'

/** Which of the gates has a connection, in which of its lives. */
export interface Served {
  readonly replica: number
  readonly life: number
}

/**
 * What stands before several gates: each connection goes to the next one that says that it is ready, or to any where none is. To a
 * gate it comes from the address that the client has.
 */
export interface Balancer {
  readonly url: string
  /** Who had the connection from this port of a client. */
  whoServed(client: string, port: number): Served | undefined
  close(): Promise<void>
}

/** ms */
const LOOKS_EVERY = 400
const ANSWERS_WITHIN = 1_000

export async function startBalancer(gates: readonly GateProcess[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  const served = new Map<string, Served>()
  const isReady = gates.map(() => true)
  let turn = 0

  async function look(number: number, url: string): Promise<boolean> {
    try {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWERS_WITHIN) })
      await answer.body?.cancel()
      return answer.status === 200
    } catch {
      return gates[number]?.url !== url
    }
  }

  const timer = setInterval(() => {
    for (const [number, { url }] of gates.entries())
      if (url !== undefined)
        void look(number, url).then(ready => {
          isReady[number] = ready
        })
  }, LOOKS_EVERY)

  function keep(socket: Socket): Socket {
    sockets.add(socket)
    socket.on('error', () => {})
    return socket.once('close', () => sockets.delete(socket))
  }

  /** The ready ones first, beginning with the one whose turn it is. */
  function inOrder(): readonly number[] {
    turn += 1
    const all = gates.map((_, number) => (number + turn) % gates.length)
    return [...all.filter(number => isReady[number]), ...all.filter(number => !isReady[number])]
  }

  function pass(client: Socket, left: readonly number[]): void {
    const [number, ...others] = left
    const gate = number === undefined ? undefined : gates[number]
    if (number === undefined || gate === undefined) {
      client.destroy()
      return
    }
    if (gate.url === undefined) {
      pass(client, others)
      return
    }
    const { life } = gate
    const address = client.remoteAddress ?? ''
    const its = connect({ host: '127.0.0.1', port: Number(new URL(gate.url).port), localAddress: address })
    its.once('error', () => {
      if (its.connecting) pass(client, others)
    })
    keep(its).once('connect', () => {
      served.set(`${address} ${client.remotePort}`, { replica: number, life })
      client.once('close', () => its.destroy())
      its.once('close', () => client.destroy())
      client.pipe(its)
      its.pipe(client)
    })
  }

  const server = createServer({ pauseOnConnect: true }, client => pass(keep(client), inOrder()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    whoServed: (client, port) => served.get(`${client} ${port}`),
    async close() {
      clearInterval(timer)
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

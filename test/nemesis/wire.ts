import { Agent, request as send } from 'node:http'
import { connect, type Socket } from 'node:net'

/** A request as a client sends it. */
export interface Asked {
  /** the loopback address that it comes from: to the gate, another client */
  readonly client: string
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** goes away after so many bytes of the body */
  readonly leaveAfter?: number
  /** ms; default: what pip has patience for */
  readonly patience?: number
}

/** What came of it. Times are those of `performance.now`. */
export interface Answer {
  readonly asked: Asked
  readonly method: string
  /** `undefined`: no head came */
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  /** as sent, codings and all; what came of it */
  readonly body: Buffer
  /** the whole body came, and its end */
  readonly complete: boolean
  readonly began: number
  /** when the head came; when it was given up, where none did */
  readonly headAt: number
  /** of the client's end of the connection, where a head came */
  readonly port?: number | undefined
}

const PATIENCE = 15_000

/** Sends requests and keeps connections, as many per client as a browser would. */
export interface Wire {
  ask(url: string, asked: Asked): Promise<Answer>
  close(): void
}

export function createWire(): Wire {
  const agents = new Map<string, Agent>()
  function agentOf(client: string): Agent {
    const agent = agents.get(client) ?? new Agent({ keepAlive: true, maxSockets: 64, localAddress: client })
    agents.set(client, agent)
    return agent
  }
  return {
    ask: (url, asked) => exchange(agentOf(asked.client), url, asked),
    close() {
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

function exchange(agent: Agent, url: string, asked: Asked): Promise<Answer> {
  const { client, path, method = 'GET', headers = {}, leaveAfter, patience = PATIENCE } = asked
  const { hostname, port } = new URL(url)
  const began = performance.now()
  return new Promise(resolve => {
    let head: Pick<Answer, 'status' | 'headers' | 'headAt' | 'port'> | undefined
    const chunks: Buffer[] = []
    let bytes = 0
    const end = (complete: boolean): void => {
      clearTimeout(timer)
      const none = { status: undefined, headers: {}, headAt: performance.now() }
      resolve({ asked, method, ...(head ?? none), body: Buffer.concat(chunks), complete, began })
    }
    const request = send(
      // the path as it stands: a URL parser would tidy it up
      { agent, hostname, port, path, method, headers: { ...headers }, localAddress: client },
      response => {
        head = {
          status: response.statusCode,
          headers: response.headers as Answer['headers'],
          headAt: performance.now(),
          port: response.socket.localPort,
        }
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          bytes += chunk.length
          if (leaveAfter !== undefined && bytes >= leaveAfter) request.destroy()
        })
        response.on('end', () => end(response.complete))
        response.on('error', () => end(false))
        response.on('close', () => end(response.complete))
      },
    )
    const timer = setTimeout(() => request.destroy(), patience)
    request.on('error', () => end(false))
    request.end()
  })
}

/** A connection of its own; nothing that happens to it is an error. `undefined` where there is nobody to talk to. */
export function dialFrom(client: string, url: string): Promise<Socket | undefined> {
  const { hostname, port } = new URL(url)
  return new Promise(resolve => {
    const socket = connect({ host: hostname, port: Number(port), localAddress: client })
    socket.once('connect', () => resolve(socket))
    socket.on('error', () => resolve(undefined))
  })
}

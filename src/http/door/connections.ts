import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Events } from '../../observe/events.ts'
import { neighbourhoodOf } from '../exchange/client.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { carriedBy, resetConnection } from '../exchange/reset.ts'

export interface PerAddress {
  /** connections */
  readonly most: number
  /** whose connections are many clients' */
  readonly exempt: (address: string) => boolean
}

interface Options {
  /** called for every exchange whose connection went away under it */
  readonly finish: (exchange: Exchange) => void
  readonly perAddress: PerAddress
  readonly events: Events
}

/** The open connections, and what is under way on each. */
export class Connections {
  readonly #open = new Map<Socket, Set<Exchange>>()
  readonly #byAddress = new Map<string, number>()
  readonly #options: Options
  #draining = false

  constructor(options: Options) {
    this.#options = options
  }

  /** `secure`: it speaks TLS, and what is under way is under way on a socket above the one that was counted. */
  watch(server: Server, { secure }: { readonly secure: boolean }): void {
    const { events } = this.#options
    const carriers = new Map<string, Socket>()
    server.on('connection', (socket: Socket) => {
      const leave = this.#count(socket)
      if (leave === undefined) return
      const from = peerOf(socket)
      if (secure) carriers.set(from, socket)
      else this.#take(socket)
      socket.once('close', () => {
        leave()
        if (carriers.get(from) === socket) carriers.delete(from)
      })
    })
    server.on('secureConnection', (socket: TLSSocket) => {
      const carrier = carriers.get(peerOf(socket))
      if (carrier !== undefined) carriedBy(socket, carrier)
      this.#take(socket)
    })
    server.on('drop', dropped =>
      events.emit({ type: 'limited', limit: 'connections', subject: undefined, address: dropped?.remoteAddress }),
    )
    server.on('timeout', (socket: Socket) => {
      // a body that is cut must not look complete
      if (this.isBusy(socket)) resetConnection(socket)
      else socket.destroySoon()
    })
  }

  #take(socket: Socket): void {
    const exchanges = new Set<Exchange>()
    this.#open.set(socket, exchanges)
    socket.once('close', () => {
      this.#open.delete(socket)
      for (const exchange of exchanges) this.#options.finish(exchange)
    })
  }

  /** What takes a connection out of the account; `undefined`, and a reset, where its address has as many as it may. */
  #count(socket: Socket): (() => void) | undefined {
    const { perAddress, events } = this.#options
    const address = socket.remoteAddress ?? ''
    if (perAddress.exempt(address)) return () => {}
    const whose = neighbourhoodOf(address)
    const before = this.#byAddress.get(whose) ?? 0
    if (before >= perAddress.most) {
      events.emit({ type: 'limited', limit: 'connections-per-address', subject: undefined, address })
      return void socket.resetAndDestroy()
    }
    this.#byAddress.set(whose, before + 1)
    return () => {
      const left = (this.#byAddress.get(whose) ?? 1) - 1
      if (left === 0) this.#byAddress.delete(whose)
      else this.#byAddress.set(whose, left)
    }
  }

  /** How many are under way on its connection now, this one included. */
  begin(exchange: Exchange): number {
    const exchanges = this.#open.get(exchange.request.socket)
    exchanges?.add(exchange)
    exchange.beside = exchanges
    if (this.#draining) exchange.response.shouldKeepAlive = false
    return exchanges?.size ?? 1
  }

  /** The one that was in line behind it, whose turn it is now, as long as there is a connection to answer on. */
  end(exchange: Exchange): Exchange | undefined {
    const { beside, request } = exchange
    beside?.delete(exchange)
    if (beside === undefined || beside.size === 0 || request.socket.destroyed) return undefined
    const [next] = beside
    return next
  }

  isBusy(socket: Socket): boolean {
    return (this.#open.get(socket)?.size ?? 0) > 0
  }

  /** Every answer from now on is the last one of its connection. */
  drain(): void {
    this.#draining = true
    for (const exchanges of this.#open.values()) for (const { response } of exchanges) response.shouldKeepAlive = false
  }

  /** Ends them all, what is under way too. */
  reset(): void {
    for (const socket of this.#open.keys()) resetConnection(socket)
  }
}

/** Where it comes from, for as long as it is open. */
function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}

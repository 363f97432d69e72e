import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from '../exchange/exchange.ts'

/** The open connections, and what is under way on each. */
export class Connections {
  readonly #open = new Map<Socket, Set<Exchange>>()
  readonly #finish: (exchange: Exchange) => void
  #draining = false

  /** `finish` is called for every exchange whose connection went away under it. */
  constructor(finish: (exchange: Exchange) => void) {
    this.#finish = finish
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const exchanges = new Set<Exchange>()
      this.#open.set(socket, exchanges)
      socket.once('close', () => {
        this.#open.delete(socket)
        for (const exchange of exchanges) this.#finish(exchange)
      })
    })
    server.on('timeout', (socket: Socket) => {
      // a body that is cut must not look complete
      if (this.isBusy(socket)) socket.resetAndDestroy()
      else socket.destroySoon()
    })
  }

  /** How many are under way on its connection now, this one included. */
  begin(exchange: Exchange): number {
    const exchanges = this.#open.get(exchange.request.socket)
    exchanges?.add(exchange)
    exchange.beside = exchanges
    if (this.#draining) exchange.response.shouldKeepAlive = false
    return exchanges?.size ?? 1
  }

  end(exchange: Exchange): void {
    exchange.beside?.delete(exchange)
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
    for (const socket of this.#open.keys()) socket.resetAndDestroy()
  }
}

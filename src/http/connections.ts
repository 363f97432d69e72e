import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from './exchange.ts'

/** The open connections, and what is under way on each. */
export class Connections {
  readonly #open = new Map<Socket, Set<Exchange>>()
  readonly #finish: (exchange: Exchange) => void

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
    // a body that is cut must not look complete
    server.on('timeout', (socket: Socket) => socket.resetAndDestroy())
  }

  begin(exchange: Exchange): void {
    this.#open.get(exchange.request.socket)?.add(exchange)
  }

  end(exchange: Exchange): void {
    this.#open.get(exchange.request.socket)?.delete(exchange)
  }

  isBusy(socket: Socket): boolean {
    return (this.#open.get(socket)?.size ?? 0) > 0
  }

  /** Ends them all, what is under way too. */
  reset(): void {
    for (const socket of this.#open.keys()) socket.resetAndDestroy()
  }
}

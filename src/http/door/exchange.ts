import { type IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'

type ReadHeader = 'accept' | 'accept-encoding' | 'if-none-match' | 'if-range' | 'range' | 'user-agent'

/** One request and its answer, until the answer went out or never will. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** performance.now() */
  readonly started: number = performance.now()
  /** the target as the client wrote it */
  readonly url: string
  /** what the access log and the metrics call it */
  route = 'none'
  client: string
  /** of the body, as far as it was handed to the connection */
  bytes = 0
  over = false
  /** all that is under way on its connection; kept by the connections */
  beside: Set<Exchange> | undefined = undefined
  /** ends the wait for a write: a response in line behind another one never hears of its connection's end */
  wake: (() => void) | undefined = undefined

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request
    this.response = response
    this.url = request.url ?? ''
    this.client = plainAddress(request.socket.remoteAddress ?? '')
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD'
  }

  header(name: ReadHeader): string | undefined {
    return this.request.headers[name] as string | undefined // Node joins what comes twice
  }

  /** Called by the door alone. False when it was over before. */
  end(): boolean {
    if (this.over) return false
    this.over = true
    this.wake?.()
    this.wake = undefined
    return true
  }

  /**
   * Ends the connection with a reset. A plain close would look like the end of the body to clients that do not compare
   * lengths (pip 22.3 and 22.3.1).
   */
  reset(): void {
    this.request.socket.resetAndDestroy()
  }
}

const MAPPED = '::ffff:'

/** An IPv4 client of a socket that listens on IPv6 too is still an IPv4 client. */
export function plainAddress(address: string): string {
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address
}

/** A response that knows the exchange it belongs to. */
export class ExchangeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  exchange: Exchange | undefined = undefined
}

/** @throws TypeError for a response that did not come through the door */
export function exchangeOf(response: ServerResponse): Exchange {
  const { exchange } = response as ExchangeResponse
  if (exchange === undefined) throw new TypeError('a response that did not come through the door')
  return exchange
}

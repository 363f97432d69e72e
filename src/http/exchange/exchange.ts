import { type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { type Asker, Person } from '../../flow/asker.ts'
import { ANONYMOUS, type Client, turnOf } from './client.ts'
import { privately } from './permissions.ts'
import { resetConnection } from './reset.ts'

type ReadHeader = 'accept' | 'accept-encoding' | 'if-none-match' | 'if-range' | 'range' | 'user-agent'

/** The way of an answer to its connection. */
export interface Way {
  /** the same text without any secret of the configuration */
  readonly clean: (text: string) => string
  /**
   * Takes up memory for a body that is whole, before its head is written. Throws `unknown-overloaded` where there is none; what it
   * returns sends the body.
   */
  reserve(exchange: Exchange, body: Buffer): () => void
}

/** One request and its answer, until the answer went out or never will. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly way: Way
  /** performance.now() */
  readonly started: number = performance.now()
  /** the target as the client wrote it, or what of it may be told to the log */
  url: string
  /** what the access log and the metrics call it */
  route = 'none'
  /** what the configuration calls the index that is asked; empty for what is no index's */
  index = ''
  /** nobody in particular until the guard has answered; no handler runs before */
  client: Client
  /** of the body, as far as it was handed to the connection */
  bytes = 0
  /** bytes that the front was told to send in our place */
  accel = 0
  over = false
  /** all that is under way on its connection; kept by the connections */
  beside: Set<Exchange> | undefined = undefined
  /** begins with it, when what came before it on its connection is over; `undefined` once it has begun */
  begin: (() => void) | undefined = undefined
  /** ends the wait for a write: a response never hears of it where its connection ends without an error */
  wake: (() => void) | undefined = undefined
  /** made when something has to be waited for: most answers are at hand */
  #person: Person | undefined = undefined

  constructor(request: IncomingMessage, response: ServerResponse, address: string, way: Way) {
    this.request = request
    this.response = response
    this.way = way
    this.url = request.url ?? ''
    this.client = { address, subject: ANONYMOUS }
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD'
  }

  /** Whose turn it takes in every line that it has to wait in; he leaves when it is over. */
  get asker(): Asker {
    this.#person ??= new Person(turnOf(this.client))
    if (this.over) this.#person.leave()
    return this.#person
  }

  /** Nothing more can be sent, though it may not be over yet. */
  get isGone(): boolean {
    return this.over || this.request.socket.destroyed
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
    this.#person?.leave()
    return true
  }

  /**
   * Ends the connection with a reset. A plain close would look like the end of the body to clients that do not compare
   * lengths (pip 22.3 and 22.3.1).
   */
  reset(): void {
    resetConnection(this.request.socket)
  }
}

/** A response that knows the exchange it belongs to. */
export class ExchangeResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  exchange: Exchange | undefined = undefined

  /** Every head goes out here, whoever writes it: what is for somebody in particular says so. */
  override writeHead(
    status: number,
    ...rest: readonly (string | OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined)[]
  ): this {
    if (this.exchange?.client.may?.isPrivate !== true)
      return super.writeHead(status, ...(rest as [string, OutgoingHttpHeader[]]))
    const lines = rest.at(-1)
    const told = Array.isArray(lines) ? [...rest.slice(0, -1), privately(lines as string[])] : rest
    return super.writeHead(status, ...(told as [string, OutgoingHttpHeader[]]))
  }
}

/** @throws TypeError for a response that did not come through the door */
export function exchangeOf(response: ServerResponse): Exchange {
  const { exchange } = response as ExchangeResponse
  if (exchange === undefined) throw new TypeError('a response that did not come through the door')
  return exchange
}

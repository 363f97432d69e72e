import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { GateError } from '../../domain/base/errors.ts'
import type { Events } from '../../observe/events.ts'
import { sendAnswer } from '../exchange/answer.ts'
import type { Client } from '../exchange/client.ts'
import { Exchange, type ExchangeResponse, exchangeOf, type Way } from '../exchange/exchange.ts'
import { type AnswerOf, answerWith, sendFailure } from '../exchange/failures.ts'
import type { Entry, Guard, TurnedAway } from '../exchange/guard.ts'
import { type AddressOf, addressOfConnection } from './address.ts'
import { Connections, type PerAddress } from './connections.ts'
import type { RouteTable } from './routes.ts'

export interface Door {
  readonly connections: Connections
  /**
   * Lets in whom the guard lets in, with what makes sense as HTTP; nothing is answered before the guard has spoken.
   * Everything that comes is in the access log once.
   */
  watch(handle: RequestListener): RequestListener
  /** What the guard says to a request that has no exchange. */
  ask(request: IncomingMessage): Promise<Entry>
}

export interface DoorSettings {
  readonly events: Events
  readonly guard: Guard
  readonly addressOf: AddressOf
  readonly routes: Pick<RouteTable, 'accessOf'> & Partial<Pick<RouteTable, 'takes'>>
  readonly outlet: Way
  readonly perAddress: PerAddress
  /** default: GET and HEAD */
  readonly methods?: ReadonlySet<string>
  /** how what does not make sense is answered; default: as a problem document */
  readonly answerOf?: AnswerOf
  /** what of a target stands in the access log; default: all of it */
  readonly tellable?: (url: string) => string
}

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD'])
const TAKING: ReadonlySet<string> = new Set(['POST'])

function ignore(): void {}

/** What a client closed before it was answered is logged as, as other servers do. */
const CLIENT_LEFT = 499

export function createDoor(settings: DoorSettings): Door {
  const { events, guard, addressOf, routes, outlet, perAddress, methods = READING, answerOf, tellable } = settings
  const connections = new Connections({ finish, perAddress, events })

  function finish(exchange: Exchange): void {
    if (!exchange.end()) return
    const next = connections.end(exchange)
    const { request, response } = exchange
    events.emit({
      type: 'request',
      method: request.method ?? '',
      route: exchange.route,
      index: exchange.index,
      url: exchange.url,
      status: response.headersSent ? response.statusCode : CLIENT_LEFT,
      ms: performance.now() - exchange.started,
      bytes: exchange.bytes,
      accel: exchange.accel,
      client: exchange.client.address,
      subject: exchange.client.subject,
    })
    next?.begin?.()
  }

  function closed(this: ServerResponse): void {
    finish(exchangeOf(this))
  }

  function knock(request: IncomingMessage, address: string): Entry | Promise<Entry> {
    return guard({ request, address, peer: addressOfConnection(request), access: routes.accessOf(request.url ?? '') })
  }

  /** Undefined where it is settled; a guard that has to ask somebody is waited for. */
  function enter(exchange: Exchange, handle: RequestListener): Promise<void> | void {
    const entry = knock(exchange.request, exchange.client.address)
    if (entry instanceof Promise) return entry.then(known => admit(exchange, known, handle))
    admit(exchange, entry, handle)
  }

  function admit(exchange: Exchange, entry: Entry, handle: RequestListener): void {
    if (exchange.over) return
    if ('subject' in entry) letIn(exchange, entry, handle)
    else turnAway(exchange, entry)
  }

  function turnAway(exchange: Exchange, { turnedAway, known }: TurnedAway): void {
    if (known !== undefined) exchange.client = { ...exchange.client, subject: known }
    sendAnswer(exchange, turnedAway)
  }

  function letIn(exchange: Exchange, client: Client, handle: RequestListener): void {
    const { request, response } = exchange
    exchange.client = client
    const objection = objectTo(
      request,
      request.method === 'POST' && routes.takes?.(request.url ?? '') === true ? TAKING : methods,
    )
    if (objection === undefined) handle(request, response)
    else sendFailure(exchange, objection, events, answerOf)
  }

  return {
    connections,
    watch: handle => (request, response) => {
      const exchange = new Exchange(request, response, addressOf(request), outlet)
      ;(response as ExchangeResponse).exchange = exchange
      if (tellable !== undefined) exchange.url = tellable(exchange.url)
      const underWay = connections.begin(exchange)
      response.on('close', closed)
      response.on('error', ignore) // a client that left; `close` follows
      if (underWay > MOST_IN_LINE) {
        const { address } = exchange.client
        events.emit({ type: 'limited', limit: 'requests-in-line', subject: undefined, address })
        return exchange.reset()
      }
      if (hasBody(request)) response.shouldKeepAlive = false // whatever it says is not the next request
      takePath(request)
      exchange.begin = () => {
        exchange.begin = undefined
        answerWith(exchange, events, () => enter(exchange, handle), answerOf)
      }
      if (underWay === 1) exchange.begin()
    },
    ask: async request => await knock(request, addressOf(request)),
  }
}

/**
 * Requests that wait behind the first on one connection. Nothing is done about them before their turn, so that a connection holds one
 * answer and no more; but a single packet has room for a thousand, and no client of an index sends even two.
 */
const MOST_IN_LINE = 16

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** RFC 9112 §3.2.2: absolute-form must be accepted; whom it names is of no interest. */
function takePath(request: IncomingMessage): void {
  const { url = '' } = request
  if (url.charCodeAt(0) === SLASH) return
  const path = ABSOLUTE.exec(url)?.[1]
  if (path !== undefined) request.url = path.startsWith('/') ? path : `/${path}`
}

function objectTo(request: IncomingMessage, methods: ReadonlySet<string>): GateError | undefined {
  if (hosts(request.rawHeaders) > 1) return new GateError('bad-request', 'a request names its Host once')
  const { method = '', url = '', headers } = request
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return new GateError('bad-request', 'the end of the request cannot be told')
  if (!methods.has(method)) return new GateError('method-not-allowed', `${method} is not served`)
  if (url.charCodeAt(0) !== SLASH) return new GateError('bad-request', 'the request target is no path')
  // RFC 9112 §3.2: a fragment is not sent; where a path with one ends, two readers of it may see differently
  return url.includes('#') ? new GateError('bad-request', 'the request target has a fragment') : undefined
}

const SLASH = 0x2f
const ABSOLUTE = /^https?:\/\/[^/?#]*(.*)$/i
const HOST = /^host$/i

/** Node keeps the first of several Host fields; which of them another hop believes is anybody's guess. */
function hosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 4 && HOST.test(name)) count += 1
  }
  return count
}

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { GateError } from '../../domain/base/errors.ts'
import type { Events } from '../../observe/events.ts'
import { Connections } from './connections.ts'
import { Exchange, type ExchangeResponse, exchangeOf } from './exchange.ts'
import { sendFailure } from './failures.ts'

export interface Door {
  readonly connections: Connections
  /** Lets in what makes sense as HTTP; everything that enters is in the access log once. */
  guard(handle: RequestListener): RequestListener
}

function ignore(): void {}

/** What a client closed before it was answered is logged as, as other servers do. */
const CLIENT_LEFT = 499

export function createDoor(events: Events): Door {
  const connections = new Connections(finish)

  function finish(exchange: Exchange): void {
    if (!exchange.end()) return
    connections.end(exchange)
    const { request, response } = exchange
    events.emit({
      type: 'request',
      method: request.method ?? '',
      route: exchange.route,
      url: exchange.url,
      status: response.headersSent ? response.statusCode : CLIENT_LEFT,
      ms: performance.now() - exchange.started,
      bytes: exchange.bytes,
      client: exchange.client,
    })
  }

  function closed(this: ServerResponse): void {
    finish(exchangeOf(this))
  }

  return {
    connections,
    guard: handle => (request, response) => {
      const exchange = new Exchange(request, response)
      ;(response as ExchangeResponse).exchange = exchange
      const underWay = connections.begin(exchange)
      response.on('close', closed)
      response.on('error', ignore) // a client that left; `close` follows
      if (underWay > MOST_IN_LINE) return exchange.reset()
      if (hasBody(request)) response.shouldKeepAlive = false // whatever it says is not the next request
      const objection = objectTo(request)
      if (objection !== undefined) return sendFailure(exchange, objection, events)
      handle(request, response)
    },
  }
}

/**
 * Requests that wait behind the first on one connection. Each of them holds what it would send next, and a single packet
 * has room for a thousand; no client of an index sends even two.
 */
const MOST_IN_LINE = 16

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

function objectTo(request: IncomingMessage): GateError | undefined {
  if (hosts(request.rawHeaders) > 1) return new GateError('bad-request', 'a request names its Host once')
  const { method, url = '', headers } = request
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return new GateError('bad-request', 'the end of the request cannot be told')
  if (method !== 'GET' && method !== 'HEAD') return new GateError('method-not-allowed', `${method} is not served`)
  if (url.charCodeAt(0) === SLASH) return undefined
  // RFC 9112 §3.2.2: absolute-form must be accepted; whom it names is of no interest
  const path = ABSOLUTE.exec(url)?.[1]
  if (path === undefined) return new GateError('bad-request', 'the request target is no path')
  request.url = path.startsWith('/') ? path : `/${path}`
  return undefined
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

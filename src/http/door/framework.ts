import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Events } from '../../observe/events.ts'
import { ExchangeResponse, exchangeOf } from '../exchange/exchange.ts'
import { sendFailure } from '../exchange/failures.ts'
import type { HttpLimits } from '../exchange/settings.ts'
import type { Door } from './door.ts'
import { enter } from './router.ts'
import { answerConnect, answerMalformed } from './unparsed.ts'

interface FrameworkParts {
  readonly door: Door
  readonly limits: HttpLimits
  readonly events: Events
  /** what answers behind the door without asking the framework, and hands the rest on to it */
  readonly before: (handle: RequestListener) => RequestListener
}

/**
 * The framework routes and no more: answers, errors, the access log and the connections are ours, and it is given only what
 * came in by the door. So it has no hooks either: what they would stand for stands at the door.
 */
export function createFramework({ door, limits, events, before }: FrameworkParts): FastifyInstance {
  const app = Fastify({
    serverFactory: handle => createListener(door, limits, before(handle)),
    clientErrorHandler: (error, socket) => answerMalformed(error, socket, door),
    frameworkErrors: (error, _request, reply) => sendFailure(enter(reply, 'none'), error, events),
    routerOptions: { maxParamLength: 512 },
    exposeHeadRoutes: false,
    return503OnClosing: false,
  })
  app.setErrorHandler((error, _request, reply) => {
    reply.hijack()
    sendFailure(exchangeOf(reply.raw), error, events)
  })
  return app
}

function createListener(door: Door, limits: HttpLimits, handle: RequestListener): Server {
  const watched = door.watch(handle)
  const server = createServer<typeof IncomingMessage, typeof ExchangeResponse>(
    {
      ServerResponse: ExchangeResponse,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: 16 * 1024,
      noDelay: true,
    },
    watched,
  )
  // without these, Node answers an Expect by itself, before anybody is asked (RFC 9110, 10.1.1): who comes with one passes the guard
  // as everybody, and what it expects is not done, for no body is ever wanted
  server.on('checkContinue', watched)
  server.on('checkExpectation', watched)
  server.timeout = limits.silenceMs
  server.maxConnections = limits.connections
  server.maxRequestsPerSocket = limits.requestsPerConnection
  server.on('connect', (request, socket) => void answerConnect(request, socket as Socket, door))
  door.connections.watch(server)
  return server
}

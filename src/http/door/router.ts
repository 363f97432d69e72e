import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Events } from '../../observe/events.ts'
import { type Exchange, exchangeOf } from '../exchange/exchange.ts'
import { answerWith } from '../exchange/failures.ts'
import type { Access } from '../exchange/guard.ts'
import type { RouteTable } from './routes.ts'

/** The decoded segments of a path. Decoded means: they may hold anything. */
export type Segments = Readonly<Record<string, string>>

/** Answers through the exchange; what it throws is answered as a failure. `query` is as the framework decoded it. */
export type Handle = (exchange: Exchange, segments: Segments, query: unknown) => Promise<void> | void

/** The only way to have a route: each is for GET and HEAD, and stands in the table that the door reads. */
export interface Router {
  add(url: string, name: string, handle: Handle): void
  /** A route whose path the guard is told to be open: for what asks whether the gate lives, and has no credentials. */
  addOpen(url: string, name: string, handle: Handle): void
  /** Routes that a plugin brings along. */
  mount(urls: readonly string[], name: string, register: (app: FastifyInstance) => Promise<void>): Promise<void>
  /** What has no route. */
  otherwise(handle: (exchange: Exchange) => void): void
}

export function createRouter(app: FastifyInstance, routes: RouteTable, events: Events): Router {
  function add(url: string, name: string, access: Access, handle: Handle): void {
    routes.add({ url, name, access })
    app.route({
      method: ['GET', 'HEAD'],
      url,
      handler(request, reply) {
        const exchange = enter(reply, name)
        answerWith(exchange, events, () => handle(exchange, request.params as Segments, request.query))
      },
    })
  }

  return {
    add: (url, name, handle) => add(url, name, 'guarded', handle),
    addOpen: (url, name, handle) => add(url, name, 'open', handle),
    async mount(urls, name, register) {
      for (const url of urls) routes.add({ url, name, access: 'guarded' })
      await register(app)
    },
    otherwise(handle) {
      app.setNotFoundHandler((_request: FastifyRequest, reply) => handle(enter(reply, 'none')))
    },
  }
}

/** The exchange of a request that found its route. Nothing of the framework's own answering is used from here on. */
export function enter(reply: FastifyReply, route: string): Exchange {
  reply.hijack()
  const exchange = exchangeOf(reply.raw)
  exchange.route = route
  return exchange
}

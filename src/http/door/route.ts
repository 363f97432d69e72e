import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Exchange, exchangeOf, plainAddress } from './exchange.ts'
import { sendFailure } from './failures.ts'
import type { Serving } from './settings.ts'

/** The decoded segments of a path. Decoded means: they may hold anything. */
export type Segments = Readonly<Record<string, string>>

/** Answers through the exchange; what it throws is answered as a failure. */
export type Handle = (exchange: Exchange, segments: Segments, request: FastifyRequest) => Promise<void> | void

/** The exchange of a request that found its route. Nothing of the framework's own answering is used from here on. */
export function enter(request: FastifyRequest, reply: FastifyReply, route: string): Exchange {
  reply.hijack()
  const exchange = exchangeOf(reply.raw)
  exchange.route = route
  const ip = plainAddress(request.ip ?? '')
  // what a trusted proxy passed on may still be no address
  if (ip !== exchange.client && isIP(ip) !== 0) exchange.client = ip
  return exchange
}

export function addRoute(app: FastifyInstance, serving: Serving, url: string, name: string, handle: Handle): void {
  app.route({
    method: ['GET', 'HEAD'],
    url,
    handler(request, reply) {
      const exchange = enter(request, reply, name)
      answerWith(serving, exchange, () => handle(exchange, request.params as Segments, request))
    },
  })
}

/** Whatever `handle` throws is answered as a failure. */
export function answerWith(serving: Serving, exchange: Exchange, handle: () => Promise<void> | void): void {
  try {
    const answered = handle()
    answered?.catch((error: unknown) => sendFailure(exchange, error, serving.settings.events))
  } catch (error) {
    sendFailure(exchange, error, serving.settings.events)
  }
}

import type { Readable } from 'node:stream'
import { callbackify } from 'node:util'
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Events } from '../../observe/events.ts'
import type { OpenedRootList, RootList } from '../../ports/outward.ts'
import { enter, type Router } from '../door/router.ts'
import { type Exchange, exchangeOf } from '../exchange/exchange.ts'
import { answerWith } from '../exchange/failures.ts'

type Handler = NonNullable<FastifyHttpProxyOptions['handler']>
type ReplyOptions = NonNullable<FastifyHttpProxyOptions['replyOptions']>
type OnResponse = NonNullable<ReplyOptions['onResponse']>

/** What the plugin's HTTP client is asked for, and answers. */
interface ProxyRequest {
  readonly method: string
}
interface ProxyAnswer {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Readable
}

/** What is done about a request for the list. */
interface ListAnswering {
  /** Before the list is opened: false when something else was answered. Throws what is answered instead. */
  readonly mayOpen: (exchange: Exchange, query: unknown) => boolean
  readonly send: (exchange: Exchange, query: unknown, list: OpenedRootList) => Promise<void>
}

/**
 * `/simple/` through @fastify/http-proxy, which is known here and nowhere else. The plugin brings its own HTTP client, which
 * forwards client headers, repeats a 503 ten times and, left to its defaults, does not verify TLS; so it gets the port in
 * its place, which takes from the request only whether it is HEAD.
 */
export async function addRootListProxy(
  router: Router,
  { rootList, events }: { readonly rootList: RootList; readonly events: Events },
  { mayOpen, send }: ListAnswering,
): Promise<void> {
  const handler: Handler = (request, reply, destination, options) => {
    const exchange = exchangeOf(reply.raw)
    exchange.route = ROUTE
    return mayOpen(exchange, request.query) ? reply.from(destination, options) : reply.hijack()
  }

  function onResponse(request: FastifyRequest, reply: FastifyReply, { stream }: { readonly stream: Readable }): void {
    const list = { body: stream, ...saidOf(reply) }
    const exchange = enter(reply, ROUTE)
    answerWith(exchange, events, () => send(exchange, request.query, list))
  }

  const options: FastifyHttpProxyOptions = {
    ...OPTIONS,
    handler,
    undici: { request: callbackify(clientOver(rootList)) } as unknown as NonNullable<FastifyHttpProxyOptions['undici']>,
    replyOptions: {
      retriesCount: 0,
      queryString: () => '',
      rewriteRequestHeaders: () => ({}),
      onResponse: onResponse as unknown as OnResponse,
      onError: (reply, { error }) => void reply.send(error.cause ?? error),
    },
  }
  // the plugin takes the path without its slash too
  await router.mount(['/simple', '/simple/'], ROUTE, async app => {
    await app.register(httpProxy, options)
  })
}

const ROUTE = 'root'
const OPTIONS = {
  // the plugin wants to know where to; whom it asks does not
  upstream: 'http://root-list.invalid',
  prefix: '/simple',
  rewritePrefix: '/simple/',
  routes: ['/'],
  httpMethods: ['GET', 'HEAD'],
  proxyPayloads: false,
  disableRequestLogging: true,
  disableCache: true,
  // an empty list: with any method in it a 503 is asked for ten times, and 0 as `maxRetriesOn503` means ten
  retryMethods: [],
} satisfies FastifyHttpProxyOptions

/** The port as the client that the plugin knows: what is no body passes by it as two headers. */
function clientOver(rootList: RootList): (request: ProxyRequest) => Promise<ProxyAnswer> {
  return async ({ method }) => {
    const { body, coding, serial } = await rootList.open(method === 'HEAD' ? 'HEAD' : 'GET')
    const headers = { 'content-encoding': coding, ...(serial === undefined ? {} : { 'x-pypi-last-serial': serial }) }
    return { statusCode: 200, headers, body }
  }
}

function saidOf(reply: FastifyReply): Omit<OpenedRootList, 'body'> {
  return {
    coding: reply.getHeader('content-encoding') === 'gzip' ? 'gzip' : 'identity',
    serial: reply.getHeader('x-pypi-last-serial')?.toString(),
  }
}

import { Readable } from 'node:stream'
import { callbackify } from 'node:util'
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GateError } from '../../domain/base/errors.ts'
import type { OpenRootList, RootListCoding, RootListForm, RootLists } from '../../gate/pages/root-lists.ts'
import { enter, type Router } from '../door/router.ts'
import { type Exchange, exchangeOf } from '../exchange/exchange.ts'
import { answerWith } from '../exchange/failures.ts'
import type { Serving } from '../exchange/settings.ts'

type Handler = NonNullable<FastifyHttpProxyOptions['handler']>
type ReplyOptions = NonNullable<FastifyHttpProxyOptions['replyOptions']>
type OnResponse = NonNullable<ReplyOptions['onResponse']>

/** What the plugin's HTTP client is asked for, and answers. */
interface ProxyRequest {
  readonly headers: Readonly<Record<string, string | undefined>>
}
interface ProxyAnswer {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Readable
}

interface Wanted {
  readonly form: RootListForm
  readonly coding: RootListCoding
}

/** A list as it passes by the plugin. */
export interface ProxiedList {
  readonly body: Readable
  /** bytes */
  readonly size: number
  readonly coding: RootListCoding
  readonly serial: string | undefined
}

/** What is done about a request for the list. */
interface ListAnswering {
  /** Before the list is opened: `undefined` when something else was answered. Throws what is answered instead. */
  readonly wanted: (exchange: Exchange, query: unknown) => Wanted | undefined
  readonly send: (exchange: Exchange, query: unknown, list: ProxiedList) => Promise<void>
}

/**
 * `/simple/` through @fastify/http-proxy, which is known here and nowhere else. The plugin brings its own HTTP client, which
 * forwards client headers, repeats a 503 ten times and, left to its defaults, does not verify TLS; so it gets the lists that the
 * gate keeps in its place. Of the request they learn the form and the coding that were chosen here.
 */
export function addRootListProxy(
  router: Router,
  { rootLists, path, index, settings: { events } }: Pick<Serving, 'rootLists' | 'path' | 'index' | 'settings'>,
  { wanted, send }: ListAnswering,
): void {
  const chosen = new WeakMap<Exchange, Wanted>()
  const handler: Handler = (request, reply, destination, options) => {
    const exchange = exchangeOf(reply.raw)
    exchange.route = ROUTE
    exchange.index = index
    const choice = wanted(exchange, request.query)
    if (choice === undefined) return reply.hijack()
    chosen.set(exchange, choice)
    return reply.from(destination, { ...options, rewriteRequestHeaders: () => ({ ...choice }) })
  }

  function onResponse(request: FastifyRequest, reply: FastifyReply, { stream }: { readonly stream: Readable }): void {
    const exchange = enter(reply, ROUTE)
    const list = {
      body: stream,
      size: Number(reply.getHeader('x-size')),
      coding: chosen.get(exchange)?.coding ?? 'identity',
      serial: reply.getHeader('x-pypi-last-serial')?.toString(),
    }
    answerWith(exchange, events, () => send(exchange, request.query, list))
  }

  const options: FastifyHttpProxyOptions = {
    ...OPTIONS,
    prefix: `${path}${OPTIONS.prefix}`,
    handler,
    undici: { request: callbackify(clientOver(rootLists)) } as unknown as NonNullable<
      FastifyHttpProxyOptions['undici']
    >,
    replyOptions: {
      retriesCount: 0,
      queryString: () => '',
      onResponse: onResponse as unknown as OnResponse,
      onError: (reply, { error }) => void reply.send(error.cause ?? error),
    },
  }
  // the plugin takes the path without its slash too
  router.mount([`${path}/simple`, `${path}/simple/`], ROUTE, async app => {
    const { default: httpProxy } = await import('@fastify/http-proxy')
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

/** The lists as the client that the plugin knows: what is no body passes by it as headers. */
function clientOver(rootLists: RootLists): (request: ProxyRequest) => Promise<ProxyAnswer> {
  return async ({ headers: { form, coding } }) => {
    const list = await rootLists.open(form === 'html' ? 'html' : 'json', coding === 'gzip' ? 'gzip' : 'identity')
    const { file, serial } = list
    const headers = { 'x-size': `${file.size}`, ...(serial === undefined ? {} : { 'x-pypi-last-serial': serial }) }
    return { statusCode: 200, headers, body: readableOf(list) }
  }
}

/** bytes that are read at once; so many are ahead of the reader, and no more */
const PIECE = 64 * 1024

function readableOf({ file }: OpenRootList): Readable {
  let position = 0
  return new Readable({
    highWaterMark: PIECE,
    read() {
      const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, file.size - position))
      if (buffer.length === 0) return void this.push(null)
      file.read(buffer, position).then(
        count => {
          position += count
          if (count > 0) this.push(buffer.subarray(0, count))
          else this.destroy(new GateError('unknown-store', 'a list was cut short on the disk'))
        },
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error('a list cannot be read')),
      )
    },
    destroy(error, done) {
      file.close()
      done(error)
    },
  })
}

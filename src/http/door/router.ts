import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Events } from '../../observe/events.ts'
import { type Exchange, exchangeOf } from '../exchange/exchange.ts'
import { type AnswerOf, answerWith } from '../exchange/failures.ts'
import type { Access } from '../exchange/guard.ts'
import type { Route, RouteTable } from './routes.ts'

/** The decoded segments of a path. Decoded means: they may hold anything. */
export type Segments = Readonly<Record<string, string>>

/** Answers through the exchange; what it throws is answered as a failure. `query` is as the framework decoded it. */
export type Handle = (exchange: Exchange, segments: Segments, query: unknown) => Promise<void> | void

/** The only way to have a route: each is for GET and HEAD, and stands in the table that the door reads. */
export interface Router {
  add(url: string, name: string, handle: Handle): void
  /** A route whose path the guard is told to be open: for what asks whether the gate lives, and has no credentials. */
  addOpen(url: string, name: string, handle: Handle): void
  /** What takes what somebody sends (POST): the segments are the groups of `path`, which is matched as it is spelled. */
  addTaking(path: RegExp, name: string, handle: Handle): void
  /** Routes that a plugin brings along. */
  mount(urls: readonly string[], name: string, register: Register): void
  /** What has no route. */
  otherwise(handle: (exchange: Exchange) => void): void
}

type Register = (app: FastifyInstance) => Promise<void>

interface Routing extends Router {
  /** Answers what came in by the door. */
  readonly answer: RequestListener
  close(): Promise<void>
}

interface Parts {
  readonly routes: RouteTable
  readonly events: Events
  /** The framework; called once, or again where it could not be loaded. */
  readonly load: () => Promise<FastifyInstance>
  /** how what is thrown is answered; default: as a problem document */
  readonly answerOf?: AnswerOf
}

const NOTHING = {}

/**
 * A path that is one alone, in its plainest spelling, goes from the door to its handler: that is what probes ask. Everything else the framework
 * routes, which is loaded for the first who wants it: a gate that is asked for pages, files and its state needs none of its 20 MB.
 */
export function createRouting({ routes, events, load, answerOf }: Parts): Routing {
  const plain = new Map<string, Furnished>()
  const taking: { readonly path: RegExp; readonly name: string; readonly handle: Handle }[] = []
  const furnished: Furnished[] = []
  const plugins: Register[] = []
  let otherwise: (exchange: Exchange) => void = () => {}
  let loading: Promise<FastifyInstance> | undefined
  let loaded: FastifyInstance | undefined

  function add(url: string, name: string, access: Access, handle: Handle): void {
    const route = { url, name, access, handle }
    routes.add(route)
    furnished.push(route)
    if (!PATTERN.test(url)) plain.set(url, route)
  }

  async function furnish(): Promise<FastifyInstance> {
    const app = await load()
    for (const { url, name, handle } of furnished)
      app.route({
        method: ['GET', 'HEAD'],
        url,
        handler(request, reply) {
          const exchange = enter(reply, name)
          answerWith(exchange, events, () => handle(exchange, request.params as Segments, request.query), answerOf)
        },
      })
    app.setNotFoundHandler((_request: FastifyRequest, reply) => otherwise(enter(reply, 'none')))
    for (const register of plugins) await register(app)
    await app.ready()
    loaded = app
    return app
  }

  /** Past the framework, which would read the body by itself. The door lets nothing else in by this method. */
  function receive({ url = '' }: IncomingMessage, response: ServerResponse): void {
    const exchange = exchangeOf(response)
    const [path = '', query] = url.split('?', 2)
    answerWith(
      exchange,
      events,
      () => {
        for (const { path: pattern, name, handle } of taking) {
          const found = pattern.exec(path)
          if (found === null) continue
          exchange.route = name
          return handle(exchange, { ...found.groups }, Object.fromEntries(new URLSearchParams(query)))
        }
        throw new TypeError('the door let in what no route takes')
      },
      answerOf,
    )
  }

  async function framework(): Promise<FastifyInstance> {
    loading ??= furnish()
    try {
      return await loading
    } catch (error) {
      loading = undefined
      throw error
    }
  }

  return {
    add: (url, name, handle) => add(url, name, 'guarded', handle),
    addOpen: (url, name, handle) => add(url, name, 'open', handle),
    addTaking(path, name, handle) {
      routes.take(path)
      taking.push({ path, name, handle })
    },
    mount(urls, name, register) {
      for (const url of urls) routes.add({ url, name, access: 'guarded' })
      plugins.push(register)
    },
    otherwise(handle) {
      otherwise = handle
    },
    answer(request, response) {
      if (request.method === 'POST') return receive(request, response)
      const route = plain.get(request.url ?? '')
      if (route === undefined && loaded !== undefined) return loaded.routing(request, response)
      const exchange = exchangeOf(response)
      answerWith(
        exchange,
        events,
        async () => {
          if (route !== undefined) {
            exchange.route = route.name
            return await route.handle(exchange, NOTHING, NOTHING)
          }
          const app = await framework()
          if (!exchange.over) app.routing(request, response)
        },
        answerOf,
      )
    },
    async close() {
      await loading?.then(app => app.close()).catch(() => {})
    },
  }
}

interface Furnished extends Route {
  readonly handle: Handle
}

/** Of a path that stands for many. */
const PATTERN = /[:*]/

/** The exchange of a request that found its route. Nothing of the framework's own answering is used from here on. */
export function enter(reply: FastifyReply, route: string): Exchange {
  reply.hijack()
  const exchange = exchangeOf(reply.raw)
  exchange.route = route
  return exchange
}

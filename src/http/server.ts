import { GateError } from '../domain/base/errors.ts'
import { API_BASE } from '../protocol/api/operation.ts'
import { createAddressOf, createTrusted, type Trusted } from './door/address.ts'
import { createDoor } from './door/door.ts'
import { listenAt } from './door/listen.ts'
import { createListener } from './door/listener.ts'
import { createRouting, type Router } from './door/router.ts'
import { type Route, RouteTable } from './door/routes.ts'
import { BufferPool } from './exchange/buffer-pool.ts'
import type { Exchange } from './exchange/exchange.ts'
import { type AnswerOf, sendFailure } from './exchange/failures.ts'
import { admitAnybody } from './exchange/guard.ts'
import { Outlet } from './exchange/outlet.ts'
import { assertMayEnter } from './exchange/permissions.ts'
import {
  DEFAULT_LIMITS,
  type HttpSettings,
  type ServedIndex,
  type Serving,
  type Servings,
} from './exchange/settings.ts'
import { addFiles } from './packages/files.ts'
import { addIntegrityApi } from './packages/integrity.ts'
import { addJsonApi } from './packages/json-api.ts'
import { addRootList } from './packages/root-list.ts'
import { addProjectPages, redirectDoubledSlashes } from './packages/simple.ts'
import { addSummaries } from './packages/vsa.ts'
import { addCodePages } from './people/codes.ts'
import { addExplainPages } from './people/explain.ts'
import { answerPersonOr } from './people/failure-page.ts'
import { addHome } from './people/home.ts'
import { addOperations } from './people/ops.ts'
import { addRequests } from './people/requests.ts'
import { servingOf, withShortcut } from './shortcut.ts'

/** A person with a browser is told in words, a client as ever. */
const answerOf: AnswerOf = (error, { request }) => answerPersonOr(error, request)

export type { HttpSettings } from './exchange/settings.ts'

/** The first is the one that answers for the gate as a whole. */
export type ServedIndexes = readonly [ServedIndex, ...ServedIndex[]]

export interface HttpServer {
  /** every route there is; what has none is a redirect, a 404 or a 405 */
  readonly routes: readonly Route[]
  /** Resolves to `http://host:port` as bound. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>
  /** Answers what is under way, for as long as `drainMs` allows, and lets nobody else in. */
  close(): Promise<void>
}

/**
 * The gate over HTTP/1.1: it parses, asks the gate of the index that a path is of, and renders. No decision is made here. What is
 * no index's (its state, explanations) stands at `/`.
 */
export function createHttpServer(indexes: ServedIndexes, settings: HttpSettings): HttpServer {
  const { events, guard = admitAnybody } = settings
  const trusted = createTrusted(settings.trustProxy)
  const servings = createServings(indexes, settings, trusted)
  const [{ limits, outlet }] = servings
  const routes = new RouteTable()
  const { connectionsPerAddress } = limits
  const door = createDoor({
    events,
    guard,
    addressOf: createAddressOf(trusted),
    routes,
    outlet,
    perAddress: { most: connectionsPerAddress, exempt: trusted },
    answerOf,
  })
  const load = async () => (await import('./door/framework.ts')).createFramework(events)
  const routing = createRouting({ routes, events, load, answerOf })
  addRoutes(routing, servings)
  const listener = createListener({ door, limits, tls: settings.tls, answer: withShortcut(servings, routing.answer) })
  return {
    routes: routes.all,
    listen: at => listenAt(listener, at, settings.tls === undefined ? 'http' : 'https'),
    async close() {
      door.connections.drain()
      const cut = setTimeout(() => door.connections.reset(), limits.drainMs)
      try {
        await listener.close()
        await routing.close()
      } finally {
        clearTimeout(cut)
        outlet.close()
      }
    },
  }
}

function createServings([first, ...others]: ServedIndexes, settings: HttpSettings, trusted: Trusted): Servings {
  const limits = { ...DEFAULT_LIMITS, ...settings.limits }
  const shared = {
    settings,
    limits,
    outlet: new Outlet({
      bounds: limits,
      buffers: settings.buffers ?? new BufferPool(),
      events: settings.events,
      clean: settings.clean ?? (text => text),
    }),
    isFromFront: ({ request }: Pick<Exchange, 'request'>) => trusted(request.socket.remoteAddress ?? ''),
    base: () => settings.publicUrl ?? settings.listenUrl(),
  }
  return [{ ...first, ...shared }, ...others.map(index => ({ ...index, ...shared }))]
}

function addRoutes(router: Router, servings: Servings): void {
  addOperations(router, servings)
  addHome(router, servings)
  addExplainPages(router, servings)
  addRequests(router, servings)
  addCodePages(router)
  addSummaries(router, servings)
  for (const serving of servings) {
    const its = routerOf(serving, router)
    addProjectPages(its, serving)
    addJsonApi(its, serving)
    addIntegrityApi(its, serving)
    addFiles(its, serving)
    addRootList(router, serving)
  }
  router.otherwise(exchange => {
    const [path = ''] = (exchange.request.url ?? '').split('?', 1)
    const serving = servingOf(servings, path)
    if (serving !== undefined && redirectDoubledSlashes(serving, exchange, path.slice(serving.path.length))) return
    const why = path.startsWith(`${API_BASE}/`) ? NO_CONSOLE : 'nothing is served at this path'
    sendFailure(exchange, new GateError('not-found', why), servings[0].settings.events, answerOf)
  })
}

/** Whoever asks for the API here took one listener for the other. */
const NO_CONSOLE =
  'this is the address of packages and not of the console, which answers the API at one of its own (`console.listen`, `console.public_url`)'

/** The routes of an index are for those who may enter it, however their path was spelled. */
function routerOf({ index }: Serving, router: Router): Router {
  return {
    ...router,
    add: (url, route, handle) =>
      router.add(url, route, (exchange, segments, query) => {
        exchange.index = index
        assertMayEnter(exchange.client, index)
        return handle(exchange, segments, query)
      }),
  }
}

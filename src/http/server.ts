import { GateError } from '../domain/base/errors.ts'
import type { Gate } from '../gate/gate.ts'
import { createAddressOf, createTrusted } from './door/address.ts'
import { createDoor } from './door/door.ts'
import { createFramework } from './door/framework.ts'
import { listenAt } from './door/listen.ts'
import { createRouter, type Router } from './door/router.ts'
import { type Route, RouteTable } from './door/routes.ts'
import { BufferPool } from './exchange/buffer-pool.ts'
import { sendFailure } from './exchange/failures.ts'
import { admitAnybody } from './exchange/guard.ts'
import { Outlet } from './exchange/outlet.ts'
import { DEFAULT_LIMITS, type HttpSettings, type Serving } from './exchange/settings.ts'
import { addFiles } from './packages/files.ts'
import { addIntegrityApi } from './packages/integrity.ts'
import { addJsonApi } from './packages/json-api.ts'
import { addRootList } from './packages/root-list.ts'
import { addProjectPages, redirectDoubledSlashes } from './packages/simple.ts'
import { addCodePages } from './people/codes.ts'
import { addExplainPages } from './people/explain.ts'
import { addHome } from './people/home.ts'
import { addOperations } from './people/ops.ts'
import { withShortcut } from './shortcut.ts'

export type { HttpSettings } from './exchange/settings.ts'

export interface HttpServer {
  /** every route there is; what has none is a redirect, a 404 or a 405 */
  readonly routes: readonly Route[]
  /** Resolves to `http://host:port` as bound. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>
  /** Answers what is under way, for as long as `drainMs` allows, and lets nobody else in. */
  close(): Promise<void>
}

/** The gate over HTTP/1.1: it parses, asks the gate and renders. No decision is made here. */
export async function createHttpServer(gate: Gate, settings: HttpSettings): Promise<HttpServer> {
  const { events, guard = admitAnybody } = settings
  const serving = createServing(gate, settings)
  const { limits, outlet } = serving
  const routes = new RouteTable()
  const trusted = createTrusted(settings.trustProxy)
  const { connectionsPerAddress } = limits
  const door = createDoor({
    events,
    guard,
    addressOf: createAddressOf(trusted),
    routes,
    outlet,
    perAddress: { most: connectionsPerAddress, exempt: trusted },
  })
  const app = createFramework({ door, limits, events, before: handle => withShortcut(serving, handle) })
  await addRoutes(createRouter(app, routes, events), serving)
  await app.ready()
  return {
    routes: routes.all,
    listen: at => listenAt(app, at),
    async close() {
      door.connections.drain()
      const cut = setTimeout(() => door.connections.reset(), limits.drainMs)
      try {
        await app.close()
      } finally {
        clearTimeout(cut)
        outlet.close()
      }
    },
  }
}

function createServing(gate: Gate, settings: HttpSettings): Serving {
  const limits = { ...DEFAULT_LIMITS, ...settings.limits }
  return {
    gate,
    settings,
    limits,
    outlet: new Outlet({
      bounds: limits,
      buffers: settings.buffers ?? new BufferPool(),
      events: settings.events,
      clean: settings.clean ?? (text => text),
    }),
    base: () => settings.publicUrl ?? settings.listenUrl(),
  }
}

async function addRoutes(router: Router, serving: Serving): Promise<void> {
  addOperations(router, serving)
  addHome(router, serving)
  addExplainPages(router, serving)
  addCodePages(router)
  addProjectPages(router, serving)
  addJsonApi(router, serving)
  addIntegrityApi(router, serving)
  addFiles(router, serving)
  await addRootList(router, serving)
  router.otherwise(exchange => {
    const [path = ''] = (exchange.request.url ?? '').split('?', 1)
    if (redirectDoubledSlashes(serving, exchange, path)) return
    sendFailure(exchange, new GateError('not-found', 'nothing is served at this path'), serving.settings.events)
  })
}

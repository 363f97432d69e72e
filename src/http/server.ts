import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Gate } from '../gate/gate.ts'
import { BufferPool } from './door/buffer-pool.ts'
import { createDoor, type Door } from './door/door.ts'
import { ExchangeResponse, exchangeOf } from './door/exchange.ts'
import { sendFailure } from './door/failures.ts'
import { Readers } from './door/readers.ts'
import { enter } from './door/route.ts'
import { DEFAULT_LIMITS, type HttpSettings, type Serving } from './door/settings.ts'
import { withShortcut } from './door/shortcut.ts'
import { addFiles } from './packages/files.ts'
import { addIntegrityApi } from './packages/integrity.ts'
import { addJsonApi } from './packages/json-api.ts'
import { addRootList } from './packages/root-list.ts'
import { addProjectPages, redirectDoubledSlashes } from './packages/simple.ts'
import { addCodePages } from './people/codes.ts'
import { addExplainPages } from './people/explain.ts'
import { addHome } from './people/home.ts'
import { addOperations } from './people/ops.ts'

export type { HttpSettings } from './door/settings.ts'

export interface HttpServer {
  /** Resolves to `http://host:port` as bound. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>
  /** Answers what is under way, for as long as `drainMs` allows, and lets nobody else in. */
  close(): Promise<void>
}

/** The gate over HTTP/1.1: it parses, asks the gate and renders. No decision is made here. */
export async function createHttpServer(gate: Gate, settings: HttpSettings): Promise<HttpServer> {
  const limits = { ...DEFAULT_LIMITS, ...settings.limits }
  const door = createDoor(settings.events)
  const readers = new Readers(limits.pieceMs)
  const serving: Serving = {
    gate,
    settings,
    limits,
    readers,
    buffers: settings.buffers ?? new BufferPool(),
    base: () => settings.publicUrl ?? settings.listenUrl(),
  }
  const app = createFramework(serving, door)
  addOperations(app, serving)
  addHome(app, serving)
  addExplainPages(app, serving)
  addCodePages(app, serving)
  addProjectPages(app, serving)
  addJsonApi(app, serving)
  addIntegrityApi(app, serving)
  addFiles(app, serving)
  await addRootList(app, serving)
  app.setNotFoundHandler((request, reply) => {
    const exchange = enter(request, reply, 'none')
    const [path = ''] = (request.raw.url ?? '').split('?', 1)
    if (redirectDoubledSlashes(serving, exchange, path)) return
    sendFailure(exchange, new GateError('not-found', 'nothing is served at this path'), settings.events)
  })
  await app.ready()
  return {
    async listen({ host, port }) {
      try {
        await app.listen({ host, port })
      } catch (error) {
        throw unlistenable(error, host, port)
      }
      const address = app.server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : port
      return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
    },
    async close() {
      door.connections.drain()
      const cut = setTimeout(() => door.connections.reset(), limits.drainMs)
      try {
        await app.close()
      } finally {
        clearTimeout(cut)
        readers.close()
      }
    },
  }
}

/** The framework routes and no more: answers, errors, the access log and the connections are ours. */
function createFramework(serving: Serving, door: Door): FastifyInstance {
  const { limits, settings } = serving
  const { events, trustProxy } = settings
  const app = Fastify({
    serverFactory(handle) {
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
        door.guard(withShortcut(serving, handle)),
      )
      server.timeout = limits.silenceMs
      server.maxConnections = limits.connections
      server.maxRequestsPerSocket = limits.requestsPerConnection
      server.on('connect', (_request, socket) => socket.end(refusalText('405 Method Not Allowed', 'Allow: GET, HEAD')))
      door.connections.watch(server)
      return server
    },
    clientErrorHandler: (error, socket) => answerMalformed(error, socket, door),
    frameworkErrors: (error, request, reply) => {
      const exchange = enter(request, reply, 'none')
      sendFailure(exchange, error, events)
    },
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
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

/** What is no HTTP has no exchange. Where an answer is under way, words in the middle of its body would be worse. */
function answerMalformed(error: Error & { readonly code?: string }, socket: Socket, door: Door): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  if (door.connections.isBusy(socket)) return void socket.resetAndDestroy()
  socket.end(refusalText(statusOf(error.code)))
}

function statusOf(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
}

function refusalText(status: string, ...fields: readonly string[]): string {
  return [`HTTP/1.1 ${status}`, ...fields, 'Content-Length: 0', 'Connection: close', '', ''].join('\r\n')
}

const UNLISTENABLE: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'is in use by another process'],
  ['EACCES', 'may not be listened on by this user'],
  ['EADDRNOTAVAIL', 'is no address of this machine'],
])

/** A busy port is no defect: somebody has to choose another. */
function unlistenable(error: unknown, host: string, port: number): unknown {
  const why = UNLISTENABLE.get(errorCode(error))
  if (why === undefined) return error
  const detail = `${host}:${port} ${why}: choose another address with --listen, PORTCULLIS_LISTEN or listen`
  return new GateError('config-invalid', detail, { cause: error })
}

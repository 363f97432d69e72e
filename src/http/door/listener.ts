import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { ExchangeResponse } from '../exchange/exchange.ts'
import type { HttpLimits, TlsSource } from '../exchange/settings.ts'
import type { Door } from './door.ts'
import type { Listening } from './listen.ts'
import { answerConnect, answerMalformed } from './unparsed.ts'

interface ListenerParts {
  readonly door: Door
  readonly limits: HttpLimits
  /** `undefined`: plain HTTP */
  readonly tls: TlsSource | undefined
  /** answers what came in by the door */
  readonly answer: RequestListener
}

export interface Listener extends Listening {
  /** Lets nobody else in; resolves when the last connection is closed. */
  close(): Promise<void>
}

/** What listens: it hears every request, and hands it to the door. */
export function createListener(parts: ListenerParts): Listener {
  const server = createNodeServer(parts)
  return {
    server,
    listen: at =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(at, () => {
          server.off('error', reject)
          resolve()
        })
      }),
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

function createNodeServer({ door, limits, tls, answer }: ListenerParts): Server {
  const watched = door.watch(answer)
  const options = {
    ServerResponse: ExchangeResponse,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: 16 * 1024,
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createServer<typeof IncomingMessage, typeof ExchangeResponse>(options, watched)
      : createSecure(tls, limits, handshake =>
          createSecureServer<typeof IncomingMessage, typeof ExchangeResponse>({ ...options, ...handshake }, watched),
        )
  // without these, Node answers an Expect by itself, before anybody is asked (RFC 9110, 10.1.1): who comes with one passes the guard
  // as everybody, and what it expects is not done, for no body is ever wanted
  server.on('checkContinue', watched)
  server.on('checkExpectation', watched)
  server.timeout = limits.silenceMs
  server.maxConnections = limits.connections
  server.maxRequestsPerSocket = limits.requestsPerConnection
  server.on('clientError', (error, socket) => answerMalformed(error, socket as Socket, door))
  server.on('connect', (request, socket) => void answerConnect(request, socket as Socket, door))
  door.connections.watch(server, { secure: tls !== undefined })
  return server
}

const LEAST_VERSION = 'TLSv1.2'

/** HTTP/1.1 over TLS; a new certificate holds from the next handshake on. */
function createSecure<Made extends Server & Pick<SecureServer, 'setSecureContext'>>(
  tls: TlsSource,
  limits: HttpLimits,
  create: (handshake: TlsOptions) => Made,
): Made {
  const server = create({
    ...tls.current(),
    minVersion: LEAST_VERSION,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.headersMs,
  })
  tls.watch(pair => server.setSecureContext({ ...pair, minVersion: LEAST_VERSION }))
  return server
}

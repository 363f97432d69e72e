import { X509Certificate } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { Dispatcher } from 'undici'
import { GateError } from '../domain/base/errors.ts'
import type { Millis } from '../domain/base/instant.ts'
import { createLanding } from './landing.ts'

export interface DispatcherOptions {
  /** PEM; added to the default roots, never instead of them */
  readonly ca?: string | undefined
  /** what the configuration calls that; default: `upstream.ca` */
  readonly caSetting?: string
  /** until the headers of one answer, connecting included */
  readonly timeout: Millis
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What requests go through; the library behind it is loaded by the first of them, because many a command has none. */
export interface Connections {
  open(): Promise<Dispatcher>
  /** ends all that is under way, and whatever is opened later */
  close(): Promise<void>
}

/**
 * Connections to the upstream: `connections` of them to each origin, TLS always verified. `idle` is silence within a body.
 * Throws `config-invalid`.
 */
export function createConnections(
  options: DispatcherOptions,
  { connections, idle }: { readonly connections: number; readonly idle: Millis },
): Connections {
  // `true` in words: NODE_TLS_REJECT_UNAUTHORIZED=0 must not reach this
  const tls = { rejectUnauthorized: true, allowH2: false, timeout: options.timeout, ...secureContext(options) }
  const shared = {
    connections,
    pipelining: 1,
    allowH2: false,
    connect: tls,
    connectTimeout: options.timeout,
    headersTimeout: options.timeout,
    bodyTimeout: idle,
    maxHeaderSize: 16 * 1024,
    keepAliveTimeout: 30_000,
  }
  const { httpsProxy, noProxy } = proxyOf(options.environment)
  let opening: Promise<Dispatcher> | undefined
  let closed = false

  async function load(): Promise<Dispatcher> {
    const { Agent, EnvHttpProxyAgent } = await import('undici')
    const dispatcher =
      httpsProxy === ''
        ? new Agent({ ...shared, connect: { ...tls, onread: createLanding() } })
        : // plain http: is for loopback alone and would mean somebody else's loopback behind a proxy
          new EnvHttpProxyAgent({ ...shared, requestTls: tls, proxyTls: tls, httpProxy: '', httpsProxy, noProxy })
    if (closed) await dispatcher.destroy()
    return dispatcher
  }

  return {
    open() {
      opening ??= load()
      return opening
    },
    async close() {
      closed = true
      await (await opening)?.destroy()
    },
  }
}

/** One context for all connections: reading some 150 roots for each of them would cost more than the handshake. */
function secureContext({ ca, caSetting = 'upstream.ca' }: DispatcherOptions): { secureContext?: SecureContext } {
  if (ca === undefined) return {}
  return {
    secureContext: createSecureContext({ ca: [...getCACertificates('default'), ...readCertificates(ca, caSetting)] }),
  }
}

/** Each certificate is read here, because the TLS library skips what it cannot read and says nothing. */
function readCertificates(bundle: string, setting: string): readonly string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new GateError('config-invalid', `${setting} holds no PEM certificate`)
  try {
    return blocks.map(block => new X509Certificate(block).toString())
  } catch {
    throw new GateError('config-invalid', `${setting} holds something that is no certificate`)
  }
}

function proxyOf(environment: DispatcherOptions['environment']): {
  readonly httpsProxy: string
  readonly noProxy: string
} {
  const { https_proxy, HTTPS_PROXY, http_proxy, HTTP_PROXY, no_proxy, NO_PROXY } = environment
  const proxy = https_proxy ?? HTTPS_PROXY ?? http_proxy ?? HTTP_PROXY ?? ''
  const url = URL.parse(proxy)
  if (proxy !== '' && (url === null || !/^https?:$/.test(url.protocol)))
    throw new GateError('config-invalid', 'HTTPS_PROXY or HTTP_PROXY is not an http: or https: URL')
  return { httpsProxy: proxy, noProxy: no_proxy ?? NO_PROXY ?? '' }
}

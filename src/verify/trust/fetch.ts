import { createSecureContext, getCACertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent, fetch } from 'undici'
import { readTrustCa } from './trust-ca.ts'

/** One attempt at one document, its body included. */
export const FETCH_TIMEOUT_MS = 10_000

export interface FetchOptions {
  readonly proxies: Readonly<Record<string, string>>
  /** PEM, added to the default roots */
  readonly ca: string | undefined
}

/**
 * A `fetch` for the TUF library, which only knows the global one: TLS is always verified, extra roots and proxies are
 * honoured, redirects are not followed.
 */
export function createTrustFetch(options: FetchOptions): typeof globalThis.fetch {
  const dispatcher = createDispatcher(options)
  const bounded = async (input: unknown, init: object = {}) =>
    await fetch(String(input), { ...init, dispatcher, redirect: 'error' })
  return bounded
}

function createDispatcher({ proxies, ca }: FetchOptions): Dispatcher {
  const context =
    ca === undefined
      ? {}
      : { secureContext: createSecureContext({ ca: [...getCACertificates('default'), ...readTrustCa(ca)] }) }
  // `true` in words: NODE_TLS_REJECT_UNAUTHORIZED=0 must not reach this
  const tls = { rejectUnauthorized: true, timeout: FETCH_TIMEOUT_MS, ...context }
  const shared = {
    connect: tls,
    allowH2: false,
    connectTimeout: FETCH_TIMEOUT_MS,
    headersTimeout: FETCH_TIMEOUT_MS,
    bodyTimeout: FETCH_TIMEOUT_MS,
  }
  const { https_proxy, HTTPS_PROXY, http_proxy, HTTP_PROXY, no_proxy, NO_PROXY } = proxies
  const httpsProxy = https_proxy ?? HTTPS_PROXY ?? http_proxy ?? HTTP_PROXY ?? ''
  if (httpsProxy === '') return new Agent(shared)
  // plain http: is for loopback alone and would mean somebody else's loopback behind a proxy
  const noProxy = no_proxy ?? NO_PROXY ?? ''
  return new EnvHttpProxyAgent({ ...shared, requestTls: tls, proxyTls: tls, httpProxy: '', httpsProxy, noProxy })
}

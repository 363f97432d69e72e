import { X509Certificate } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import { GateError } from '../domain/base/errors.ts'
import { type Millis, millis } from '../domain/base/instant.ts'
import { createLimit, type Limit } from '../flow/limit.ts'
import type { Events } from '../observe/events.ts'
import { isPermittedTransport, parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import type { LeastRate } from './answer-body.ts'
import { type Answer, exchange } from './exchange.ts'
import { stopOf, upstreamFailure, type Who } from './upstream-failure.ts'

export type UpstreamCredentials = { readonly username: string; readonly password: string } | { readonly token: string }

export interface UpstreamAgentOptions {
  /** every configured upstream (index, Integrity API), as URL */
  readonly upstreams: readonly string[]
  /** where file bytes may come from, as URLs */
  readonly files: readonly string[]
  /** PEM; added to the default roots, never instead of them */
  readonly ca?: string | undefined
  /** until the headers of one answer, connecting included */
  readonly timeout: Millis
  /** by origin */
  readonly auth: Readonly<Record<string, UpstreamCredentials>>
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** of this product, for the User-Agent */
  readonly version: string
  readonly events: Events
  readonly limits?: Partial<UpstreamLimits>
}

export interface UpstreamLimits {
  /** silence within a body */
  readonly idle: Millis
  readonly rate: LeastRate
  /** requests that wait for a place, for each origin and kind */
  readonly waiting: number
}

export interface Hop {
  readonly who: Who
  readonly what: 'page' | 'legacy' | 'provenance' | 'file' | 'metadata' | 'root-list'
  readonly method: 'GET' | 'HEAD'
  readonly url: URL
  /** ours alone; nothing of a client's request ever gets here */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export interface UpstreamAgent {
  /** until the headers of one answer */
  readonly timeout: Millis
  /** One request, one answer of any status; redirects are not followed. Throws unknown-upstream…, unknown-overloaded. */
  send(hop: Hop): Promise<Answer>
  close(): Promise<void>
}

/** Sockets for each origin, shared out so that long downloads leave room for short answers. */
const CONNECTIONS = 32
const ROOT_LISTS = 2
const FILES = 16

const DEFAULTS: UpstreamLimits = {
  idle: millis(15_000),
  rate: { window: millis(15_000), bytes: 15 * 1024 },
  waiting: 1_000,
}

/**
 * The only way to the upstream: TLS is always verified, only configured origins are spoken to, credentials go to their own
 * origin. Throws `config-invalid`.
 */
export function createUpstreamAgent(options: UpstreamAgentOptions): UpstreamAgent {
  const { timeout, events } = options
  const limits = { ...DEFAULTS, ...options.limits }
  const fileOrigins = new Set(options.files.map(text => parseUpstreamBase(text, 'upstream.files').origin))
  const origins = new Set([
    ...options.upstreams.map(text => parseUpstreamBase(text, 'upstream').origin),
    ...fileOrigins,
  ])
  const lanes = new Map(
    [...origins].map(origin => [origin, createLanes(fileOrigins.has(origin), limits.waiting, timeout)]),
  )
  const credentials = readCredentials(options.auth)
  const dispatcher = createDispatcher(options, limits)
  const userAgent = `portcullis/${options.version}`

  function headersFor(hop: Hop): Record<string, string> {
    const authorization = credentials.get(hop.url.origin)
    return { ...hop.headers, 'user-agent': userAgent, ...(authorization === undefined ? {} : { authorization }) }
  }

  async function send(hop: Hop): Promise<Answer> {
    const lane = lanes.get(hop.url.origin)?.[laneOf(hop.what)]
    if (lane === undefined || !isPermittedTransport(hop.url) || hop.url.username !== '' || hop.url.password !== '')
      throw new GateError('unknown-bug', `${hop.who} was to be asked outside the configured origins`)
    const started = performance.now()
    const emit = (status: number | 'failed') =>
      events.emit({ type: 'upstream', what: hop.what, status, ms: performance.now() - started })
    let leave: (() => void) | undefined
    try {
      if (hop.signal.aborted) throw stopOf(hop.signal)
      leave = await lane.enter(hop.signal)
      const { who, url, method, signal } = hop
      const answer = await exchange(dispatcher, {
        who,
        url,
        method,
        signal,
        headers: headersFor(hop),
        timeout,
        rate: limits.rate,
      })
      answer.body.once('close', leave)
      emit(answer.status)
      return answer
    } catch (error) {
      leave?.()
      emit('failed')
      throw upstreamFailure(hop.who, error)
    }
  }

  return { timeout, send, close: () => dispatcher.destroy() }
}

type LaneName = 'small' | 'file' | 'rootList'

function laneOf(what: Hop['what']): LaneName {
  return what === 'file' ? 'file' : what === 'root-list' ? 'rootList' : 'small'
}

function createLanes(servesFiles: boolean, waiting: number, patience: Millis): Readonly<Record<LaneName, Limit>> {
  const small = CONNECTIONS - ROOT_LISTS - (servesFiles ? FILES : 0)
  return {
    small: createLimit({ running: small, waiting, patience, what: 'requests to the upstream' }),
    file: createLimit({ running: FILES, waiting, patience, what: 'downloads from the upstream' }),
    rootList: createLimit({ running: ROOT_LISTS, waiting, patience, what: 'root lists' }),
  }
}

function readCredentials(auth: UpstreamAgentOptions['auth']): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(auth).map(([key, given]) => {
      const value =
        'token' in given
          ? `Bearer ${given.token}`
          : `Basic ${Buffer.from(`${given.username}:${given.password}`).toString('base64')}`
      // the library would name the header, not the value; still nothing that is no header value gets that far
      if (!/^[\x21-\x7e][\x20-\x7e]*$/.test(value))
        throw new GateError('config-invalid', 'a token in upstream.auth is not printable ASCII')
      return [parseUpstreamBase(key, 'a key of upstream.auth').origin, value]
    }),
  )
}

function createDispatcher(options: UpstreamAgentOptions, limits: UpstreamLimits): Dispatcher {
  // `true` in words: NODE_TLS_REJECT_UNAUTHORIZED=0 must not reach this
  const tls = { rejectUnauthorized: true, allowH2: false, timeout: options.timeout, ...secureContext(options.ca) }
  const shared = {
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    connect: tls,
    connectTimeout: options.timeout,
    headersTimeout: options.timeout,
    bodyTimeout: limits.idle,
    maxHeaderSize: 16 * 1024,
    keepAliveTimeout: 30_000,
  }
  const { httpsProxy, noProxy } = proxyOf(options.environment)
  if (httpsProxy === '') return new Agent(shared)
  // plain http: is for loopback alone and would mean somebody else's loopback behind a proxy
  return new EnvHttpProxyAgent({ ...shared, requestTls: tls, proxyTls: tls, httpProxy: '', httpsProxy, noProxy })
}

/** One context for all connections: reading some 150 roots for each of them would cost more than the handshake. */
function secureContext(ca: string | undefined): { secureContext?: SecureContext } {
  if (ca === undefined) return {}
  return { secureContext: createSecureContext({ ca: [...getCACertificates('default'), ...readCertificates(ca)] }) }
}

/** Each certificate is read here, because the TLS library skips what it cannot read and says nothing. */
function readCertificates(bundle: string): readonly string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new GateError('config-invalid', 'upstream.ca holds no PEM certificate')
  try {
    return blocks.map(block => new X509Certificate(block).toString())
  } catch {
    throw new GateError('config-invalid', 'upstream.ca holds something that is no certificate')
  }
}

function proxyOf(environment: UpstreamAgentOptions['environment']): {
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

import { GateError } from '../domain/base/errors.ts'
import { type Millis, millis } from '../domain/base/instant.ts'
import { type ByteBudget, createByteBudget } from '../flow/byte-budget.ts'
import type { Events } from '../observe/events.ts'
import type { Asking } from '../ports/outward.ts'
import { isOwnPlace, isPermittedTransport, parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import type { LeastRate } from './answer-body.ts'
import { readCredentials, type UpstreamCredentials } from './credentials.ts'
import { createConnections, type DispatcherOptions } from './dispatcher.ts'
import { type Answer, exchange } from './exchange.ts'
import { CONNECTIONS, createLanes, laneOf, type Wanted } from './lanes.ts'
import { stopOf, upstreamFailure, type Who } from './upstream-failure.ts'

export interface UpstreamAgentOptions extends DispatcherOptions {
  /** every configured upstream (index, Integrity API), as URL */
  readonly upstreams: readonly string[]
  /** where file bytes may come from, as URLs */
  readonly files: readonly string[]
  /** where other sources are asked, as URLs: an answer leads to none of them; default: there are none */
  readonly others?: readonly string[]
  /** what the configuration calls it: `sources.acme`; default: `upstream` */
  readonly setting?: string
  /** by origin */
  readonly auth: Readonly<Record<string, UpstreamCredentials>>
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
  /** bytes of documents, as they came, that are held at once */
  readonly documents: number
}

export interface Hop {
  readonly who: Who
  readonly what: Wanted
  readonly method: 'GET' | 'HEAD'
  readonly url: URL
  /** ours alone; nothing of a client's request ever gets here */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** absent: the gate itself asks, about something known */
  readonly asking?: Asking | undefined
}

export interface UpstreamAgent {
  /** until the headers of one answer */
  readonly timeout: Millis
  /** for documents that are held in memory, in bytes as they came */
  readonly documents: ByteBudget
  /** One request, one answer of any status; redirects are not followed. Throws unknown-upstream…, unknown-overloaded. */
  send(hop: Hop): Promise<Answer>
  /** Whether a document may be had at `to` where `from` was asked for: on its origin; where other sources are there too, below the own upstreams alone. */
  mayLead(from: URL, to: URL): boolean
  close(): Promise<void>
}

function baseOf(text: string): string {
  return parseUpstreamBase(text, 'upstream').href
}

const DEFAULTS: UpstreamLimits = {
  idle: millis(15_000),
  rate: { window: millis(15_000), bytes: 15 * 1024 },
  waiting: 1_000,
  documents: 256 * 1024 * 1024,
}

/**
 * The only way to the upstream: TLS is always verified, only configured origins are spoken to, credentials go to their own
 * origin. Throws `config-invalid`.
 */
export function createUpstreamAgent(options: UpstreamAgentOptions): UpstreamAgent {
  const { timeout, events, setting = 'upstream' } = options
  const limits = { ...DEFAULTS, ...options.limits }
  const fileOrigins = new Set(options.files.map(text => parseUpstreamBase(text, 'upstream.files').origin))
  const answerOrigins = new Set(options.upstreams.map(text => parseUpstreamBase(text, 'upstream').origin))
  const own = options.upstreams.map(baseOf)
  const others = (options.others ?? []).map(baseOf)
  const lanes = new Map(
    [...answerOrigins.union(fileOrigins)].map(origin => {
      const serves = new Set<'files' | 'answers'>()
      if (fileOrigins.has(origin)) serves.add('files')
      if (answerOrigins.has(origin)) serves.add('answers')
      return [origin, createLanes({ serves, waiting: limits.waiting, patience: timeout })]
    }),
  )
  const credentials = readCredentials(options.auth, `${setting}.auth`)
  const connections = createConnections(
    { ...options, caSetting: `${setting}.ca` },
    { connections: CONNECTIONS, idle: limits.idle },
  )
  const userAgent = `portcullis/${options.version}`

  function headersFor(hop: Hop): Record<string, string> {
    const authorization = credentials.get(hop.url.origin)
    return { ...hop.headers, 'user-agent': userAgent, ...(authorization === undefined ? {} : { authorization }) }
  }

  async function send(hop: Hop): Promise<Answer> {
    const lane = lanes.get(hop.url.origin)?.[laneOf(hop.what, hop.asking?.sight)]
    if (lane === undefined || !isPermittedTransport(hop.url) || hop.url.username !== '' || hop.url.password !== '')
      throw new GateError('unknown-bug', `${hop.who} was to be asked outside the configured origins`)
    const started = performance.now()
    const emit = (status: number | 'failed') =>
      events.emit({ type: 'upstream', what: hop.what, status, ms: performance.now() - started })
    let leave: (() => void) | undefined
    try {
      if (hop.signal.aborted) throw stopOf(hop.signal)
      leave = await lane.enter(hop.signal, hop.asking)
      const { who, url, method, signal } = hop
      const answer = await exchange(await connections.open(), {
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

  return {
    timeout,
    documents: createByteBudget(limits.documents),
    send,
    mayLead: (from, to) => from.origin === to.origin && isOwnPlace(to, own, others),
    close: () => connections.close(),
  }
}

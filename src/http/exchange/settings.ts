import type { Gate } from '../../gate/gate.ts'
import type { RootLists } from '../../gate/pages/root-lists.ts'
import type { RequestDesk } from '../../gate/requests/desk.ts'
import type { Events } from '../../observe/events.ts'
import type { SummaryKey } from '../../protocol/attest/summary.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { Exchange } from './exchange.ts'
import type { Guard } from './guard.ts'
import type { Outlet } from './outlet.ts'

/** What the server needs to know; nothing of it comes from a request. */
export interface HttpSettings {
  /** absolute, without a trailing slash */
  readonly publicUrl: string | undefined
  /** `http://host:port` as bound */
  readonly listenUrl: () => string
  readonly clientCache: 'revalidate' | 'forbid'
  /** CIDRs whose X-Forwarded-For is believed, for the client's address alone, and to whom `accel` leaves files */
  readonly trustProxy: readonly string[]
  /** a front of `trustProxy` sends stored files itself, told by this field where they lie; absent, or without a location: none does */
  readonly accel?: { readonly header: string; readonly location?: string | undefined }
  /** who signs verification summaries; absent: there are none */
  readonly summaries?: SummarySigner | undefined
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
  readonly events: Events
  readonly version: string
  /** who may enter; default: everybody who reaches the gate */
  readonly guard?: Guard
  /** where people ask that a refused file be let through; default: they do not */
  readonly requests?: RequestDesk | undefined
  readonly limits?: Partial<HttpLimits>
  /** default: plain HTTP */
  readonly tls?: TlsSource | undefined
  /** default: a pool of the server's own */
  readonly buffers?: BufferPool
  /** the same text without any secret of the configuration; default: as it is */
  readonly clean?: (text: string) => string
}

/** Signs, and in whose name. */
export interface SummarySigner {
  readonly key: SummaryKey
  /** https: URL */
  readonly verifierId: string
}

/** PEM. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** What the server speaks TLS with; it may change while it runs. */
export interface TlsSource {
  current(): TlsPair
  /** Tells of each new pair, which is one that can be used. */
  watch(changed: (pair: TlsPair) => void): void
}

/** How long clients may take, and how many there may be. Milliseconds, bytes, counts. */
export interface HttpLimits {
  readonly connections: number
  /** of one address (of IPv6: one /64); trusted proxies may have more */
  readonly connectionsPerAddress: number
  readonly requestsPerConnection: number
  /** until a request's head is complete */
  readonly headersMs: number
  /** until a whole request is there */
  readonly requestMs: number
  /** between two requests: longer than what load balancers keep (60 s is common), so that they close first */
  readonly keepAliveMs: number
  /** without a single byte moving in either direction, on a connection that has an answer under way */
  readonly silenceMs: number
  /** that a reader has for a piece of a body, and besides it the time in which it takes `leastRate` */
  readonly graceMs: number
  /** bytes a second: a modem is faster; a piece has at most 256 KiB */
  readonly leastRate: number
  /** that answers under way may hold in memory, all together */
  readonly answerBytes: number
  /** after which a reader that took nothing may be reset where memory is short */
  readonly stalledMs: number
  /** how long answers under way may take once the server closes */
  readonly drainMs: number
  /** how long a Range waits for a file that is not stored yet */
  readonly joinMs: number
}

export const DEFAULT_LIMITS: HttpLimits = {
  connections: 4_096,
  connectionsPerAddress: 1_024,
  requestsPerConnection: 10_000,
  headersMs: 15_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
  silenceMs: 120_000,
  graceMs: 20_000,
  leastRate: 4 * 1024,
  answerBytes: 16 * 1024 * 1024,
  stalledMs: 2_000,
  drainMs: 20_000,
  joinMs: 10_000,
}

/** An index that is served: what is asked, and where. */
export interface ServedIndex {
  /** before `/simple/`: empty for the one at `/`, else without a slash at its end */
  readonly path: string
  readonly gate: Gate
  /** the upstream's list of all projects, or that of what a mirror holds */
  readonly rootLists: RootLists
  /** what the configuration calls it: by this it is permitted */
  readonly index: string
  /** what people are told it is called; absent where there is one alone */
  readonly name?: string | undefined
}

/** Every index, the first of them for what is no index's. */
export type Servings = readonly [Serving, ...Serving[]]

/** What every route of an index is given. */
export interface Serving extends ServedIndex {
  readonly settings: HttpSettings
  readonly limits: HttpLimits
  readonly outlet: Outlet
  /** whether a request comes from one of `trustProxy`, whoever he says it is from */
  readonly isFromFront: (exchange: Pick<Exchange, 'request'>) => boolean
  /** the gate's own URL, without a trailing slash, and without the index's path; never from a request */
  readonly base: () => string
}

import type { Gate } from '../../gate/gate.ts'
import type { Events } from '../../observe/events.ts'
import type { RootList } from '../../ports/outward.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { Guard } from './guard.ts'
import type { Readers } from './readers.ts'

/** What the server needs to know; nothing of it comes from a request. */
export interface HttpSettings {
  /** absolute, without a trailing slash */
  readonly publicUrl: string | undefined
  /** `http://host:port` as bound */
  readonly listenUrl: () => string
  readonly clientCache: 'revalidate' | 'forbid'
  /** CIDRs whose X-Forwarded-For is believed, for the client's address alone */
  readonly trustProxy: readonly string[]
  /** the upstream's list of all projects, or that of what a mirror holds */
  readonly rootList: RootList
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
  readonly events: Events
  readonly version: string
  /** who may enter; default: everybody who reaches the gate */
  readonly guard?: Guard
  readonly limits?: Partial<HttpLimits>
  /** default: a pool of the server's own */
  readonly buffers?: BufferPool
}

/** How long clients may take, and how many there may be. Milliseconds, bytes, counts. */
export interface HttpLimits {
  readonly connections: number
  readonly requestsPerConnection: number
  /** until a request's head is complete */
  readonly headersMs: number
  /** until a whole request is there */
  readonly requestMs: number
  /** between two requests: longer than what load balancers keep (60 s is common), so that they close first */
  readonly keepAliveMs: number
  /** without a single byte moving in either direction, on a connection that has an answer under way */
  readonly silenceMs: number
  /** until a reader has taken one piece of a file (at most 256 KiB): about 2 KiB/s */
  readonly pieceMs: number
  /** how long answers under way may take once the server closes */
  readonly drainMs: number
  /** how long a Range waits for a file that is not stored yet */
  readonly joinMs: number
}

export const DEFAULT_LIMITS: HttpLimits = {
  connections: 4_096,
  requestsPerConnection: 10_000,
  headersMs: 15_000,
  requestMs: 30_000,
  keepAliveMs: 75_000,
  silenceMs: 120_000,
  pieceMs: 120_000,
  drainMs: 20_000,
  joinMs: 10_000,
}

/** What every route is given. */
export interface Serving {
  readonly gate: Gate
  readonly settings: HttpSettings
  readonly limits: HttpLimits
  readonly buffers: BufferPool
  readonly readers: Readers
  /** the gate's own URL, without a trailing slash; never from a request */
  readonly base: () => string
}

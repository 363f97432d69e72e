import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { ERRORS } from '../domain/base/errors.ts'
import { LIMITS } from '../domain/base/limits.ts'
import { REFUSALS } from '../domain/base/refusal.ts'
import type { AdmittedBy } from '../domain/decide/verdict.ts'
import type { TrustStatus } from '../ports/trust.ts'
import type { Events, GateEvent } from './events.ts'
import { RequestTally } from './request-tally.ts'

/** What is not an event but a state, as it is when somebody asks. */
export interface MetricState {
  readonly trust: TrustStatus
  readonly blobBytes: number
  /** of the journal, about */
  readonly journalBytes: number
}

export interface Metrics extends Events {
  /** The Prometheus text format. */
  render(state: MetricState): Promise<{ readonly contentType: string; readonly body: string }>
}

const PREFIX = 'portcullis_'
const ALARMS = {
  'digest-changed': 0,
  'serial-backwards': 0,
  'integrity-mismatch': 0,
  'metadata-mismatch': 0,
  'publisher-object-mismatch': 0,
  'blob-corrupt': 0,
  'database-set-aside': 0,
  'clock-behind': 0,
} as const satisfies Record<Extract<GateEvent, { type: 'alarm' }>['alarm'], 0>
const ADMITTED_BY = { attestation: 0, optional: 0, exemption: 0, audit: 0 } as const satisfies Record<AdmittedBy, 0>
const CODES: ReadonlySet<string> = new Set([
  ...Object.keys(REFUSALS),
  ...Object.keys(ERRORS),
  ...Object.keys(ADMITTED_BY),
])
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
/** More patterns than the server has. Should a path ever come instead of its pattern, it is not one series for each file. */
const MOST_ROUTES = 64

const REQUEST_SECONDS = [0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10, 60]
const VERIFICATION_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10]

/**
 * The metrics as a reader of events. Every label comes from a list of our own: no project, file or client ever becomes
 * one.
 */
export function createMetrics({ version }: { readonly version: string }): Metrics {
  const registry = new Registry()
  const bounded = createBounds()
  const tally = new RequestTally({ bounds: REQUEST_SECONDS, ...bounded })
  const counters = createCounters(registry, tally)
  const state = createState(registry, version)
  collectDefaultMetrics({ register: registry, prefix: PREFIX })

  function emit(event: GateEvent): void {
    switch (event.type) {
      case 'request':
        tally.count(event)
        return
      case 'verdict':
        counters.verdicts.inc({ outcome: event.outcome, code: bounded.code(event.code) })
        if (event.wouldRefuse !== undefined) counters.watched.inc({ code: bounded.code(event.wouldRefuse) })
        return
      case 'unknown':
        counters.unknown.inc({ code: bounded.code(event.code) })
        return
      case 'limited':
        counters.limited.inc({ limit: event.limit })
        return
      case 'journal-dropped':
        counters.journalDropped.inc(event.verdicts)
        return
      case 'alarm':
        counters.alarms.inc({ alarm: event.alarm })
        return
      case 'upstream':
        counters.upstream.inc({ what: event.what, status: bounded.status(event.status) })
        counters.upstreamSeconds.observe({ what: event.what }, event.ms / 1000)
        return
      case 'verification':
        counters.verificationSeconds.observe({ outcome: event.outcome }, event.ms / 1000)
        counters.verificationQueue.observe(event.queued)
        return
      case 'no-pep740-upstream':
        state.withoutPep740.set(1)
        return
      case 'policy':
        counters.policyLoads.inc({ outcome: event.action })
        state.policyCurrent.set(event.action === 'rejected' ? 0 : 1)
        state.policy.reset()
        state.policy.set({ digest: event.digest.slice(0, 12) }, 1)
        return
      case 'index-warning':
        return
      case 'forgotten':
        counters.forgotten.inc({ what: event.what })
        return
      case 'policy-warning':
        counters.policyWarnings.inc()
        return
      case 'trust':
        counters.trust.inc({ outcome: event.action })
        return
      case 'blob':
        counters.blobs.inc({ action: event.action })
        counters.blobBytes.inc({ action: event.action }, event.bytes)
        return
      case 'config-warning':
      case 'lifecycle':
        return
      default:
        event satisfies never
    }
  }

  return {
    emit,
    async render({ trust, blobBytes, journalBytes }) {
      state.blobBytes.set(blobBytes)
      state.journalBytes.set(journalBytes)
      state.trustFresh.set(trust.fresh ? 1 : 0)
      state.trust.reset()
      state.trust.set({ source: trust.source, digest: trust.digest?.slice(0, 12) ?? '' }, 1)
      state.trustAge.reset() // an age that nobody knows is no series: 0 would look fresh
      if (trust.ageMs !== undefined) state.trustAge.set({ source: trust.source }, trust.ageMs / 1000)
      const durations = tally.renderDurations(
        `${PREFIX}request_duration_seconds`,
        'From the request’s headers to the end of its answer',
      )
      return { contentType: registry.contentType, body: `${await registry.metrics()}\n${durations}` }
    },
  }
}

function createCounters(registry: Registry, tally: RequestTally) {
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name: `${PREFIX}${name}`, help, labelNames, registers })
  const histogram = <Label extends string>(name: string, help: string, buckets: number[], labelNames: Label[] = []) =>
    new Histogram<Label>({ name: `${PREFIX}${name}`, help, buckets, labelNames, registers })
  const forgotten = counter('forgotten_total', 'Facts that a person let go of', ['what'])
  const alarms = counter('alarms_total', 'Contradictions that somebody must look into', ['alarm'])
  new Counter({
    name: `${PREFIX}requests_total`,
    help: 'Answered requests by pattern of their path',
    labelNames: ['method', 'route', 'status'],
    registers,
    collect() {
      tally.collectRequests(this)
    },
  })
  new Counter({
    name: `${PREFIX}response_bytes_total`,
    help: 'Bytes of answers',
    labelNames: ['route'],
    registers,
    collect() {
      tally.collectBytes(this)
    },
  })
  const limited = counter('limited_total', 'Requests answered 503 and connections cut so that others are served', [
    'limit',
  ])
  for (const alarm of Object.keys(ALARMS)) alarms.inc({ alarm }, 0)
  for (const limit of Object.keys(LIMITS)) limited.inc({ limit }, 0)
  return {
    alarms,
    forgotten,
    limited,
    journalDropped: counter('journal_dropped_total', 'Verdicts that left the journal because it was full'),
    verdicts: counter('verdicts_total', 'Verdicts by refusal code, or by what an admission rests on', [
      'outcome',
      'code',
    ]),
    watched: counter('would_refuse_total', 'Files admitted in audit mode that would have been refused', ['code']),
    unknown: counter('unknown_total', 'Questions that could not be answered', ['code']),
    upstream: counter('upstream_requests_total', 'Requests to the upstream', ['what', 'status']),
    upstreamSeconds: histogram(
      'upstream_request_duration_seconds',
      'Until the headers of the upstream’s answer',
      REQUEST_SECONDS,
      ['what'],
    ),
    verificationSeconds: histogram(
      'verification_duration_seconds',
      'Verifying one provenance document, waiting included',
      VERIFICATION_SECONDS,
      ['outcome'],
    ),
    verificationQueue: histogram(
      'verification_queue_length',
      'How many verifications were waiting when one was asked for',
      [0, 1, 4, 16, 64, 256, 1000],
    ),
    policyLoads: counter('policy_loads_total', 'Loads of the policy', ['outcome']),
    policyWarnings: counter('policy_warnings_total', 'Doubtful places in loaded policies'),
    trust: counter('trust_root_events_total', 'What became of attempts to load and refresh the trust root', [
      'outcome',
    ]),
    blobs: counter('blobs_total', 'Files stored and evicted', ['action']),
    blobBytes: counter('blob_changed_bytes_total', 'Bytes stored and evicted', ['action']),
  }
}

function createState(registry: Registry, version: string) {
  const registers = [registry]
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `${PREFIX}${name}`, help, labelNames, registers })
  gauge('build_info', 'Version of the gate and of Node', ['version', 'node']).set({ version, node: process.version }, 1)
  return {
    blobBytes: gauge('blob_bytes', 'Bytes of stored files'),
    journalBytes: gauge('journal_bytes', 'Bytes of the journal, about'),
    policy: gauge('policy_info', 'Digest of the policy in force', ['digest']),
    policyCurrent: gauge('policy_current', '1 when what is on disk is in force, 0 after a rejected reload'),
    trust: gauge('trust_root_info', 'Source and digest of the trust root in force', ['source', 'digest']),
    trustFresh: gauge('trust_root_fresh', '1 when verdicts may rest on the trust root'),
    trustAge: gauge(
      'trust_root_age_seconds',
      'Since the last successful refresh; of a root that nobody refreshes, since it was made',
      ['source'],
    ),
    withoutPep740: gauge('upstream_without_pep740', '1 when the upstream seems to know no PEP 740'),
  }
}

function createBounds() {
  const routes = new Set<string>()
  return {
    route(route: string): string {
      if (routes.has(route)) return route
      if (routes.size >= MOST_ROUTES) return 'other'
      routes.add(route)
      return route
    },
    method: (method: string) => (METHODS.has(method) ? method : 'other'),
    status: (status: number | 'failed') =>
      status === 'failed' || (status >= 100 && status <= 599) ? String(status) : 'other',
    code: (code: string) => (CODES.has(code) ? code : 'other'),
  }
}

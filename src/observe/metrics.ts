import type { Registry } from 'prom-client'
import { ERRORS } from '../domain/base/errors.ts'
import { LIMITS } from '../domain/base/limits.ts'
import { REFUSALS } from '../domain/base/refusal.ts'
import type { AdmittedBy } from '../domain/decide/verdict.ts'
import type { QueueState } from '../ports/console/notices.ts'
import type { TrustStatus } from '../ports/trust.ts'
import type { Events, GateEvent } from './events.ts'
import { FAMILIES, METRIC_PREFIX, type MetricKey } from './metric-families.ts'
import { andIndex, RequestTally } from './request-tally.ts'
import { Distributions, label, sample, Tally } from './tally.ts'

/** What is not an event but a state, as it is when somebody asks. */
export interface MetricState {
  readonly trust: TrustStatus
  readonly blobBytes: number
  /** of the journal, about */
  readonly journalBytes: number
  /** gates that share the database and go by another policy or trust root; absent where none is shared */
  readonly gatesApart?: number | undefined
  /** what is not in the audit log yet, because that cannot be written; default: nothing */
  readonly unaudited?: number | undefined
  /** exemptions in force that end within so many days */
  readonly exemptionsEnding?: readonly { readonly days: number; readonly count: number }[] | undefined
  /** what webhooks were not told yet, as of `now` in ms since 1970; absent where there are none */
  readonly notices?: { readonly now: number; readonly hosts: readonly QueueState[] } | undefined
}

export interface Metrics extends Events {
  /** The Prometheus text format. */
  render(state: MetricState): Promise<{ readonly contentType: string; readonly body: string }>
}

const ALARMS = {
  'digest-changed': 0,
  'serial-backwards': 0,
  'integrity-mismatch': 0,
  'metadata-mismatch': 0,
  'publisher-object-mismatch': 0,
  'blob-corrupt': 0,
  'database-set-aside': 0,
  'clock-behind': 0,
  'gates-apart': 0,
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
const QUEUE_LENGTHS = [0, 1, 4, 16, 64, 256, 1000]

/** What has no labels, and is told from the start. */
const ALONE = ['']

/**
 * The metrics as a reader of events. Every label comes from a list of our own: no project, file or client ever becomes
 * one. What prom-client tells of the process it counts from the first time that somebody asks, when it is loaded.
 */
export function createMetrics({ version }: { readonly version: string }): Metrics {
  const bounded = createBounds()
  const requests = new RequestTally({ bounds: REQUEST_SECONDS, ...bounded })
  const counted = createCounts()
  let registry: Promise<Registry> | undefined
  return {
    emit: createCounting(requests, counted, bounded),
    async render(state) {
      registry ??= openProcessMetrics()
      const process = await registry
      const lines: Lines = { ...requests.lines(), ...counted.lines(), ...gauges(state, counted.state, version) }
      const told = Object.entries(FAMILIES).map(([key, { name, help, type }]) =>
        [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...(lines[key as MetricKey] ?? []), ''].join('\n'),
      )
      return { contentType: process.contentType, body: [await process.metrics(), ...told].join('\n') }
    },
  }
}

type Lines = Partial<Record<MetricKey, readonly string[]>>

/** What is counted of each event. */
function createCounting(
  requests: RequestTally,
  { counts, state }: Counted,
  bounded: ReturnType<typeof createBounds>,
): Events['emit'] {
  return event => {
    switch (event.type) {
      case 'request':
        requests.count(event)
        return
      case 'verdict':
        counts.verdicts.add(andIndex(`outcome="${event.outcome}",code="${bounded.code(event.code)}"`, event.index))
        if (event.wouldRefuse !== undefined)
          counts.watched.add(andIndex(`code="${bounded.code(event.wouldRefuse)}"`, event.index))
        return
      case 'unknown':
        counts.unknown.add(andIndex(`code="${bounded.code(event.code)}"`, event.index))
        return
      case 'limited':
        counts.limited.add(label('limit', event.limit))
        return
      case 'journal-dropped':
        counts.journalDropped.add('', event.verdicts)
        return
      case 'notice':
        if (event.action !== 'stopped')
          counts.notices.add(`${label('host', event.host)},${label('outcome', event.action)}`)
        return
      case 'alarm':
        counts.alarms.add(label('alarm', event.alarm))
        return
      case 'upstream':
        counts.upstream.add(`what="${event.what}",status="${bounded.status(event.status)}"`)
        counts.upstreamSeconds.add(`what="${event.what}"`, event.ms / 1000)
        return
      case 'verification':
        counts.verificationSeconds.add(`outcome="${event.outcome}"`, event.ms / 1000)
        counts.verificationQueue.add('', event.queued)
        return
      case 'no-pep740-upstream':
        state.withoutPep740 = 1
        return
      case 'policy':
        counts.policyLoads.add(`outcome="${event.action}"`)
        state.policyCurrent = event.action === 'rejected' ? 0 : 1
        state.policyDigest = event.digest
        return
      case 'index-warning':
        return
      case 'forgotten':
        counts.forgotten.add(label('what', event.what))
        return
      case 'policy-warning':
        counts.policyWarnings.add('')
        return
      case 'trust':
        counts.trustEvents.add(`outcome="${event.action}"`)
        return
      case 'blob':
        counts.blobs.add(`action="${event.action}"`)
        counts.blobChanged.add(`action="${event.action}"`, event.bytes)
        return
      case 'config-warning':
      case 'lifecycle':
        return
      default:
        event satisfies never
    }
  }
}

interface CountedState {
  withoutPep740: number
  policyCurrent: number
  policyDigest: string | undefined
}

function gauges(
  { trust, blobBytes, journalBytes, gatesApart = 0, unaudited = 0, exemptionsEnding = [], notices }: MetricState,
  counted: CountedState,
  version: string,
): Lines {
  const { withoutPep740, policyCurrent, policyDigest: digest } = counted
  const alone = (key: MetricKey, value: number) => [sample(FAMILIES[key].name, '', value)]
  const one = (key: MetricKey, ...labels: readonly string[]) => [sample(FAMILIES[key].name, labels.join(','), 1)]
  const source = label('source', trust.source)
  return {
    blobBytes: alone('blobBytes', blobBytes),
    journalBytes: alone('journalBytes', journalBytes),
    gatesApart: alone('gatesApart', gatesApart),
    auditWaiting: alone('auditWaiting', unaudited),
    exemptionsEnding: exemptionsEnding.map(({ days, count }) =>
      sample(FAMILIES.exemptionsEnding.name, label('days', `${days}`), count),
    ),
    ...(notices === undefined ? {} : noticeGauges(notices)),
    build: one('build', label('version', version), label('node', process.version)),
    policyCurrent: alone('policyCurrent', policyCurrent),
    policy: digest === undefined ? [] : one('policy', label('digest', digest.slice(0, 12))),
    withoutPep740: alone('withoutPep740', withoutPep740),
    trustFresh: alone('trustFresh', trust.fresh ? 1 : 0),
    trust: one('trust', source, label('digest', trust.digest?.slice(0, 12) ?? '')),
    // an age that nobody knows is no series: 0 would look fresh
    trustAge: trust.ageMs === undefined ? [] : [sample(FAMILIES.trustAge.name, source, trust.ageMs / 1000)],
  }
}

function noticeGauges({ now, hosts }: NonNullable<MetricState['notices']>): Lines {
  const { noticesKept, noticesAge } = FAMILIES
  return {
    noticesKept: hosts.flatMap(({ host, waiting, dead }) =>
      Object.entries({ waiting, dead }).map(([state, count]) =>
        sample(noticesKept.name, `${label('host', host)},${label('state', state)}`, count),
      ),
    ),
    noticesAge: hosts.map(({ host, oldest }) =>
      sample(noticesAge.name, label('host', host), oldest === undefined ? 0 : Math.max(0, now - oldest) / 1000),
    ),
  }
}

/** Memory, processor, event loop and collections of this process. */
async function openProcessMetrics(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client')
  const register = new Registry()
  collectDefaultMetrics({ register, prefix: METRIC_PREFIX })
  return register
}

type Counted = ReturnType<typeof createCounts>

function createCounts() {
  const counts = {
    alarms: new Tally(Object.keys(ALARMS).map(alarm => label('alarm', alarm))),
    forgotten: new Tally(),
    limited: new Tally(Object.keys(LIMITS).map(limit => label('limit', limit))),
    journalDropped: new Tally(ALONE),
    notices: new Tally(),
    verdicts: new Tally(),
    watched: new Tally(),
    unknown: new Tally(),
    upstream: new Tally(),
    upstreamSeconds: new Distributions(REQUEST_SECONDS),
    verificationSeconds: new Distributions(VERIFICATION_SECONDS),
    verificationQueue: new Distributions(QUEUE_LENGTHS, ALONE),
    policyLoads: new Tally(),
    policyWarnings: new Tally(ALONE),
    trustEvents: new Tally(),
    blobs: new Tally(),
    blobChanged: new Tally(),
  } as const satisfies Partial<Record<MetricKey, Tally | Distributions>>
  const state: CountedState = { withoutPep740: 0, policyCurrent: 0, policyDigest: undefined }
  const entries = Object.entries(counts) as [keyof typeof counts, Tally | Distributions][]
  const lines = (): Lines => Object.fromEntries(entries.map(([key, its]) => [key, its.lines(FAMILIES[key].name)]))
  return { counts, state, lines }
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

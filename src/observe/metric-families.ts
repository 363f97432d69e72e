/** One metric, as its reference tells it. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

export const METRIC_PREFIX = 'portcullis_'

/** Every metric of the gate's own; what prom-client tells of the process comes besides. */
export const FAMILIES = {
  accelBytes: counter(
    'accel_bytes_total',
    'Bytes of stored files that the front was told to send itself (`files.accel`)',
    ['route', 'index'],
  ),
  alarms: counter('alarms_total', 'Contradictions that somebody must look into', ['alarm']),
  blobBytes: gauge('blob_bytes', 'Bytes of stored files'),
  blobChanged: counter(
    'blob_changed_bytes_total',
    'Bytes stored, evicted, lost before the disk had them, uploaded to the bucket, and fetched from there',
    ['action'],
  ),
  blobs: counter(
    'blobs_total',
    'Files stored, evicted, lost before the disk had them, uploaded to the bucket, and fetched from there',
    ['action'],
  ),
  build: gauge('build_info', 'Version of the gate and of Node', ['version', 'node']),
  forgotten: counter('forgotten_total', 'Facts that a person let go of', ['what']),
  gatesApart: gauge(
    'gates_apart',
    'Gates that share the database and go by another policy or trust root than this one',
  ),
  journalBytes: gauge('journal_bytes', 'Bytes of the journal, about'),
  journalDropped: counter('journal_dropped_total', 'Verdicts that left the journal because it was full'),
  limited: counter('limited_total', 'Requests answered 503 and connections cut so that others are served', ['limit']),
  notices: counter(
    'notices_total',
    'Notices to webhooks: sent, failed attempts, given up (dead), and dropped for want of room',
    ['host', 'outcome'],
  ),
  noticesKept: gauge('notices', 'Notices that wait to be sent, and those that were given up and can be sent again', [
    'host',
    'state',
  ]),
  noticesAge: gauge('notices_oldest_seconds', 'Since the notice came in that has waited longest', ['host']),
  policyCurrent: gauge('policy_current', '1 when what is on disk is in force, 0 after a rejected reload'),
  policy: gauge('policy_info', 'Digest of the policy in force', ['digest']),
  policyLoads: counter('policy_loads_total', 'Loads of the policy', ['outcome']),
  policyWarnings: counter('policy_warnings_total', 'Doubtful places in loaded policies'),
  requestSeconds: histogram('request_duration_seconds', 'From the request’s headers to the end of its answer', [
    'route',
    'index',
  ]),
  requests: counter('requests_total', 'Answered requests by pattern of their path', [
    'method',
    'route',
    'status',
    'index',
  ]),
  responseBytes: counter('response_bytes_total', 'Bytes of answers, without those that a front sent itself', [
    'route',
    'index',
  ]),
  trustAge: gauge(
    'trust_root_age_seconds',
    'Since the last successful refresh; a root that nobody refreshes has no age that is known, and no series',
    ['source'],
  ),
  trustEvents: counter('trust_root_events_total', 'What became of attempts to load and refresh the trust root', [
    'outcome',
  ]),
  trustFresh: gauge('trust_root_fresh', '1 when verdicts may rest on the trust root'),
  trust: gauge('trust_root_info', 'Source and digest of the trust root in force', ['source', 'digest']),
  unknown: counter('unknown_total', 'Questions that could not be answered', ['code', 'index']),
  upstreamSeconds: histogram('upstream_request_duration_seconds', 'Until the headers of the upstream’s answer', [
    'what',
  ]),
  upstream: counter('upstream_requests_total', 'Requests to the upstream', ['what', 'status']),
  withoutPep740: gauge('upstream_without_pep740', '1 when the upstream seems to know no PEP 740'),
  verdicts: counter('verdicts_total', 'Verdicts by refusal code, or by what an admission rests on', [
    'outcome',
    'code',
    'index',
  ]),
  verificationSeconds: histogram(
    'verification_duration_seconds',
    'Verifying one provenance document, waiting included',
    ['outcome'],
  ),
  verificationQueue: histogram(
    'verification_queue_length',
    'How many verifications were waiting when one was asked for',
  ),
  watched: counter('would_refuse_total', 'Files admitted in audit mode that would have been refused', [
    'code',
    'index',
  ]),
} as const satisfies Record<string, MetricFamily>

export type MetricKey = keyof typeof FAMILIES

function counter(name: string, help: string, labels: readonly string[] = []): MetricFamily {
  return { name: `${METRIC_PREFIX}${name}`, type: 'counter', help, labels }
}

function gauge(name: string, help: string, labels: readonly string[] = []): MetricFamily {
  return { name: `${METRIC_PREFIX}${name}`, type: 'gauge', help, labels }
}

function histogram(name: string, help: string, labels: readonly string[] = []): MetricFamily {
  return { name: `${METRIC_PREFIX}${name}`, type: 'histogram', help, labels }
}

/** All of them by name. */
export function metricFamilies(): readonly MetricFamily[] {
  return Object.values(FAMILIES).sort((a, b) => (a.name < b.name ? -1 : 1))
}

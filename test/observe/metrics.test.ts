// guards: src/observe/request-tally.ts src/observe/tally.ts src/observe/metric-families.ts
import t from 'tap'
import { ERRORS } from '../../src/domain/base/errors.ts'
import { instant, millis } from '../../src/domain/base/instant.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import { createMetrics, type MetricState } from '../../src/observe/metrics.ts'
import { ALL, alarm, policy, request, unknown, verdict } from './every-event.ts'

const TRUSTED: MetricState = {
  trust: {
    source: 'tuf',
    digest: 'a'.repeat(64),
    refreshed: instant(1_000),
    ageMs: millis(60_000),
    fresh: true,
    detail: '',
  },
  blobBytes: 5,
  journalBytes: 6,
}

async function scrape(events: readonly GateEvent[], state: MetricState = TRUSTED): Promise<string> {
  const metrics = createMetrics({ version: '1.2.3' })
  for (const event of events) metrics.emit(event)
  return (await metrics.render(state)).body
}

t.test('what webhooks are told is counted by host, never by the address', async t => {
  const notice = (action: 'sent' | 'dead' | 'dropped' | 'stopped'): GateEvent => ({
    type: 'notice',
    action,
    host: 'hooks.example',
    notice: 'refused',
    detail: 'msg_1',
  })
  const events = [notice('sent'), notice('sent'), notice('dead'), notice('dropped'), notice('stopped')]
  const hosts = [{ host: 'hooks.example', waiting: 3, dead: 1, oldest: instant(10_000) }]
  const body = await scrape(events, { ...TRUSTED, notices: { now: 70_000, hosts } })
  for (const sample of [
    'notices_total{host="hooks.example",outcome="sent"} 2',
    'notices_total{host="hooks.example",outcome="dead"} 1',
    'notices_total{host="hooks.example",outcome="dropped"} 1',
    'notices{host="hooks.example",state="waiting"} 3',
    'notices{host="hooks.example",state="dead"} 1',
    'notices_oldest_seconds{host="hooks.example"} 60',
  ])
    t.match(body, `\nportcullis_${sample}\n`)
  t.notMatch(body, 'stopped')
  t.notMatch(await scrape([]), /^portcullis_notices/m, 'nothing where nobody is told')
})

t.test('metrics count what happened, in base units and by catalogue', async t => {
  const body = await scrape([
    request(),
    request({ status: 304, ms: 2_000 }),
    request({ route: 'file', bytes: 0, accel: 7_000 }),
    request({ route: 'file', bytes: 0, accel: 500 }),
    verdict(),
    verdict({ outcome: 'admitted', code: 'attestation' }),
    unknown(),
    alarm('x'),
    { type: 'upstream', what: 'file', status: 'failed', ms: 500 },
    { type: 'verification', outcome: 'attested', ms: 5, queued: 3 },
    policy('loaded'),
    policy('reloaded', 'd2'.repeat(32)),
    { type: 'trust', action: 'failed', digest: undefined, detail: '' },
    { type: 'blob', action: 'evicted', bytes: 7, total: 10 },
  ])
  for (const sample of [
    'requests_total{method="GET",route="page",status="304"} 1',
    'request_duration_seconds_bucket{le="0.0025",route="page"} 1',
    'request_duration_seconds_count{route="page"} 2',
    'response_bytes_total{route="page"} 120000',
    'accel_bytes_total{route="file"} 7500',
    'response_bytes_total{route="file"} 0',
    'verdicts_total{outcome="refused",code="unattested",index="main"} 1',
    'verdicts_total{outcome="admitted",code="attestation",index="main"} 1',
    'unknown_total{code="unknown-upstream"} 1',
    'alarms_total{alarm="digest-changed"} 1',
    'alarms_total{alarm="clock-behind"} 0',
    'upstream_requests_total{what="file",status="failed"} 1',
    'upstream_request_duration_seconds_sum{what="file"} 0.5',
    'verification_duration_seconds_sum{outcome="attested"} 0.005',
    'verification_queue_length_sum 3',
    'policy_loads_total{outcome="reloaded"} 1',
    'policy_info{digest="d2d2d2d2d2d2"} 1',
    'policy_current 1',
    'trust_root_events_total{outcome="failed"} 1',
    'trust_root_age_seconds{source="tuf"} 60',
    'trust_root_fresh 1',
    'blobs_total{action="evicted"} 1',
    'blob_changed_bytes_total{action="evicted"} 7',
    'blob_bytes 5',
    'upstream_without_pep740 0',
    `build_info{version="1.2.3",node="${process.version}"} 1`,
  ])
    t.match(body, `\nportcullis_${sample}\n`, sample)
  t.notMatch(body, 'd1d1', 'the policy that was in force before is no series any more')
  t.match(body, /\nportcullis_process_resident_memory_bytes \d/)
})

t.test('a rejected reload shows until a good one', async t => {
  t.match(await scrape([policy('loaded'), policy('rejected')]), '\nportcullis_policy_current 0\n')
  t.match(await scrape([policy('loaded'), policy('rejected'), policy('reloaded')]), '\nportcullis_policy_current 1\n')
})

t.test('a trust root that never was refreshed has no age, which 0 would be', async t => {
  const never = {
    ...TRUSTED,
    trust: { ...TRUSTED.trust, refreshed: undefined, ageMs: undefined, digest: undefined, fresh: false },
  }
  const body = await scrape([], never)
  t.notMatch(body, /\nportcullis_trust_root_age_seconds[^\n]* \d/)
  t.match(body, '\nportcullis_trust_root_fresh 0\n')
})

t.test('no project, file or client becomes a label, and labels are bounded', async t => {
  const body = await scrape([
    request({ url: '/simple/evil-project/', client: 'evil-client' }),
    verdict({ project: 'evil-project', filename: 'evil-file', client: 'evil-client', rule: 'evil-rule' }),
    ...Array.from({ length: 500 }, (_, index) =>
      request({ route: `/evil-route-${index}`, method: `EVIL${index}`, status: 700 + index }),
    ),
    ...Array.from({ length: 500 }, (_, index) => verdict({ code: `evil-code-${index}` })),
    ...Array.from({ length: 500 }, (_, index) => unknown({ code: `evil-code-${index}` })),
    ...Object.keys(ERRORS).map(code => unknown({ code })),
  ])
  t.notMatch(body, /evil-(?:project|file|client|rule|code)|EVIL/)
  t.ok((body.match(/evil-route/g) ?? []).length <= 64 * 15, 'routes stop at 64')
  t.match(body, 'portcullis_requests_total{method="other",route="other",status="other"}')
  t.match(body, 'portcullis_unknown_total{code="other"} 500')
  for (const code of Object.keys(ERRORS)) t.match(body, `portcullis_unknown_total{code="${code}"} 1`)
})

t.test('every event is heard by the metrics without a complaint', async t => {
  t.match(await scrape(ALL), '# TYPE portcullis_requests_total counter')
})

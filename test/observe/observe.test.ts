import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ERRORS } from '../../src/domain/base/errors.ts'
import { instant, millis } from '../../src/domain/base/instant.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import { fanOut } from '../../src/observe/fan-out.ts'
import { createLog, type LogOptions } from '../../src/observe/log.ts'
import { logLine } from '../../src/observe/log-line.ts'
import { createMetrics, type MetricState } from '../../src/observe/metrics.ts'

const SECRET = 'hunter2-hunter2'
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
}

const request = (changes: Partial<Extract<GateEvent, { type: 'request' }>> = {}): GateEvent => ({
  type: 'request',
  method: 'GET',
  route: 'page',
  url: '/simple/demo/',
  status: 200,
  ms: 1.23456,
  bytes: 60_000,
  client: '10.0.0.1',
  ...changes,
})

const verdict = (changes: Partial<Extract<GateEvent, { type: 'verdict' }>> = {}): GateEvent => ({
  type: 'verdict',
  outcome: 'refused',
  code: 'unattested',
  project: 'demo',
  filename: 'demo-1.0-py3-none-any.whl',
  sha256: 'ab',
  rule: 'projects[0] demo',
  identity: undefined,
  client: '10.0.0.1',
  ms: 3.2,
  explain: 'http://gate/x/abc',
  wouldRefuse: undefined,
  ...changes,
})

const unknown = (changes: Partial<Extract<GateEvent, { type: 'unknown' }>> = {}): GateEvent => ({
  type: 'unknown',
  code: 'unknown-upstream',
  detail: 'the index answered 500',
  route: 'page',
  untrusted: undefined,
  cause: undefined,
  id: '',
  ...changes,
})

const policy = (action: 'loaded' | 'reloaded' | 'rejected', digest = 'd1'.repeat(32)): GateEvent => ({
  type: 'policy',
  action,
  digest,
  before: undefined,
  files: ['/etc/p.yaml'],
  diagnostics: action === 'rejected' ? ['p.yaml:1:1 a', 'p.yaml:2:1 b'] : [],
})

const alarm = (untrusted: unknown): GateEvent => ({ type: 'alarm', alarm: 'digest-changed', detail: 'd', untrusted })

/** One of every kind. */
const ALL: readonly GateEvent[] = [
  request(),
  verdict(),
  unknown(),
  alarm('x'),
  { type: 'upstream', what: 'page', status: 200, ms: 5 },
  { type: 'verification', outcome: 'attested', ms: 5, queued: 0 },
  { type: 'index-warning', project: 'p', detail: 'd', untrusted: undefined },
  { type: 'no-pep740-upstream', detail: 'd' },
  policy('loaded'),
  { type: 'policy-warning', detail: 'p.yaml:1:1 w' },
  { type: 'trust', action: 'refreshed', digest: 'a', detail: 'd' },
  { type: 'blob', action: 'stored', bytes: 5, total: 10 },
  { type: 'lifecycle', action: 'listening', detail: 'http://127.0.0.1:1' },
]

function written(events: readonly GateEvent[], options: Partial<LogOptions> = {}): string {
  let text = ''
  const log = createLog({
    level: 'debug',
    format: 'json',
    destination: {
      write(line) {
        text += line
      },
    },
    ...options,
  })
  for (const event of events) log.emit(event)
  log.flush()
  return text
}

function lines(events: readonly GateEvent[], options: Partial<LogOptions> = {}): readonly Record<string, unknown>[] {
  return written(events, options)
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}

t.test('every event is one line of the log, with a level, a time and a constant message', t => {
  const told = lines(ALL)
  t.equal(told.length, ALL.length)
  for (const line of told) t.match(line, { level: /^(debug|info|warn|error)$/, time: /^\d{4}-.*Z$/, msg: /^[A-Za-z]/ })
  const again = lines(ALL.map(event => ('detail' in event ? { ...event, detail: 'another' } : event)))
  t.strictSame(
    again.map(({ msg }) => msg),
    told.map(({ msg }) => msg),
  )
  t.end()
})

t.test('the lines of every request say what the general way would say, whatever is in them', t => {
  const texts = [
    'plain',
    'a"quote\\',
    'line\nbreak \u0000\u001b[2J',
    'https://user:hunter2@host/x?token=hunter2',
    'ünïcode \u202e \ud800 \u2028',
    'x'.repeat(5_000),
    '',
  ]
  const events = texts.flatMap((text): readonly GateEvent[] => [
    request({ method: text, route: text, url: text, client: text }),
    request({ url: text, status: 404, ms: 0.0004, bytes: 0 }),
    request({ ms: Number.NaN }),
    request({ route: 'readyz', status: 200 }),
    verdict({ code: text, project: text, filename: text, client: text, rule: text, explain: text, sha256: text }),
    verdict({ outcome: 'admitted', identity: text, rule: undefined, explain: undefined, sha256: undefined }),
  ])
  const told = written([...events, ...events])
  const expected = [...events, ...events].map(event => {
    const { level, message, fields } = logLine(event)
    return `${JSON.stringify({ level, time: '', ...fields, msg: message })}\n`
  })
  t.equal(told.replace(/"time":"[^"]*"/g, '"time":""'), expected.join(''))
  t.end()
})

t.test('a verdict says what was decided, by which rule, for whom and where it is explained', t => {
  t.match(lines([verdict()]), [
    {
      level: 'info',
      msg: 'refused',
      code: 'unattested',
      project: 'demo',
      rule: 'projects[0] demo',
      client: '10.0.0.1',
      explain: 'http://gate/x/abc',
      untrusted: { filename: 'demo-1.0-py3-none-any.whl' },
    },
  ])
  t.match(lines([verdict({ outcome: 'admitted', code: 'attestation', identity: 'https://github.com/a/b' })]), [
    { msg: 'admitted', untrusted: { identity: 'https://github.com/a/b' } },
  ])
  t.end()
})

t.test('the access log is on by default, and probes are in it only while they fail', t => {
  const info = lines(
    [
      request(),
      request({ route: 'healthz' }),
      request({ route: 'metrics' }),
      request({ route: 'readyz', status: 503 }),
    ],
    { level: 'info' },
  )
  t.match(info, [
    { msg: 'request', route: 'page', status: 200, ms: 1.235, untrusted: { url: '/simple/demo/' } },
    { route: 'readyz', status: 503 },
  ])
  t.equal(info.length, 2)
  t.end()
})

t.test('at `warn` only what needs somebody is written', t => {
  const told = lines([...ALL, policy('rejected')], { level: 'warn' })
  t.strictSame(
    told.map(({ level }) => level),
    ['warn', 'error', 'warn', 'warn', 'error'],
  )
  t.end()
})

t.test('an alarm is an error with its name', t => {
  t.match(lines([alarm('x')]), [{ level: 'error', msg: 'ALARM', alarm: 'digest-changed', untrusted: 'x' }])
  t.end()
})

t.test('a rejected policy is an error that holds every diagnostic and says what is in force', t => {
  t.match(lines([policy('rejected')]), [
    {
      level: 'error',
      msg: /last good one stays/,
      digest: 'd1'.repeat(32),
      diagnostics: ['p.yaml:1:1 a', 'p.yaml:2:1 b'],
    },
  ])
  t.end()
})

t.test('a stale trust root is an error, a failed refresh a warning', t => {
  const trust = (action: 'failed' | 'stale'): GateEvent => ({ type: 'trust', action, digest: undefined, detail: 'd' })
  t.match(lines([trust('failed'), trust('stale')]), [{ level: 'warn' }, { level: 'error' }])
  t.end()
})

t.test('a defect is an error with its causes and its place; what an upstream does is a warning', t => {
  const cause = new Error('outer', { cause: new TypeError('inner') })
  const [bug, upstream, client] = lines([
    unknown({ code: 'unknown-bug', cause, id: 'id-1' }),
    unknown({ cause }),
    unknown({ code: 'not-found' }),
  ])
  t.match(bug, { level: 'error', id: 'id-1', untrusted: { cause: ['Error: outer', 'TypeError: inner'] } })
  t.match(bug?.['stack'], [/^at .*observe\.test\.ts/])
  t.match(upstream, { level: 'warn', msg: 'cannot tell' })
  t.notOk(Object.hasOwn(upstream ?? {}, 'stack'))
  t.match(client, { level: 'debug' })
  t.end()
})

t.test('whatever somebody else wrote stands under `untrusted` alone', t => {
  const EVIL = 'evil-text'
  const told = lines([
    request({ url: `/simple/${EVIL}/` }),
    verdict({ filename: EVIL, identity: EVIL }),
    unknown({ untrusted: { deep: { text: EVIL } }, cause: new Error(EVIL) }),
    unknown({ code: 'unknown-bug', cause: new Error(EVIL) }),
    alarm({ names: [EVIL] }),
  ])
  for (const { untrusted, ...rest } of told) {
    t.match(JSON.stringify(untrusted), EVIL)
    t.notMatch(JSON.stringify(rest), EVIL)
  }
  t.end()
})

t.test('secrets are taken out of what is written', t => {
  const texts = [
    `https://user:${SECRET}@host/path`,
    `http://${SECRET}@host/`,
    `//a:b@c:${SECRET}@host/`,
    `Authorization: Bearer ${SECRET}`,
    `"authorization":"Basic ${SECRET}"`,
    `proxy-authorization=Basic ${SECRET}`,
    `bearer ${SECRET}`,
    `Cookie: a=${SECRET}; b=c`,
    `/simple/demo/?token=${SECRET}&x=y`,
    `password: ${SECRET}`,
    `pypi-${SECRET}${SECRET}`,
  ]
  for (const text of texts)
    for (const format of ['json', 'text'] as const) {
      const told = written(
        [
          request({ url: text }),
          verdict({ filename: text }),
          unknown({ untrusted: { [text]: [text] }, cause: new Error(text, { cause: new Error(text) }) }),
          alarm(text),
        ],
        { format },
      )
      t.notMatch(told, SECRET, `${format}: ${text}`)
    }
  const byName = written([alarm({ authorization: SECRET, deep: { api_token: SECRET, 'set-cookie': SECRET } })])
  t.notMatch(byName, SECRET)
  t.match(
    lines([request({ url: '/simple/a/?x=1' })]),
    [{ untrusted: { url: '/simple/a/?x=1' } }],
    'and nothing else is',
  )
  t.end()
})

t.test('no text makes a second line, moves a cursor or turns the direction of writing', t => {
  const text = 'a\r\nb\u001b[31mc\u009b2Jd\u202ee\u2028f\u0000g\u2066h\ufeffi'
  const events = [
    request({ url: text, client: text }),
    verdict({ filename: text, identity: text, client: text }),
    unknown({ untrusted: text, cause: new Error(text), detail: text }),
    alarm({ [text]: text }),
  ]
  for (const format of ['json', 'text'] as const) {
    const told = written(events, { format, colours: 'plain' })
    t.notMatch(told.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u, format)
  }
  t.notMatch(written(events, { format: 'text', colours: 'plain' }), /[^\x20-\x7e\n]/)
  t.equal(written(events).split('\n').length, events.length + 1)
  const told = written(events, { format: 'text', colours: 'plain' }).split('\n')
  t.equal(told.filter(line => /^\d\d:\d\d:\d\d/.test(line)).length, events.length, 'a line of its own for each event')
  t.ok(
    told.every(line => line === '' || /^(\d\d:\d\d| {2})/.test(line)),
    'and what else there is, is indented',
  )
  t.end()
})

t.test('what is foreign is bounded in length and depth', t => {
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  const told = written([
    request({ url: `/${'a'.repeat(100_000)}` }),
    alarm('b'.repeat(100_000)),
    alarm(Array.from({ length: 10_000 }, (_, index) => index)),
    alarm(cyclic),
    alarm(Buffer.alloc(100_000)),
    alarm(10n ** 20n),
  ])
  t.ok(told.length < 10_000, `${told.length} characters`)
  t.end()
})

t.test('the format for people is one compact line, coloured only when asked', t => {
  const plain = written([verdict()], { format: 'text', colours: 'plain' })
  t.match(plain, /^\d\d:\d\d:\d\d\.\d{3} info {2}refused code=unattested project=demo .*rule="projects\[0\] demo"/)
  t.match(written([policy('rejected')], { format: 'text' }), /\n {4}p\.yaml:1:1 a\n {4}p\.yaml:2:1 b\n$/)
  t.notMatch(written(ALL, { format: 'text' }), '\u001b', 'a destination that is no terminal')
  t.match(written([verdict()], { format: 'text', colours: 'colours' }), '\u001b[32minfo')
  t.end()
})

t.test('lines are gathered, and all of them are on disk after a flush', t => {
  const path = join(t.testdir({}), 'log')
  const file = openSync(path, 'w')
  t.teardown(() => closeSync(file))
  const log = createLog({ level: 'info', format: 'json', destination: file })
  log.emit(request())
  t.equal(readFileSync(path, 'utf8'), '', 'a request does not cost a write')
  for (let count = 1; count < 500; count += 1) log.emit(request())
  log.flush()
  t.equal(readFileSync(path, 'utf8').split('\n').length, 501)
  t.end()
})

t.test('every reader hears every event, though another one throws', t => {
  const heard: string[] = []
  const warnings: string[] = []
  const listener = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', listener)
  const events = fanOut(
    { emit: event => void heard.push(`first ${event.type}`) },
    {
      emit() {
        throw new Error('broken reader')
      },
    },
    { emit: event => void heard.push(`last ${event.type}`) },
  )
  events.emit(request())
  events.emit(verdict())
  t.strictSame(heard, ['first request', 'last request', 'first verdict', 'last verdict'])
  setImmediate(() => {
    process.off('warning', listener)
    t.strictSame(warnings, ['a reader of events failed: broken reader'], 'told once')
    t.end()
  })
})

async function scrape(events: readonly GateEvent[], state: MetricState = TRUSTED): Promise<string> {
  const metrics = createMetrics({ version: '1.2.3' })
  for (const event of events) metrics.emit(event)
  return (await metrics.render(state)).body
}

t.test('metrics count what happened, in base units and by catalogue', async t => {
  const body = await scrape([
    request(),
    request({ status: 304, ms: 2_000 }),
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
    'verdicts_total{outcome="refused",code="unattested"} 1',
    'verdicts_total{outcome="admitted",code="attestation"} 1',
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

import type { GateEvent } from '../../src/observe/events.ts'
import { createLog, type LogOptions } from '../../src/observe/log.ts'

export const request = (changes: Partial<Extract<GateEvent, { type: 'request' }>> = {}): GateEvent => ({
  type: 'request',
  method: 'GET',
  route: 'page',
  url: '/simple/demo/',
  status: 200,
  ms: 1.23456,
  bytes: 60_000,
  accel: 0,
  client: '10.0.0.1',
  subject: 'token:ci',
  ...changes,
})

export const verdict = (changes: Partial<Extract<GateEvent, { type: 'verdict' }>> = {}): GateEvent => ({
  type: 'verdict',
  outcome: 'refused',
  code: 'unattested',
  project: 'demo',
  filename: 'demo-1.0-py3-none-any.whl',
  sha256: 'ab',
  rule: 'projects[0] demo',
  identity: undefined,
  client: '10.0.0.1',
  subject: 'token:ci',
  index: 'main',
  ms: 3.2,
  explain: 'http://gate/x/abc',
  wouldRefuse: undefined,
  ...changes,
})

export const unknown = (changes: Partial<Extract<GateEvent, { type: 'unknown' }>> = {}): GateEvent => ({
  type: 'unknown',
  code: 'unknown-upstream',
  detail: 'the index answered 500',
  route: 'page',
  untrusted: undefined,
  cause: undefined,
  id: '',
  ...changes,
})

export const policy = (action: 'loaded' | 'reloaded' | 'rejected', digest = 'd1'.repeat(32)): GateEvent => ({
  type: 'policy',
  action,
  digest,
  before: undefined,
  files: ['/etc/p.yaml'],
  diagnostics: action === 'rejected' ? ['p.yaml:1:1 a', 'p.yaml:2:1 b'] : [],
})

export const alarm = (untrusted: unknown): GateEvent => ({
  type: 'alarm',
  alarm: 'digest-changed',
  detail: 'd',
  untrusted,
})

/** One of every kind. */
export const ALL: readonly GateEvent[] = [
  request(),
  verdict(),
  unknown(),
  { type: 'limited', limit: 'reader-rate', subject: 'anonymous', address: '10.0.0.1' },
  { type: 'journal-dropped', verdicts: 5, until: 1_000 },
  alarm('x'),
  { type: 'upstream', what: 'page', status: 200, ms: 5 },
  { type: 'verification', outcome: 'attested', ms: 5, queued: 0 },
  { type: 'index-warning', project: 'p', detail: 'd', untrusted: undefined },
  { type: 'forgotten', what: 'digest', project: 'p', filename: undefined, reason: 'r' },
  { type: 'no-pep740-upstream', detail: 'd' },
  policy('loaded'),
  { type: 'policy-warning', detail: 'p.yaml:1:1 w' },
  { type: 'config-warning', detail: 'listen' },
  { type: 'trust', action: 'refreshed', digest: 'a', detail: 'd' },
  { type: 'blob', action: 'stored', bytes: 5, total: 10 },
  { type: 'lifecycle', action: 'listening', detail: 'http://127.0.0.1:1' },
  {
    type: 'notice',
    action: 'sent',
    host: 'hooks.example',
    notice: 'refused',
    detail: 'msg_1, attempt 1',
  },
]

export function written(events: readonly GateEvent[], options: Partial<LogOptions> = {}): string {
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

export function lines(
  events: readonly GateEvent[],
  options: Partial<LogOptions> = {},
): readonly Record<string, unknown>[] {
  return written(events, options)
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}

import t from 'tap'
import type { GateEvent } from '../../src/observe/events.ts'
import { logLine } from '../../src/observe/log-line.ts'
import { ALL, alarm, lines, policy, request, unknown, verdict, written } from './every-event.ts'

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
    request({ bytes: 0, accel: 104_857 }),
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

t.test('a request says what it left to the front, and nothing of a front where it left nothing', t => {
  const [left, sent] = lines([request({ bytes: 0, accel: 104_857 }), request({ bytes: 104_857 })])
  t.match(left, { bytes: 0, accel: 104_857 })
  t.match(sent, { bytes: 104_857 })
  t.notOk('accel' in (sent ?? {}))
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
  t.match(bug?.['stack'], [/^at .*log-line\.test\.ts/])
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

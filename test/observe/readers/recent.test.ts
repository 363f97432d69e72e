import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { createRecent } from '../../../src/observe/readers/recent.ts'

const HOUR = 3_600_000

function scene() {
  const time = { now: instant(Date.UTC(2027, 0, 1)) }
  const recent = createRecent(() => time.now)
  const unknown = (code: string): GateEvent => ({
    type: 'unknown',
    code,
    detail: code,
    route: '',
    untrusted: '',
    cause: undefined,
    id: '1',
  })
  return { time, recent, unknown }
}

t.test('alarms are kept, the latest first and not without end', async t => {
  const { recent, time } = scene()
  for (let at = 0; at < 60; at += 1) {
    time.now = instant(time.now + 1)
    recent.emit({ type: 'alarm', alarm: 'digest-changed', detail: `${at} ${'x'.repeat(900)}`, untrusted: '' })
  }
  t.equal(recent.alarms().length, 50)
  t.match(recent.alarms()[0], { at: time.now, detail: /^59 / })
  t.ok((recent.alarms()[0]?.detail.length ?? 0) <= 501, 'and the mark of where it was cut')
})

t.test('what could not be told is counted by code, and forgotten after a day', async t => {
  const { recent, time, unknown } = scene()
  recent.emit(unknown('unknown-upstream'))
  time.now = instant(time.now + 2 * HOUR)
  recent.emit(unknown('unknown-upstream'))
  recent.emit(unknown('unknown-store'))
  t.match(recent.unknowns(), [
    { code: 'unknown-upstream', times: 2, last: time.now },
    { code: 'unknown-store', times: 1 },
  ])
  time.now = instant(time.now + 23 * HOUR)
  t.match(recent.unknowns(), [
    { code: 'unknown-upstream', times: 1 },
    { code: 'unknown-store', times: 1 },
  ])
  time.now = instant(time.now + 25 * HOUR)
  t.strictSame(recent.unknowns(), [])
})

t.test('a policy is in force from when it was loaded, and one that was rejected never', async t => {
  const { recent, time } = scene()
  const policy = (action: 'loaded' | 'reloaded' | 'rejected', digest: string): void =>
    recent.emit({ type: 'policy', action, digest, before: undefined, files: [], diagnostics: [] })
  policy('loaded', 'a')
  const loaded = time.now
  time.now = instant(time.now + HOUR)
  policy('rejected', 'a')
  t.equal(recent.inForceSince('a'), loaded)
  policy('reloaded', 'b')
  t.equal(recent.inForceSince('b'), time.now)
  t.equal(recent.inForceSince('c'), undefined)
})

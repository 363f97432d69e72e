import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { createMismatches } from '../../../src/gate/files/mismatches.ts'
import type { GateEvent } from '../../../src/observe/events.ts'

const URL_ = 'https://files.example/pkg-1.0.tar.gz'
const SHA256 = sha256Of('as listed')
const WRONG = new GateError('integrity-mismatch', 'the bytes have another sha256')

function opened() {
  const clock = { now: 1_000_000 }
  const events: GateEvent[] = []
  const mismatches = createMismatches({ emit: event => void events.push(event) }, () => instant(clock.now))
  return { clock, events, mismatches }
}

t.test('bytes that did not match are not asked for again for ten minutes, and raise one alarm', async t => {
  const { clock, events, mismatches } = opened()
  mismatches.assertNone(URL_, SHA256)
  mismatches.remember(URL_, SHA256, WRONG)
  clock.now += 599_999
  t.throws(() => mismatches.assertNone(URL_, SHA256), { code: 'integrity-mismatch', retryAfterMs: 1 })
  clock.now += 1
  t.doesNotThrow(() => mismatches.assertNone(URL_, SHA256))
  t.match(events, [{ type: 'alarm', alarm: 'integrity-mismatch' }])
  t.equal(events.length, 1)
})

t.test('neither another place nor another digest suffers for it', async t => {
  const { mismatches } = opened()
  mismatches.remember(URL_, SHA256, WRONG)
  t.doesNotThrow(() => mismatches.assertNone(`${URL_}.metadata`, SHA256))
  t.doesNotThrow(() => mismatches.assertNone(URL_, sha256Of('listed anew')))
})

t.test('a failure that says nothing of the bytes is not remembered', async t => {
  const { events, mismatches } = opened()
  for (const error of [new GateError('unknown-upstream', 'no answer'), new Error('reset')])
    mismatches.remember(URL_, SHA256, error)
  t.doesNotThrow(() => mismatches.assertNone(URL_, SHA256))
  t.strictSame(events, [])
})

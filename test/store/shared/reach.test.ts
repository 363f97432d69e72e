import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import { Reach } from '../../../src/store/shared/reach.ts'

const GONE = new GateError('unknown-store', 'nobody answers (ECONNREFUSED)')

function reachOf(maxStale: number) {
  const time = { now: 0 }
  const told: boolean[] = []
  const reach = new Reach({
    what: 'the database',
    maxStale: millis(maxStale),
    steady: () => time.now,
    changed: away => void told.push(away !== undefined),
  })
  return { reach, time, told }
}

t.test('what is at hand is used for so long after the last answer, and no longer', async t => {
  const { reach, time } = reachOf(60_000)
  time.now = 1_000
  reach.reached()
  time.now = 5_000
  reach.lost(GONE)
  t.equal(reach.awayFor, 4_000, 'it may have been away since the last answer')
  time.now = 60_999
  reach.assertUsable()
  time.now = 61_000
  t.throws(() => reach.assertUsable(), { code: 'unknown-store', detail: /^the database is away for 60 s: nobody/ })
  reach.reached()
  reach.assertUsable()
  t.equal(reach.awayFor, 0)
})

t.test('with 0, nothing is used once it is known to be away', async t => {
  const { reach } = reachOf(0)
  t.notOk(reach.isStale)
  reach.lost(GONE)
  t.ok(reach.isStale)
})

t.test('that it goes and comes is told once each', async t => {
  const { reach, told } = reachOf(1)
  reach.reached()
  reach.lost(GONE)
  reach.lost(GONE)
  reach.reached()
  reach.reached()
  t.strictSame(told, [true, false])
})

t.test('after an outage that was too long nothing that is at hand is used before what was missed is read', async t => {
  let now = 0
  const reach = new Reach({ what: 'the database', maxStale: millis(10_000), catchesUp: true, steady: () => now })
  reach.lost(GONE)
  now = 9_999
  reach.reached()
  t.equal(reach.isStale, false, 'a short one is none')
  reach.lost(GONE)
  now = 30_000
  t.equal(reach.isStale, true)
  reach.reached()
  t.strictSame([reach.isAway, reach.isStale], [false, true], 'it answers, and what it would say is not known yet')
  t.throws(() => reach.assertUsable(), { code: 'unknown-store', detail: /is there again, and what changed/ })
  reach.caughtUp()
  t.equal(reach.isStale, false)
  t.doesNotThrow(() => reach.assertUsable())
})

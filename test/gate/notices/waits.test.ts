import t from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import { nextWait, pauseAfter } from '../../../src/gate/notices/waits.ts'

const HOUR = 3_600_000

t.test('waits grow from seconds to half days, for two days in all', async t => {
  const waits: number[] = []
  for (let attempt = 1; ; attempt += 1) {
    const wait = nextWait(attempt, undefined, 0.5)
    if (wait === undefined) break
    waits.push(wait)
  }
  t.equal(waits[0], 5_000)
  t.strictSame(
    waits,
    waits.toSorted((a, b) => a - b),
  )
  const all = waits.reduce((sum, wait) => sum + wait, 0)
  t.ok(all > 44 * HOUR && all < 50 * HOUR, `${all / HOUR} hours`)
})

t.test('a fifth more or less keeps what failed together apart', async t => {
  t.equal(nextWait(1, undefined, 0), 4_000)
  t.equal(nextWait(1, undefined, 1), 6_000)
})

t.test('a receiver may ask for more, for half a day at most, and for no less', async t => {
  t.equal(nextWait(1, millis(120_000), 0.5), 120_000)
  t.equal(nextWait(1, millis(1_000), 0.5), 5_000)
  t.equal(nextWait(1, millis(365 * 24 * HOUR), 0.5), 12 * HOUR)
})

t.test('one that fails again and again is left alone for a minute, and for an hour where it asks for it', async t => {
  t.strictSame(
    [1, 2, 3, 4, 5, 50].map(failures => pauseAfter(failures, undefined)),
    [5_000, 10_000, 20_000, 40_000, 60_000, 60_000],
  )
  t.equal(pauseAfter(1, millis(30 * 60_000)), 30 * 60_000)
  t.equal(pauseAfter(1, millis(24 * HOUR)), HOUR)
})

import t from 'tap'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { createConfirmedClock } from '../../../src/store/sqlite/confirmed-clock.ts'
import { START } from '../stores.ts'

const [SECOND, MINUTE, DAY, YEAR] = [1_000, 60_000, 86_400_000, 365 * 86_400_000]

function scene(recorded: Instant = START) {
  const state = { now: 0, steady: 0, newest: recorded }
  const confirmed = createConfirmedClock({
    clock: () => instant(START + state.now),
    watermark: {
      newest: () => state.newest,
      raise(at) {
        state.newest = at
      },
    },
    steady: () => state.steady,
  })
  /** The time by the clock, and so much later by one that nobody can set: what is believed then. */
  const read = (now: number, later: number): number => {
    state.now = now
    state.steady += later
    return confirmed() - START
  }
  return { read, state }
}

t.test('the clock is believed as it goes on, though nothing is recorded', async t => {
  const { read } = scene()
  for (let day = 0.5; day < 10; day += 0.5) t.equal(read(day * DAY, DAY / 2), day * DAY)
})

t.test('years ahead for some seconds are not, however often', async t => {
  const { read } = scene()
  for (let minute = 0; minute < 60; minute += 2) {
    t.equal(read(minute * MINUTE, MINUTE), minute * MINUTE)
    t.equal(read(8 * YEAR + minute * MINUTE, 25 * SECOND), minute * MINUTE)
  }
})

t.test('after a gate was off for a month its clock is believed when it has gone on for ten minutes', async t => {
  const { read } = scene()
  t.equal(read(30 * DAY, 0), 0)
  t.equal(read(30 * DAY + 9 * MINUTE, 9 * MINUTE), 0)
  t.equal(read(30 * DAY + 10 * MINUTE, MINUTE), 30 * DAY + 10 * MINUTE)
  t.equal(read(30 * DAY + 11 * MINUTE, MINUTE), 30 * DAY + 11 * MINUTE, 'and from then on')
})

t.test('a clock that was set back is believed, and begins anew', async t => {
  const { read } = scene(instant(0))
  t.equal(read(8 * YEAR, 0), 8 * YEAR, 'nothing was ever recorded')
  t.equal(read(MINUTE, MINUTE), MINUTE)
  const { read: readOther, state } = scene()
  state.newest = instant(START + DAY)
  t.equal(readOther(MINUTE, MINUTE), MINUTE, 'one that is behind what is recorded lets less go')
  t.equal(readOther(8 * YEAR, MINUTE), DAY)
})

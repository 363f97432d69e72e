import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { type NewestTime, recordedAt } from '../../../src/domain/memory/newest-time.ts'

const [MINUTE, DAY, YEAR] = [60_000, 86_400_000, 365 * 86_400_000]
const START = Date.UTC(2026, 10, 24)

/** Times that were recorded, by the clock and by one that nobody can set, each from the start. */
function after(...recorded: readonly (readonly [clock: number, steady: number])[]): number {
  const begun: NewestTime = { newest: instant(START), leap: undefined }
  return recorded.reduce((known, [at, steady]) => recordedAt(known, instant(START + at), steady), begun).newest - START
}

t.test('the newest time rises with the clock, and never falls', async t => {
  t.equal(after([1, 1]), 1)
  t.equal(after([DAY, 1]), DAY)
  t.equal(after([DAY, 1], [MINUTE, 2]), DAY)
  t.equal(recordedAt({ newest: instant(0), leap: undefined }, instant(START), 0).newest, START, 'the very first')
})

t.test('a year ahead for three seconds is forgotten when the clock is right again', async t => {
  t.equal(after([YEAR, 0], [YEAR + 3_000, 3_000]), 0)
  t.equal(after([YEAR, 0], [YEAR + 3_000, 3_000], [4_000, 4_000]), 4_000)
  t.equal(after([YEAR, 0], [4_000, 4_000], [YEAR + 11 * MINUTE, 11 * MINUTE]), 4_000, 'and it begins anew')
})

t.test('a clock that goes on from there for ten minutes is believed', async t => {
  t.equal(after([YEAR, 0], [YEAR + 9 * MINUTE, 9 * MINUTE]), 0)
  t.equal(after([YEAR, 0], [YEAR + 10 * MINUTE, 10 * MINUTE]), YEAR + 10 * MINUTE)
})

t.test('one that leaps on is not', async t => {
  t.equal(after([YEAR, 0], [2 * YEAR, 11 * MINUTE], [3 * YEAR, 22 * MINUTE]), 0)
})

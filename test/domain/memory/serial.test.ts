// guards: src/domain/memory/second-sight.ts
import fc from 'fast-check'
import t from 'tap'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import { mergeSerials, readSerial, type SerialState, standingOf } from '../../../src/domain/memory/serial.ts'

const [MINUTE, DAY] = [60_000, 86_400_000]
const START = Date.UTC(2026, 10, 24)

/** Readings of serials, each some time after the first. */
function after(...readings: readonly (readonly [serial: number, later: number])[]): SerialState | undefined {
  return readings.reduce<SerialState | undefined>(
    (known, [serial, later]) => readSerial(known, serial, instant(START + later)),
    undefined,
  )
}

t.test('a serial that an index can have is the floor at once, and what is below it is not believed', async t => {
  const known = after([1_000, 0])
  t.equal(standingOf(known, 1_000), 'current')
  t.equal(standingOf(known, 1_001), 'current')
  t.equal(standingOf(known, 1), 'backwards')
  t.equal(standingOf(after([1_000, 0], [1, MINUTE], [1, 60 * MINUTE]), 1), 'backwards', 'after an hour')
})

t.test('one that no index can have is not, unless it is read again later', async t => {
  const ABSURD = 999_999_999_999_999
  t.equal(standingOf(after([ABSURD, 0]), 30_000_000), 'current', 'at first sight')
  t.equal(standingOf(after([1_000, 0], [ABSURD, MINUTE]), 1_000), 'current', 'after an honest one')
  t.equal(standingOf(after([1_000, 0], [ABSURD, MINUTE], [ABSURD, 5 * MINUTE]), 1_000), 'current', 'twice at once')
  t.equal(after([1_000, 0], [ABSURD, MINUTE], [1_002, 2 * MINUTE])?.floor, 1_002, 'and the next one goes on')
  const contradicted = after([1_000, 0], [ABSURD, MINUTE], [1_000, 2 * MINUTE], [ABSURD, 20 * MINUTE])
  t.equal(standingOf(contradicted, 1_000), 'current', 'twice, with an honest one between')
  const lasting = after([1_000, 0], [ABSURD, MINUTE], [ABSURD + 5, 12 * MINUTE])
  t.equal(standingOf(lasting, 1_000), 'backwards', 'an index may count in whatever it likes')
})

t.test('a page one change behind is told from one that went back', async t => {
  const known = after([1_000, 0], [5_000, MINUTE])
  for (const [serial, standing] of [
    [5_000, 'current'],
    [4_999, 'behind'],
    [1_000, 'behind'],
    [999, 'backwards'],
  ] as const)
    t.equal(standingOf(known, serial), standing, `${serial}`)
  t.equal(standingOf(after([1_000, 0]), 999), 'behind', 'where nothing is known of the one before')
  t.equal(standingOf(after([1_000, 0]), 998), 'backwards')
})

t.test('a floor that was read twice never falls', async t => {
  const known = after([1_000, 0], [1_000, 11 * MINUTE], [1, DAY], [1, 30 * DAY], [1, 365 * DAY])
  t.match(known, { floor: 1_000, confirmed: true })
})

t.test('one that was read once falls after a day in which lower ones alone were read', async t => {
  const lie = [[1_000, 0] as const, [9_000, MINUTE] as const]
  t.equal(after(...lie, [1_000, 2 * MINUTE], [1_000, DAY])?.floor, 9_000, 'not sooner')
  t.equal(after(...lie, [1_000, 2 * MINUTE], [1_001, DAY + 3 * MINUTE])?.floor, 1_001)
  t.equal(after(...lie, [1_000, 2 * MINUTE], [9_000, DAY], [1_000, DAY + 3 * MINUTE])?.floor, 9_000, 'interrupted')
  t.equal(after(...lie, [1_000, 30 * DAY])?.floor, 9_000, 'one reading is not enough, however late')
})

t.test('times of a clock that ran ahead prove nothing', async t => {
  const ABSURD = 999_999_999_999_999
  const known = after([1_000, 0], [ABSURD, 365 * DAY], [ABSURD, MINUTE], [ABSURD, 5 * MINUTE])
  t.equal(standingOf(known, 1_000), 'current')
})

const anySerial = fc.constantFrom(0, 1, 2, 1_000, 1_001, 200_000_000, 999_999_999_999_999)
const anyTime: fc.Arbitrary<Instant> = fc.integer({ min: 0, max: 3 * DAY }).map(instant)
const anyReadings = fc.array(fc.tuple(anySerial, anyTime), { minLength: 1, maxLength: 8 })
const read = (readings: readonly (readonly [number, Instant])[]) =>
  readings.reduce<SerialState | undefined>((known, [serial, at]) => readSerial(known, serial, at), undefined)

t.test('whatever is read, once more of the same is nothing', async t => {
  fc.assert(
    fc.property(anyReadings, readings => {
      const [serial, at] = readings.at(-1) ?? [0, instant(0)]
      const known = read(readings)
      return readSerial(known, serial, at) === known
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('two that learned apart are put together in one way', async t => {
  const text = (state: SerialState | undefined) => JSON.stringify(state)
  fc.assert(
    fc.property(anyReadings, anyReadings, anyReadings, (a, b, c) => {
      const [one, other, third] = [read(a), read(b), read(c)]
      const merged = text(mergeSerials(mergeSerials(one, other), third))
      return (
        merged === text(mergeSerials(one, mergeSerials(other, third))) &&
        text(mergeSerials(one, other)) === text(mergeSerials(other, one)) &&
        text(mergeSerials(one, one)) === text(one)
      )
    }),
    { numRuns: 500 },
  )
  t.pass()
})

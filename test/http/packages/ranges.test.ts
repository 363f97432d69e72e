import fc from 'fast-check'
import t from 'tap'
import { readRange } from '../../../src/http/packages/ranges.ts'

const ETAG = '"sha256-aa"'

function read(range: string | undefined, size: number, ifRange?: string) {
  return readRange({ range, ifRange }, { size, etag: ETAG })
}

t.test('whatever a Range says, a part lies within the body and is the one that was asked for', async t => {
  const text = fc.oneof(
    fc.tuple(fc.nat(2_000), fc.nat(2_000)).map(([first, last]) => `bytes=${first}-${last}`),
    fc.nat(2_000).map(first => `bytes=${first}-`),
    fc.nat(2_000).map(length => `bytes=-${length}`),
    fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([a, b, c]) => `bytes=${a}-${b},${c}-`),
    fc.bigInt({ min: 0n, max: 10n ** 40n }).map(first => `bytes=${first}-${first + 5n}`),
    fc.string().map(rest => `bytes=${rest}`),
    fc.string(),
  )
  fc.assert(
    fc.property(text, fc.nat(1_000), (range, size) => {
      const wanted = read(range, size)
      if (wanted.kind !== 'part') return true
      const { start, end } = wanted.range
      const [, first = '', last = ''] = /(\d*)-(\d*)/.exec(range) ?? []
      const expected =
        first === ''
          ? [Math.max(0, size - Number(last)), size - 1]
          : [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)]
      return (
        Number.isSafeInteger(start) &&
        Number.isSafeInteger(end) &&
        0 <= start &&
        start <= end &&
        end < size &&
        start === expected[0] &&
        end === expected[1]
      )
    }),
    { numRuns: 5_000 },
  )
  t.pass()
})

t.test('an empty body has no part', async t => {
  for (const range of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) t.equal(read(range, 0).kind, 'unsatisfiable', range)
})

t.test('If-Range takes our strong tag and nothing else', async t => {
  t.equal(read('bytes=0-1', 10, ETAG).kind, 'part')
  for (const other of ['"x"', `W/${ETAG}`, '*', '', 'Wed, 25 Nov 2026 00:00:00 GMT', `${ETAG}, ${ETAG}`])
    t.equal(read('bytes=0-1', 10, other).kind, 'whole', other)
})

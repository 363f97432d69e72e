import t from 'tap'
import { isSameOrEarlierLine, type ReleaseLine } from '../../../src/domain/packaging/release-line.ts'
import { version } from '../decide/seen-before.ts'

t.test('lines', async t => {
  const earlier = (one: string, other: string, line: ReleaseLine) =>
    isSameOrEarlierLine(version(one), version(other), line)
  t.ok(earlier('1', '1.0.5', 'minor'), 'missing segments are zero')
  t.notOk(earlier('1.1', '1', 'minor'))
  t.ok(earlier('1.1', '1', 'major'))
})

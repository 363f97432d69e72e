import t from 'tap'
import { readingsOf } from '../../../src/domain/sources/readings.ts'

const AMBIGUOUS = 'left-hand-1.0-1.tar.gz'

function readings(filename: string, { internal = '', owned = '' } = {}): readonly string[] {
  return readingsOf(filename, { isInternal: name => name === internal, isOwned: name => name === owned })
}

t.test('a file name may be of every project that it can be read as', async t => {
  t.strictSame(readings(AMBIGUOUS), ['left-hand-1-0', 'left-hand'])
})

t.test('where one of them is owned, the owned one alone may be asked', async t => {
  t.strictSame(readings(AMBIGUOUS, { owned: 'left-hand' }), ['left-hand'])
  t.strictSame(readings(AMBIGUOUS, { owned: 'left-hand-1-0' }), ['left-hand-1-0'])
})

t.test('a name that the file name only tells of is as good', async t => {
  t.strictSame(readings('demo-1.0-2-3.zip', { owned: 'demo' }), ['demo'])
  t.throws(() => readings('demo-1.0-2-3.zip', { internal: 'demo' }), { code: 'internal' })
})

t.test('where one of them is internal, nobody may be', async t => {
  t.throws(() => readings(AMBIGUOUS, { internal: 'left-hand' }), { code: 'internal' })
  t.throws(() => readings(AMBIGUOUS, { internal: 'left-hand-1-0', owned: 'left-hand' }), { code: 'internal' })
})

import t from 'tap'
import { nonEmpty } from '../../../src/domain/base/brand.ts'

t.test('an empty list is none, and any other stays as it is', async t => {
  t.equal(nonEmpty([]), undefined)
  t.strictSame(nonEmpty(['a']), ['a'])
  t.strictSame(nonEmpty([3, 1, 2]), [3, 1, 2])
})

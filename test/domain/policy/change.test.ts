import t from 'tap'
import { compareSets } from '../../../src/domain/policy/change.ts'

t.test('what is added to a set does one thing, what is taken from it the opposite', async t => {
  t.strictSame(compareSets('publishers', ['a', 'b'], ['b', 'c'], 'wider'), [
    { effect: 'wider', text: 'publishers: c was added' },
    { effect: 'stricter', text: 'publishers: a was removed' },
  ])
  t.strictSame(compareSets('', [], ['x'], 'stricter'), [{ effect: 'stricter', text: 'x was added' }])
})

t.test('another order is no difference', async t => t.strictSame(compareSets('x', ['a', 'b'], ['b', 'a'], 'wider'), []))

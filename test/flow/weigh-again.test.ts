import { LRUCache } from 'lru-cache'
import t from 'tap'
import { weighAgain } from '../../src/flow/weigh-again.ts'

t.test('what weighs more by now is weighed again, which setting it in its own place is not', async t => {
  const cache = new LRUCache<string, { weight: number }>({ maxSize: 10, sizeCalculation: ({ weight }) => weight })
  const [one, other] = [{ weight: 1 }, { weight: 1 }]
  cache.set('one', one)
  cache.set('other', other)
  other.weight = 9
  cache.set('other', other)
  t.equal(cache.calculatedSize, 2)
  weighAgain(cache, 'other', other)
  t.equal(cache.calculatedSize, 10)
  t.equal(cache.get('other'), other)
})

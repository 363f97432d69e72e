import t from 'tap'
import { keptWithin } from '../../src/flow/kept-within.ts'
import { inAnyRound } from '../world/thread/rounds.ts'

t.test('what is kept takes no more than it may, and what was used last stays', async t => {
  const kept = keptWithin<string, string>({ bytes: 10_000, weigh: text => text.length })
  for (let number = 0; number < 100; number += 1) {
    kept.set(`key ${number}`, 'x'.repeat(1_000))
    kept.get('key 0')
  }
  t.ok(kept.calculatedSize <= 10_000, `${kept.calculatedSize} bytes`)
  t.ok(kept.has('key 0'), 'it was asked for all the while')
  t.ok(kept.has('key 99'))
  t.notOk(kept.has('key 1'))
})

t.test('many short entries weigh more than their text', async t => {
  const kept = keptWithin<string, true>({ bytes: 100_000 })
  for (let number = 0; number < 100_000; number += 1) kept.set(`${number}`, true)
  t.ok(kept.size < 1_000, `${kept.size} of them`)
})

t.test('what is larger than all of it may be is not kept', async t => {
  const kept = keptWithin<string, string>({ bytes: 1_000, weigh: text => text.length })
  kept.set('small', 'x')
  kept.set('large', 'x'.repeat(2_000))
  t.notOk(kept.has('large'))
  t.ok(kept.has('small'))
})

t.test('nothing is set up before it is needed', async t => {
  // others fill the heap as well
  await inAnyRound(
    t,
    'bytes that each takes of the heap',
    async () => {
      const before = process.memoryUsage().heapUsed
      const bounds = { bytes: 64 * 1024 * 1024, ttl: 1_000 }
      const caches = Array.from({ length: 100 }, () => keptWithin<string, true>(bounds))
      return { each: (process.memoryUsage().heapUsed - before) / caches.length }
    },
    ({ each }) => each < 20_000,
  )
})

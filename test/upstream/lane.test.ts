import t from 'tap'
import { millis } from '../../src/domain/base/instant.ts'
import { createLane } from '../../src/upstream/lane.ts'
import { NOBODY_LEAVES } from './one-answer.ts'

t.test('a lane', async t => {
  /** Who waits in it gives up after `patience` ms. */
  const lane = (patience: number) => createLane({ running: 1, waiting: 2, patience: millis(patience), what: 'tests' })

  t.test('lets in as many as it has places, in the order they came', async t => {
    const narrow = lane(60_000)
    const order: number[] = []
    const leave = await narrow.enter(NOBODY_LEAVES)
    const waiting = [1, 2].map(async number => {
      const leaveNext = await narrow.enter(NOBODY_LEAVES)
      order.push(number)
      leaveNext()
    })
    await t.rejects(narrow.enter(NOBODY_LEAVES), { code: 'unknown-overloaded' })
    t.strictSame(order, [])
    leave()
    await Promise.all(waiting)
    t.strictSame(order, [1, 2])
  })

  t.test('gives a place back once, however often it is told', async t => {
    const narrow = lane(100)
    const leave = await narrow.enter(NOBODY_LEAVES)
    leave()
    leave()
    await narrow.enter(NOBODY_LEAVES)
    await t.rejects(narrow.enter(NOBODY_LEAVES), { code: 'unknown-overloaded' })
  })

  t.test('is left by those whose time is over, without taking a place along', async t => {
    const narrow = lane(100)
    const leave = await narrow.enter(NOBODY_LEAVES)
    const abort = new AbortController()
    const waiting = narrow.enter(abort.signal)
    abort.abort()
    await t.rejects(waiting, { code: 'unknown-overloaded' })
    await t.rejects(narrow.enter(NOBODY_LEAVES), { code: 'unknown-overloaded' })
    leave()
    await narrow.enter(NOBODY_LEAVES)
  })
})

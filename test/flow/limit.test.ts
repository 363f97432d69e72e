import t from 'tap'
import { millis } from '../../src/domain/base/instant.ts'
import { createLimit } from '../../src/flow/limit.ts'

const NOBODY_LEAVES = new AbortController().signal

t.test('a limit', async t => {
  const one = () => createLimit({ running: 1, waiting: 2, patience: millis(100), what: 'tests' })

  t.test('lets in as many as it has places, in the order they came', async t => {
    const narrow = one()
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
    const narrow = one()
    const leave = await narrow.enter(NOBODY_LEAVES)
    leave()
    leave()
    await narrow.enter(NOBODY_LEAVES)
    await t.rejects(narrow.enter(NOBODY_LEAVES), { code: 'unknown-overloaded' })
  })

  t.test('is left by those whose time is over, without taking a place along', async t => {
    const narrow = one()
    const leave = await narrow.enter(NOBODY_LEAVES)
    const abort = new AbortController()
    const waiting = narrow.enter(abort.signal)
    abort.abort()
    await t.rejects(waiting, { code: 'unknown-overloaded' })
    await t.rejects(narrow.enter(NOBODY_LEAVES), { code: 'unknown-overloaded' })
    leave()
    await narrow.enter(NOBODY_LEAVES)
  })

  t.test('is not entered by those who had left before', async t => {
    const narrow = one()
    await t.rejects(narrow.enter(AbortSignal.abort(new Error('gone'))), { message: 'gone' })
    t.equal(typeof (await narrow.enter(NOBODY_LEAVES)), 'function')
  })

  t.test('gives a place back when a call settles, however it does', async t => {
    const narrow = one()
    const failed = narrow.run(() => Promise.reject(new Error('no')))
    const next = narrow.run(async () => 'next')
    const last = narrow.run(async () => 'last')
    await t.rejects(
      narrow.run(async () => 'turned away'),
      { code: 'unknown-overloaded' },
    )
    await t.rejects(failed, { message: 'no' })
    t.strictSame(await Promise.all([next, last]), ['next', 'last'])
  })

  t.test('is waited for without end where nobody says how long', async t => {
    const patient = createLimit({ running: 1, waiting: 1, what: 'tests' })
    const leave = await patient.enter()
    const waiting = patient.enter()
    await new Promise(resolve => setTimeout(resolve, 20))
    leave()
    t.equal(typeof (await waiting), 'function')
  })
})

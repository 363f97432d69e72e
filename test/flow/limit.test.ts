import t from 'tap'
import { millis } from '../../src/domain/base/instant.ts'
import { Party, Person } from '../../src/flow/asker.ts'
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

t.test('turns', async t => {
  /** Who is in, in the order of entering; the first one lets everybody else in, one after the other, when he leaves. */
  async function lineBehind(limit: ReturnType<typeof createLimit>) {
    const entered: string[] = []
    const turnedAway: string[] = []
    const leave = await limit.enter()
    const come = (label: string, asker: Person | Party) =>
      limit.enter(undefined, { asker }).then(
        leaveNext => {
          entered.push(label)
          leaveNext()
        },
        (error: unknown) => void turnedAway.push(`${label}: ${Reflect.get(Object(error), 'code')}`),
      )
    return { entered, turnedAway, come, leave }
  }

  t.test('go round by whom one waits for: a thousand questions of one client are one turn behind another', async t => {
    const limit = createLimit({ running: 1, waiting: 2_000, what: 'tests' })
    const { come, entered, leave } = await lineBehind(limit)
    const greedy = Array.from({ length: 1_000 }, (_, at) => come(`g${at}`, new Person('greedy')))
    const modest = ['m0', 'm1'].map(label => come(label, new Person('modest')))
    leave()
    await Promise.all([...greedy, ...modest])
    t.strictSame(entered.slice(0, 5), ['g0', 'm0', 'g1', 'm1', 'g2'])
    t.equal(entered.length, 1_002)
  })

  t.test('where the line is full, the last of the longest goes, and whoever is modest stays', async t => {
    const limit = createLimit({ running: 1, waiting: 4, what: 'tests', name: 'questions' })
    const { come, entered, turnedAway, leave } = await lineBehind(limit)
    const all = ['g0', 'g1', 'g2', 'g3', 'g4'].map(label => come(label, new Person('greedy')))
    all.push(come('m0', new Person('modest')), come('n0', new Person('next')))
    await Promise.resolve()
    leave()
    await Promise.all(all)
    t.strictSame(
      turnedAway,
      ['g4', 'g3', 'g2'].map(label => `${label}: unknown-overloaded`),
    )
    t.strictSame(entered, ['g0', 'm0', 'n0', 'g1'])
  })

  t.test('one client has no more places than is his, however many are free', async t => {
    const limit = createLimit({ running: 3, each: 2, waiting: 10, what: 'tests', name: 'downloads' })
    const greedy = new Person('greedy')
    const first = await limit.enter(undefined, { asker: greedy })
    await limit.enter(undefined, { asker: greedy })
    let third = 'waits'
    const waiting = limit.enter(undefined, { asker: greedy }).then(() => {
      third = 'is in'
    })
    t.equal(typeof (await limit.enter(undefined, { asker: new Person('modest') })), 'function')
    t.equal(third, 'waits')
    first()
    await waiting
    await t.rejects(
      limit.enter(undefined, { asker: greedy, patience: millis(1) }),
      { code: 'unknown-overloaded', limit: 'downloads' },
      'the place that is left is for somebody else',
    )
  })

  t.test('who leaves is out of the line, and his place in it free', async t => {
    const limit = createLimit({ running: 1, waiting: 1, what: 'tests' })
    const { come, entered, turnedAway, leave } = await lineBehind(limit)
    const client = new Person('a')
    const left = come('left', client)
    client.leave()
    const next = come('next', new Person('b'))
    leave()
    await Promise.all([left, next])
    t.strictSame([entered, turnedAway], [['next'], ['left: unknown-overloaded']])
    await t.rejects(limit.enter(undefined, { asker: client }), { code: 'unknown-overloaded' })
  })

  t.test('what several wait for takes the first turn that any of them has', async t => {
    const limit = createLimit({ running: 1, waiting: 2_000, what: 'tests' })
    const { come, entered, leave } = await lineBehind(limit)
    const greedy = Array.from({ length: 100 }, (_, at) => come(`g${at}`, new Person('greedy')))
    const party = new Party(new Person('greedy'))
    const shared = come('shared', party)
    t.equal(party.join(new Person('modest')), true)
    leave()
    await Promise.all([...greedy, shared])
    t.strictSame(entered.slice(0, 3), ['g0', 'shared', 'g1'])
  })

  t.test('what several wait for is waited for until the last of them leaves', async t => {
    const limit = createLimit({ running: 1, waiting: 10, what: 'tests' })
    const { come, entered, turnedAway, leave } = await lineBehind(limit)
    const [first, second] = [new Person('a'), new Person('b')]
    const kept = new Party(first)
    const givenUp = new Party(first)
    const all = [come('kept', kept), come('given up', givenUp)]
    kept.join(second)
    first.leave()
    await Promise.resolve()
    t.equal(givenUp.gone, true)
    t.equal(givenUp.join(second), false, 'whoever comes now begins anew')
    leave()
    await Promise.all(all)
    t.strictSame([entered, turnedAway], [['kept'], ['given up: unknown-overloaded']])
  })

  t.test('are none where the line was left by all the names that were full', async t => {
    const limit = createLimit({ running: 1, waiting: 3, what: 'tests' })
    const { come, entered, turnedAway, leave } = await lineBehind(limit)
    const party = new Party(new Person('greedy'))
    party.join(new Person('modest'))
    const all = [come('g0', new Person('greedy')), come('g1', new Person('greedy')), come('shared', party)]
    all.push(come('n0', new Person('next')))
    await Promise.resolve()
    leave()
    await Promise.all(all)
    t.strictSame(turnedAway, ['g1: unknown-overloaded'], 'sent away from one line, it stands in the other')
    t.strictSame(entered, ['g0', 'shared', 'n0'])
  })
})

import t, { type Test } from 'tap'
import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import type { NewDelivery, NewStory, NoticeKeeper, NoticeQueue } from '../../../src/ports/console/notices.ts'
import { NOTICE_BOUNDS } from '../../../src/store/sqlite/tables/notices/notice-bounds.ts'

const HOUR = 3_600_000
const NOW = instant(Date.UTC(2027, 0, 1))
const later = (ms: number): Instant => instant(NOW + ms)

/** A queue, and a way to work with it as commands do. */
export interface OpenedQueue {
  readonly queue: NoticeQueue
  keep<Result>(use: (keeper: NoticeKeeper) => Result | Promise<Result>): Promise<Result>
}

let made = 0

export function story(key: string, changes: Partial<NewStory> = {}, delivery: Partial<NewDelivery> = {}): NewStory {
  made += 1
  return {
    key,
    until: later(24 * HOUR),
    kind: 'rare',
    deliveries: [
      {
        id: `msg_${made}`,
        hook: 'hook-a',
        host: 'a.example',
        type: 'refused',
        subject: key,
        title: `about ${key}`,
        contentType: 'application/json',
        body: `{"made":${made}}`,
        ...delivery,
      },
    ],
    ...changes,
  }
}

/** What every queue of notices does, wherever it lies. */
export function noticesConformance(name: string, skip: string | false, open: (t: Test) => Promise<OpenedQueue>): void {
  t.test(`notices ${name}`, { skip }, async t => {
    t.test('a story is told once within its window', async t => {
      const { queue } = await open(t)
      t.strictSame(await queue.take([story('a'), story('b'), story('a')], NOW), ['taken', 'taken', 'told'])
      t.strictSame(await queue.take([story('b'), story('a')], later(23 * HOUR)), ['told', 'told'])
      t.strictSame(await queue.take([story('a', { until: later(99 * HOUR) })], later(24 * HOUR)), ['taken'])
      t.strictSame(await queue.take([story('a')], later(98 * HOUR)), ['told'], 'the window is that of the last telling')
      t.match(await queue.state(), [{ host: 'a.example', waiting: 3, dead: 0, oldest: NOW }])
    })

    t.test('what is leased is nobody else’s for a minute, and comes as it was made', async t => {
      const { queue } = await open(t)
      const made = story('a')
      await queue.take([made, story('b'), story('c', {}, { hook: 'hook-b' })], NOW)
      const [first, ...others] = await queue.lease('hook-a', NOW, 1)
      t.match(first, { ...made.deliveries[0], attempts: 1 })
      t.equal(others.length, 0)
      t.match(await queue.lease('hook-a', NOW, 9), [{ subject: 'b' }])
      t.strictSame(await queue.lease('hook-a', later(NOTICE_BOUNDS.lease - 1), 9), [])
      t.match(await queue.lease('hook-a', later(NOTICE_BOUNDS.lease), 9), [
        { id: first?.id, body: first?.body, attempts: 2 },
        { subject: 'b', attempts: 2 },
      ])
    })

    t.test('what is settled by one whose lease is over changes nothing, unless it arrived', async t => {
      const { queue } = await open(t)
      await queue.take([story('a')], NOW)
      const [stale] = await queue.lease('hook-a', NOW, 1)
      const [fresh] = await queue.lease('hook-a', later(NOTICE_BOUNDS.lease), 1)
      if (stale === undefined || fresh === undefined) throw new Error('nothing was leased')
      await queue.settle(stale, { kind: 'dead', at: NOW, why: 'late' })
      t.match(await queue.state(), [{ waiting: 1, dead: 0 }])
      await queue.settle(fresh, { kind: 'again', due: later(2 * HOUR), why: 'it answered 500' })
      t.strictSame(await queue.lease('hook-a', later(HOUR), 1), [])
      const [again] = await queue.lease('hook-a', later(2 * HOUR), 1)
      t.equal(again?.attempts, 3)
      await queue.settle(stale, { kind: 'delivered' })
      t.strictSame(await queue.state(), [])
    })

    t.test('what was not tried after all is as it was', async t => {
      const { queue } = await open(t)
      await queue.take([story('a')], NOW)
      const [leased] = await queue.lease('hook-a', NOW, 1)
      if (leased === undefined) throw new Error('nothing was leased')
      await queue.settle(leased, { kind: 'released', due: NOW })
      t.match(await queue.lease('hook-a', NOW, 1), [{ id: leased.id, attempts: 1 }])
    })

    t.test('what is rare goes before what clients make any number of', async t => {
      const { queue } = await open(t)
      await queue.take([story('a', { kind: 'many' }), story('b', { kind: 'many' }), story('alarm')], NOW)
      const leased = await queue.lease('hook-a', NOW, 9)
      t.strictSame(leased.map(({ subject }) => subject).sort(), ['a', 'alarm', 'b'])
      await queue.take([story('c', { kind: 'many' }), story('alarm 2')], NOW)
      t.match(await queue.lease('hook-a', NOW, 1), [{ subject: 'alarm 2' }])
    })

    t.test('a receiver that is gone has all that is for it among the dead, until somebody tries again', async t => {
      const { queue, keep } = await open(t)
      await queue.take([story('a'), story('b'), story('c', {}, { hook: 'hook-b', host: 'b.example' })], NOW)
      t.equal(await queue.stop('hook-a', NOW, 'it is gone'), 2)
      t.strictSame(await queue.take([story('d')], NOW), ['taken'])
      t.match(await queue.state(), [
        { host: 'a.example', waiting: 0, dead: 3, oldest: undefined },
        { host: 'b.example', waiting: 1, dead: 0 },
      ])
      const listed = await keep(keeper => keeper.list())
      t.match(listed, [
        { subject: 'a', state: 'dead', why: 'it is gone', queued: NOW },
        { subject: 'b', state: 'dead' },
        { subject: 'c', state: 'waiting', why: undefined },
        { subject: 'd', state: 'dead', why: 'it is gone' },
      ])
      const [one] = listed
      t.strictSame(await keep(keeper => keeper.retry([one?.id ?? '', 'msg_none'], later(HOUR))), [one?.id])
      t.match(await queue.lease('hook-a', later(HOUR), 9), [{ subject: 'a', attempts: 1 }])
      await queue.take([story('e')], later(HOUR))
      t.match(await queue.lease('hook-a', later(HOUR), 9), [{ subject: 'e' }], 'it is told again')
      t.equal((await keep(keeper => keeper.retry('all', later(HOUR)))).length, 2)
      t.strictSame(await keep(keeper => keeper.retry('all', later(HOUR))), [])
    })

    t.test('what waits for a hook that nobody has any more is dead after a week, and gone after a month', async t => {
      const { queue } = await open(t)
      await queue.take([story('a')], NOW)
      await queue.tidy(later(NOTICE_BOUNDS.waits))
      t.match(await queue.state(), [{ waiting: 1, dead: 0 }])
      await queue.tidy(later(NOTICE_BOUNDS.waits + 1))
      t.match(await queue.state(), [{ waiting: 0, dead: 1 }])
      await queue.tidy(later(NOTICE_BOUNDS.waits + NOTICE_BOUNDS.keeps + 2))
      t.strictSame(await queue.state(), [])
    })

    t.test('of what clients make there is room for half, and no story is taken for told that was not', async t => {
      const { queue } = await open(t)
      const batch = (from: number, count: number, kind: NewStory['kind']) =>
        Array.from({ length: count }, (_, place) => story(`${kind} ${from + place}`, { kind }))
      for (let from = 0; from < NOTICE_BOUNDS.many; from += 1_000) await queue.take(batch(from, 1_000, 'many'), NOW)
      t.strictSame(await queue.take([story('one more', { kind: 'many' }), story('many 0', { kind: 'many' })], NOW), [
        'no-room',
        'told',
      ])
      t.strictSame(await queue.take([story('an alarm')], NOW), ['taken'])
      const leased = await queue.lease('hook-a', NOW, 5)
      for (const one of leased) await queue.settle(one, { kind: 'delivered' })
      t.strictSame(await queue.take([story('one more', { kind: 'many' })], NOW), ['taken'])
    })

    t.test('of too many dead the oldest go', async t => {
      const { queue, keep } = await open(t)
      const count = NOTICE_BOUNDS.dead + 3
      for (let from = 0; from < count; from += 1_000) {
        await queue.take(
          Array.from({ length: Math.min(1_000, count - from) }, (_, place) => story(`s${from + place}`)),
          NOW,
        )
        await queue.stop('hook-a', later(from), 'it is gone')
        await keep(keeper => keeper.retry(['none'], NOW))
      }
      await queue.tidy(later(HOUR))
      const listed = await keep(keeper => keeper.list())
      t.equal(listed.length, NOTICE_BOUNDS.dead)
      t.notOk(listed.some(({ subject }) => subject === 's0'))
      t.ok(listed.some(({ subject }) => subject === `s${count - 1}`))
    })
  })
}

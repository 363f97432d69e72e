// guards: src/gate/notices/inbox.ts src/gate/notices/deliveries.ts src/gate/notices/within.ts
import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { NoticeQueue } from '../../../src/ports/console/notices.ts'
import { verdict } from '../../observe/every-event.ts'
import { contradictions, startReceiver } from '../../world/network/receiver.ts'
import { HOUR, notice, openDesk } from './a-desk.ts'

t.setTimeout(900_000)
const MINUTE = 60_000

t.test('what happens is told to everybody who wants it, once and signed', async t => {
  const [one, other] = await Promise.all([startReceiver(t), startReceiver(t)])
  const desk = await openDesk(t, [one, other])
  desk.told.emit(verdict({ explain: 'abc' }))
  desk.told.emit(verdict({ filename: 'demo-2.0.zip' }))
  await desk.told.pass()
  for (const { received } of [one, other]) {
    t.equal(received.length, 1)
    t.equal(received[0]?.isSigned, true)
    t.match(received[0]?.json, {
      type: 'portcullis.refused',
      source: 'https://gate.example',
      id: received[0]?.id,
      data: { project: 'demo', code: 'unattested', url: 'https://gate.example/x/abc' },
    })
    t.match(received[0]?.id, /^msg_[0-9a-f]{32}$/)
  }
  t.not(one.received[0]?.id, other.received[0]?.id, 'what one took is not what the other did')
  t.strictSame(desk.actions(), ['sent', 'sent'])
  t.strictSame(await desk.queue.state(), [])
})

t.test('a hook is told what it wants and nothing else', async t => {
  const receiver = await startReceiver(t)
  const desk = await openDesk(t, [receiver], { wants: ['held'] })
  await desk.tell(notice('a'), notice('b', { type: 'held' }))
  t.match(
    receiver.received.map(({ json }) => json),
    [{ type: 'portcullis.held' }],
  )
})

t.test('a story is told once a day, also after a stop and by the next gate', async t => {
  const receiver = await startReceiver(t)
  const first = await openDesk(t, [receiver])
  await first.tell(notice('a'))
  await first.tell(notice('a'))
  await first.close()
  const second = await openDesk(t, [receiver], { folder: first.folder, clock: first.clock })
  await second.tell(notice('a'))
  t.equal(receiver.received.length, 1)
  await second.after(24 * HOUR + 1)
  await second.tell(notice('a'))
  t.equal(receiver.received.length, 2)
})

t.test('whatever a receiver does, nothing is lost, and nothing says two things under one id', async t => {
  const receiver = await startReceiver(t)
  // for those that never answer, and longer than a busy machine takes for the others
  const desk = await openDesk(t, [receiver], { timeoutMs: 2_500 })
  const bad = [500, 'hang', 'reset', 302, 404, 'trickle', 503] as const
  for (const [place, manner] of bad.entries()) {
    receiver.manner = manner
    await desk.tell(notice(`story ${place}`))
    await desk.after(10 * MINUTE)
  }
  await receiver.away()
  await desk.tell(notice('while it is away'))
  await desk.after(HOUR)
  await receiver.back()
  t.equal((await desk.queue.state())[0]?.waiting, bad.length + 1, 'all of it waits')
  receiver.manner = 204
  const before = receiver.received.length
  for (let hours = 0; hours < 14; hours += 1) await desk.after(HOUR)
  t.strictSame(await desk.queue.state(), [], 'and nothing does any more')
  t.strictSame(
    receiver.received
      .slice(before)
      .map(({ json }) => (json['data'] as { story: string }).story)
      .sort(),
    [...bad.keys().map(place => `story ${place}`), 'while it is away'].sort(),
    'each arrived once',
  )
  t.strictSame(contradictions(receiver.received), [])
  t.ok(
    receiver.received.every(({ isSigned }) => isSigned),
    'each attempt was signed with its own time',
  )
  t.equal(new Set(receiver.ids()).size, bad.length + 1, 'one id through all attempts')
})

t.test('what nobody took for two days is dead, is listed, and is told again when somebody says so', async t => {
  const receiver = await startReceiver(t)
  receiver.manner = 500
  const desk = await openDesk(t, [receiver])
  await desk.tell(notice('a'))
  for (let hours = 0; hours < 60; hours += 1) await desk.after(HOUR)
  t.equal(receiver.received.length, 11)
  t.match(desk.actions().at(-1), 'dead')
  t.match(desk.told.state(), [{ waiting: 0, dead: 1 }])
  const [dead] = await desk.keep(keeper => keeper.list())
  t.match(dead, { state: 'dead', attempts: 11, why: 'it answered 500', subject: 'a' })
  receiver.manner = 200
  await desk.keep(keeper => keeper.retry('all', instant(desk.clock.now)))
  await desk.told.pass()
  t.strictSame(await desk.queue.state(), [])
  t.equal(new Set(receiver.ids()).size, 1)
  t.strictSame(contradictions(receiver.received), [])
})

t.test('a receiver that says it is gone is left alone, and what was for it is kept', async t => {
  const [gone, other] = await Promise.all([startReceiver(t), startReceiver(t)])
  gone.manner = 410
  const desk = await openDesk(t, [gone, other])
  await desk.tell(notice('a'), notice('b'))
  await desk.after(HOUR)
  await desk.tell(notice('c'))
  t.equal(gone.received.length, 1)
  t.equal(other.received.length, 3)
  t.ok(desk.actions().includes('stopped'))
  gone.manner = 204
  t.equal((await desk.keep(keeper => keeper.retry('all', instant(desk.clock.now)))).length, 3)
  await desk.told.pass()
  t.equal(gone.received.length, 4)
})

t.test('one that fails keeps no other waiting, and is asked once a minute however much waits for it', async t => {
  const [away, well] = await Promise.all([startReceiver(t), startReceiver(t)])
  away.manner = 503
  const desk = await openDesk(t, [away, well])
  await desk.tell(...Array.from({ length: 30 }, (_, place) => notice(`story ${place}`)))
  t.equal(well.received.length, 30)
  t.equal(away.received.length, 1)
  for (let minutes = 0; minutes < 20; minutes += 1) await desk.after(MINUTE)
  t.ok(away.received.length <= 21, `${away.received.length} attempts in twenty minutes`)
  away.manner = (_request, response) => void response.writeHead(429, { 'retry-after': '1800' }).end()
  await desk.after(MINUTE)
  const before = away.received.length
  for (let minutes = 0; minutes < 29; minutes += 1) await desk.after(MINUTE)
  t.equal(away.received.length, before, 'it asked for half an hour')
  away.manner = 204
  await desk.after(2 * HOUR)
  await desk.after(2 * HOUR)
  t.match(await desk.queue.state(), [])
  t.strictSame(contradictions(away.received), [])
})

t.test('one that does not like what it is told is told the rest', async t => {
  const receiver = await startReceiver(t)
  receiver.manner = (request, response) => {
    response.writeHead(receiver.received.at(-1)?.body.includes('poison') === true ? 400 : 204).end()
    request.resume()
  }
  const desk = await openDesk(t, [receiver])
  await desk.tell(notice('poison'), notice('a'), notice('b'))
  t.equal(receiver.received.length, 3)
  t.match(await desk.queue.state(), [{ waiting: 1 }])
})

t.test('whoever runs the gate is warned of what waits for more than an hour', async t => {
  const receiver = await startReceiver(t)
  receiver.manner = 500
  const desk = await openDesk(t, [receiver])
  await desk.tell(notice('a'))
  t.equal(desk.told.warning(), undefined)
  await desk.after(HOUR + 1)
  t.match(desk.told.warning(), /^1 wait to be told, one of them for 1\.0 hours; portcullis notify list/)
  receiver.manner = 204
  await desk.after(HOUR)
  t.equal(desk.told.warning(), undefined)
})

/** A queue whose store cannot be reached until somebody says so. */
function queueThatIsAway(): { readonly queue: NoticeQueue; back: boolean; readonly stories: string[] } {
  const held = {
    back: false,
    stories: [] as string[],
    queue: {
      async take(stories) {
        if (!held.back) throw new GateError('unknown-store', 'away')
        held.stories.push(...stories.map(({ key }) => key))
        return stories.map(() => 'taken' as const)
      },
      lease: async () => [],
      settle: async () => {},
      stop: async () => 0,
      tidy: async () => {},
      state: async () => [],
    } satisfies NoticeQueue,
  }
  return held
}

t.test('while the store is away memory is bounded, and what had no room is counted and told', async t => {
  const receiver = await startReceiver(t)
  const away = queueThatIsAway()
  const desk = await openDesk(t, [receiver], { queue: away.queue })
  for (let place = 0; place < 3_000; place += 1) desk.told.tell(notice(`p${place}`, { type: 'refused' }))
  for (let place = 0; place < 400; place += 1) desk.told.tell(notice(`a${place}`))
  await t.rejects(desk.told.pass(), { code: 'unknown-store' })
  t.equal(desk.actions().filter(action => action === 'dropped').length, 2_500, 'of those that clients make')
  away.back = true
  await desk.told.pass()
  t.equal(away.stories.length, 900, 'alarms had room beside them')
  t.equal(new Set(away.stories).size, 900)
})

t.test('a stop does not wait for a store that never answers; what it could not write down is told', async t => {
  const receiver = await startReceiver(t)
  const away = queueThatIsAway()
  const never = { ...away.queue, take: () => new Promise<never>(() => {}) }
  const desk = await openDesk(t, [receiver], { queue: never })
  desk.told.tell(notice('a'))
  await desk.close()
  t.strictSame(desk.actions(), ['dropped'])
})

t.test('to tell costs whoever tells it a look, however often it comes', async t => {
  const receiver = await startReceiver(t)
  const away = queueThatIsAway()
  away.back = true
  const desk = await openDesk(t, [receiver], { queue: away.queue })
  const event = verdict()
  for (let times = 0; times < 10_000; times += 1) desk.told.emit(event)
  await desk.told.pass()
  t.equal(away.stories.length, 1)
})

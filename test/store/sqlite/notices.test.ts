// guards: src/store/sqlite/tables/notices/notices-table.ts src/store/sqlite/tables/notices/in-next-batch.ts src/store/sqlite/tables/notices/notice-bounds.ts src/store/sqlite/migrations/0015-notices.ts
import t from 'tap'
import { instant, millis, systemClock } from '../../../src/domain/base/instant.ts'
import { withNotices } from '../../../src/store/notices.ts'
import { openStore } from '../../../src/store/open.ts'
import { noticesConformance, story } from '../conformance/notices-conformance.ts'

t.setTimeout(900_000)
// what works behind holds no process up
const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

async function openFolder(folder: string) {
  return await openStore({
    folder,
    cacheBytes: 1_000_000,
    journal: { keep: millis(86_400_000), maxSize: 1_000_000 },
    events: { emit() {} },
    clock: systemClock,
  })
}

noticesConformance('in a data folder', false, async t => {
  const folder = t.testdir({})
  const { store, blobs, notices } = await openFolder(folder)
  t.teardown(async () => {
    await store.close()
    await blobs.close()
  })
  return { queue: await notices(), keep: use => withNotices(folder, systemClock, use) }
})

t.test('what was taken is there after a stop, and told stories are told', async t => {
  const folder = t.testdir({})
  const now = instant(Date.UTC(2027, 0, 1))
  const first = await openFolder(folder)
  await (await first.notices()).take([story('a')], now)
  await first.store.close()
  await first.blobs.close()
  const second = await openFolder(folder)
  const queue = await second.notices()
  t.strictSame(await queue.take([story('a')], now), ['told'])
  t.match(await queue.lease('hook-a', now, 1), [{ subject: 'a', attempts: 1 }])
  await second.store.close()
  await second.blobs.close()
  const third = await openFolder(folder)
  t.match(await (await third.notices()).lease('hook-a', now, 1), [{ attempts: 2 }], 'a lease ends with whoever had it')
  await third.store.close()
  await third.blobs.close()
})

t.test('what one of them got wrong is told to whoever asked, and keeps nothing else back', async t => {
  const { store, blobs, notices } = await openFolder(t.testdir({}))
  const queue = await notices()
  const now = instant(Date.UTC(2027, 0, 1))
  const twice = story('b', {}, { id: 'msg_same' })
  const [good, bad, after] = await Promise.allSettled([
    queue.take([story('a', {}, { id: 'msg_same' })], now),
    queue.take([twice], now),
    queue.take([story('c')], now),
  ])
  t.match(good, { status: 'fulfilled', value: ['taken'] })
  t.match(bad, { status: 'rejected', reason: { code: 'unknown-store' } })
  t.match(after, { status: 'fulfilled', value: ['taken'] })
  await store.close()
  await blobs.close()
})

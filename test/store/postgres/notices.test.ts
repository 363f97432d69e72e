// guards: src/store/postgres/migrations.ts src/store/postgres/copy/copy-notices.ts
import t, { type Test } from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { NoticeQueue } from '../../../src/ports/console/notices.ts'
import { openStore } from '../../../src/store/open.ts'
import { createConnection } from '../../../src/store/postgres/connection.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { createNoticeKeeper, createNoticeQueue } from '../../../src/store/postgres/notices/notice-queue.ts'
import { bringFolder } from '../../../src/store/postgres/with-database.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { noticesConformance, story } from '../conformance/notices-conformance.ts'

t.setTimeout(900_000)
const cluster = NO_POSTGRES === false ? await startCluster(t) : undefined

async function connect(t: Test, url: string) {
  const connection = createConnection(url, new Reach({ what: 'the database', maxStale: millis(0) }))
  t.teardown(() => connection.close())
  await migrate(connection)
  return connection
}

noticesConformance('on PostgreSQL', NO_POSTGRES, async t => {
  const connection = await connect(t, (await cluster?.database()) ?? '')
  return { queue: createNoticeQueue(connection), keep: async use => await use(createNoticeKeeper(connection)) }
})

t.test('what a data folder had not told yet the database tells, and nothing twice', { skip: NO_POSTGRES }, async t => {
  const url = (await cluster?.database()) ?? ''
  const queue = createNoticeQueue(await connect(t, url))
  const folder = t.testdir({})
  const now = instant(Date.UTC(2027, 0, 1))
  const inFolder = async (work: (queue: NoticeQueue) => Promise<unknown>): Promise<void> => {
    const { store, blobs, notices } = await openStore({
      folder,
      cacheBytes: 1_000_000,
      journal: { keep: millis(86_400_000), maxSize: 1_000_000 },
      events: { emit() {} },
      clock: () => now,
    })
    await work(await notices())
    await store.close()
    await blobs.close()
  }
  const awake = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(awake))
  await inFolder(async its => {
    await its.take([story('a'), story('b', {}, { hook: 'hook-b', host: 'b.example' })], now)
    await its.stop('hook-b', now, 'it is gone')
  })
  await bringFolder(url, folder, () => now)
  t.match(await queue.state(), [
    { host: 'a.example', waiting: 1 },
    { host: 'b.example', dead: 1 },
  ])
  t.strictSame(await queue.take([story('a')], now), ['told'])
  const [leased] = await queue.lease('hook-a', now, 9)
  if (leased === undefined) throw new Error('nothing was leased')
  await queue.settle(leased, { kind: 'delivered' })
  await inFolder(its => its.take([story('c')], now))
  await bringFolder(url, folder, () => now)
  await bringFolder(url, folder, () => now)
  t.match(await queue.lease('hook-a', now, 9), [{ subject: 'c' }], 'what is new there alone')
  t.equal((await queue.lease('hook-a', now, 9)).length, 0)
})

t.test('of three gates one tells a story, and one tries each delivery', { skip: NO_POSTGRES }, async t => {
  const url = (await cluster?.database()) ?? ''
  const queues = await Promise.all([1, 2, 3].map(async () => createNoticeQueue(await connect(t, url))))
  const now = instant(Date.UTC(2027, 0, 1))
  const keys = Array.from({ length: 40 }, (_, place) => `story ${place}`)
  const taken = await Promise.all(
    queues.map((queue, place) =>
      queue.take(
        (place === 1 ? keys.toReversed() : keys).map(key => story(key)),
        now,
      ),
    ),
  )
  t.equal(taken.flat().filter(answer => answer === 'taken').length, keys.length)
  const leased = await Promise.all(
    queues.flatMap(queue => Array.from({ length: 10 }, () => queue.lease('hook-a', now, 5))),
  )
  t.equal(leased.flat().length, keys.length)
  t.equal(new Set(leased.flat().map(({ id }) => id)).size, keys.length)
})

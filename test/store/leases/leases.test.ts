// guards: src/store/leases/releases.ts
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import type { Leases } from '../../../src/ports/among-gates.ts'
import { createInProcessLeases } from '../../../src/store/leases/in-process.ts'
import { createLeaseDatabase } from '../../../src/store/leases/lease-database.ts'
import { createPostgresLeases } from '../../../src/store/leases/on-postgres.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { until } from '../../world/until.ts'

t.setTimeout(900_000)
const cluster = NO_POSTGRES === false ? await startCluster(t) : undefined

/** The leases of some gates over one database. */
async function gates(t: Test, count: number, url?: string): Promise<readonly Leases[]> {
  const address = url ?? (await cluster?.database()) ?? ''
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const database = await createLeaseDatabase(address)
      const leases = await createPostgresLeases(database)
      t.teardown(async () => {
        await leases.close()
        await database.close()
      })
      return leases
    }),
  )
}

/** What every kind of leases does: `others` are of other gates, or the same where there is one. */
function leasesConformance(name: string, skip: string | false, open: (t: Test) => Promise<readonly Leases[]>): void {
  t.test(`leases ${name}`, { skip }, async t => {
    t.test('one of forty gets it, and the next one when that lets go', async t => {
      const all = await open(t)
      const asking = Array.from({ length: 40 / all.length }, () => all.map(leases => leases.take('a'))).flat()
      const got = (await Promise.all(asking)).filter(lease => lease !== undefined)
      t.equal(got.length, 1)
      const [first] = got
      t.equal(await all[0]?.take('a'), undefined)
      t.ok(await all[0]?.take('b'), 'another key is another one’s')
      await first?.release()
      await first?.release()
      const second = await all.at(-1)?.take('a')
      t.ok(second !== undefined && first !== undefined && second.fence > first.fence)
      await first?.release()
      t.equal(await all[0]?.take('a'), undefined, 'what one had before is not one’s to let go of')
    })
    t.test('who waits hears of it at once', async t => {
      const all = await open(t)
      const lease = await all[0]?.take('a')
      let isHeard = false
      // longer than the test may last
      const heard = all.at(-1)?.change('a', millis(3_600_000))
      void heard?.then(() => (isHeard = true))
      await sleep(50)
      await lease?.release()
      // whose connection broke at the time hears of the next one
      await until('it hears of it', async () => {
        await sleep(isHeard ? 0 : 1_000)
        if (!isHeard) await (await all[0]?.take('a'))?.release()
        return isHeard
      })
    })
    t.test('and is not kept where nothing comes to pass', async t => {
      const [leases] = await open(t)
      await leases?.take('a')
      await leases?.change('a', millis(20))
      t.pass()
    })
  })
}

leasesConformance('in one process', false, async () => [createInProcessLeases()])
leasesConformance('on PostgreSQL', NO_POSTGRES, async t => await gates(t, 4))

t.test('three gates that come up at once make one table', { skip: NO_POSTGRES }, async t => {
  const all = await gates(t, 8)
  const got = (await Promise.all(all.map(its => its.take('a')))).filter(lease => lease !== undefined)
  t.equal(got.length, 1)
  t.ok((got[0]?.fence ?? 0) > 0, 'it is a row')
})

t.test('a holder that lives keeps it, one that died is followed', { skip: NO_POSTGRES }, async t => {
  const url = (await cluster?.database()) ?? ''
  const [living, other] = await gates(t, 2, url)
  const database = await createLeaseDatabase(url)
  const dying = await createPostgresLeases(database)
  t.ok(await dying.take('dead'))
  await database.close() // it says nothing any more
  t.ok(await living?.take('alive'))
  t.equal(await other?.take('dead'), undefined, 'not at once')
  for (;;) {
    const lease = await other?.take('dead')
    if (lease !== undefined) {
      t.equal(lease.fence, 2)
      break
    }
    await sleep(250)
  }
  t.equal(await other?.take('alive'), undefined, 'the other one is held all the while')
})

t.test(
  'of many who ask at once each has its turn, however busy the connections are',
  { skip: NO_POSTGRES },
  async t => {
    const database = await createLeaseDatabase((await cluster?.database()) ?? '')
    const leases = await createPostgresLeases({
      ...database,
      // each takes its time, so that the last ones wait for longer than a connection may take
      query: async (text, values) => {
        const [answer] = await Promise.all([database.query(text, values), database.query('select pg_sleep(0.4)')])
        return answer
      },
    })
    t.teardown(async () => {
      await leases.close()
      await database.close()
    })
    const all = await Promise.all(Array.from({ length: 24 }, (_, number) => leases.take(`file ${number}`)))
    t.strictSame(
      all.map(lease => lease?.fence),
      all.map(() => 1),
      'nobody took one of nobody’s',
    )
  },
)

t.test('where the database is away it is everybody’s turn', { skip: NO_POSTGRES }, async t => {
  const [one, other] = await gates(t, 2, 'postgres://gate@127.0.0.1:1/none')
  t.equal((await one?.take('a'))?.fence, 0)
  const lease = await other?.take('a')
  t.equal(lease?.fence, 0)
  await lease?.release()
})

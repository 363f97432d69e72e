import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import { type Connection, createConnection } from '../../../src/store/postgres/connection.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'

function connect(t: Test, database: string): { readonly connection: Connection; readonly reach: Reach } {
  const reach = new Reach({ what: 'the database', maxStale: millis(0) })
  const connection = createConnection(database, reach)
  t.teardown(() => connection.close())
  return { connection, reach }
}

t.test('a connection to a database that gates share', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)

  t.test('whoever waits while others have all connections is not told that the database is away', async t => {
    const { connection, reach } = connect(t, await cluster.database())
    const busy = Array.from({ length: 8 }, () => connection.ask('they take their time', 'select pg_sleep(3)'))
    await t.resolves(connection.ask('one more', 'select 1'))
    await Promise.all(busy)
    t.notOk(reach.isAway)
  })

  t.test('a question that takes too long says nothing of whether the database is there', async t => {
    const { connection, reach } = connect(t, await cluster.database())
    await t.rejects(connection.ask('it takes too long', `set statement_timeout = 10; select pg_sleep(1)`), {
      code: 'unknown-store',
    })
    t.notOk(reach.isAway)
  })

  t.test('one that breaks between two statements of a transaction ends the transaction, and nothing else', async t => {
    const { connection, reach } = connect(t, await cluster.database())
    const broken = connection.transaction('two statements', async ask => {
      await ask('select 1')
      await cluster.stop('immediate')
      await delay(100) // the end of the connection is heard of while nothing is asked on it
      await ask('select 2')
    })
    await t.rejects(broken, { code: 'unknown-store' })
    t.ok(reach.isAway)
    await cluster.start()
    await t.resolves(connection.ask('it is back', 'select 1'))
  })

  t.test('one that cannot be reached is away', async t => {
    const { connection, reach } = connect(t, 'postgres://gate@127.0.0.1:1/none')
    await t.rejects(connection.ask('anything', 'select 1'), { code: 'unknown-store' })
    t.ok(reach.isAway)
  })
})

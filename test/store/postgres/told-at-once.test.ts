import { once } from 'node:events'
import pg from 'pg'
import t from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import { createConnection } from '../../../src/store/postgres/connection.ts'
import { CHANNEL, createLedger } from '../../../src/store/postgres/memory/ledger.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { sourceNumber } from '../../../src/store/postgres/source-number.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { fileOf, PKG, pageOf } from '../facts.ts'
import { INDEX } from '../stores.ts'

t.setTimeout(300_000)

t.test(
  'what changed of a project is told in the statement that writes it, and nothing else is',
  { skip: NO_POSTGRES },
  async t => {
    const cluster = await startCluster(t)
    const url = await cluster.database()
    const connection = createConnection(url, new Reach({ what: 'the database', maxStale: millis(0) }))
    t.teardown(async () => await connection.close())
    await migrate(connection)
    const source = await sourceNumber(connection, INDEX)
    const listener = new pg.Client({ connectionString: url })
    await listener.connect()
    t.teardown(async () => await listener.end())
    await listener.query(`listen ${CHANNEL}`)
    const heard: (string | undefined)[] = []
    listener.on('notification', ({ payload }) => heard.push(payload))
    const ledger = createLedger({ connection, source })
    const page = pageOf([fileOf('pkg-1.0.tar.gz')])
    const next = once(listener, 'notification')
    const known = await ledger.learn(PKG, page, undefined)
    await next
    t.strictSame(heard, [`${source} ${known.version} ${PKG}`])
    await ledger.learn(PKG, page, known)
    const more = once(listener, 'notification')
    const later = await ledger.learn(PKG, pageOf([fileOf('pkg-1.0.tar.gz'), fileOf('pkg-2.0.tar.gz')]), known)
    await more
    t.strictSame(heard.slice(1), [`${source} ${later.version} ${PKG}`], 'the same again was no news')
  },
)

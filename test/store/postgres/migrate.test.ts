import t from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import { type Connection, createConnection } from '../../../src/store/postgres/connection.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { MIGRATIONS } from '../../../src/store/postgres/migrations.ts'
import { Reach } from '../../../src/store/shared/reach.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { fileOf, PKG, readPage } from '../facts.ts'
import { sharedSubject } from '../stores.ts'

async function versions(connection: Connection): Promise<readonly number[]> {
  const rows = await connection.ask<{ version: number }>('versions', 'select version from portcullis_schema order by 1')
  return rows.map(({ version }) => version)
}

t.test('the schema of a database that gates share', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  async function connect(database: string): Promise<Connection> {
    const connection = createConnection(database, new Reach({ what: 'the database', maxStale: millis(0) }))
    t.teardown(() => connection.close())
    return connection
  }

  t.test('three that bring it up to date at once do so once', async t => {
    const database = await cluster.database()
    const three = await Promise.all([connect(database), connect(database), connect(database)])
    await Promise.all(three.map(async connection => await migrate(connection)))
    for (const connection of three)
      t.strictSame(
        await versions(connection),
        MIGRATIONS.map((_, index) => index + 1),
      )
  })

  t.test('the next version’s step is made while the last serves on, and the last may start again', async t => {
    const database = await cluster.database()
    const last = await sharedSubject(t, database)
    const memory = await last.memory()
    await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz')])
    const worksSince = MIGRATIONS.length
    const next = [...MIGRATIONS, { name: 'next', worksSince, sql: 'alter table files add column colour text' }]
    const connection = await connect(database)
    await migrate(connection, next)
    await readPage(memory, PKG, [fileOf('pkg-1.0.tar.gz'), fileOf('pkg-1.1.tar.gz')])
    await last.reopen()
    t.equal((await (await last.memory()).of(PKG)).sightings.size, 2)
    t.strictSame(await versions(connection), [...MIGRATIONS.map((_, index) => index + 1), MIGRATIONS.length + 1])
  })

  t.test('from the last version’s schema to this one’s and back, both start, again and again', async t => {
    const database = await cluster.database()
    const connection = await connect(database)
    const last = MIGRATIONS.slice(0, Math.max(1, MIGRATIONS.length - 1))
    await migrate(connection, last)
    for (const known of [MIGRATIONS, last, MIGRATIONS, last]) await t.resolves(migrate(connection, known))
    t.strictSame(
      await versions(connection),
      MIGRATIONS.map((_, index) => index + 1),
    )
    const subject = await sharedSubject(t, database)
    await readPage(await subject.memory(), PKG, [fileOf('pkg-1.0.tar.gz')])
    await t.resolves(migrate(connection, last), 'with what this one has written, too')
  })

  t.test('a step that the last version cannot work with stops its start, with what to do', async t => {
    const database = await cluster.database()
    const connection = await connect(database)
    const worksSince = MIGRATIONS.length + 1
    await migrate(connection, [...MIGRATIONS, { name: 'next', worksSince, sql: 'alter table files drop column path' }])
    await t.rejects(sharedSubject(t, database), { code: 'config-invalid', detail: /newer version of this program/ })
  })

  t.test('a step that fails leaves nothing of itself', async t => {
    const database = await cluster.database()
    const connection = await connect(database)
    await migrate(connection)
    const broken = { name: 'broken', worksSince: 1, sql: 'create table half (id integer); select 1 / 0' }
    await t.rejects(migrate(connection, [...MIGRATIONS, broken]), { code: 'unknown-store' })
    const [row] = await connection.ask<{ is: boolean }>('half', `select to_regclass('half') is null as is`)
    t.ok(row?.is)
  })

  t.test('a database that is not there stops the start', async t => {
    await t.rejects(sharedSubject(t, 'postgres://gate@127.0.0.1:1/none'), { code: 'config-invalid' })
  })
})

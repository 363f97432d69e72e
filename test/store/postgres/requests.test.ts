// guards: src/store/postgres/console/requests.ts
import pg from 'pg'
import t from 'tap'
import type { Requests } from '../../../src/ports/console/requests.ts'
import { readSharedRecords } from '../../../src/store/postgres/records.ts'
import { withSharedRequests } from '../../../src/store/postgres/with-database.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { asked, DECIDED, decision, MOST, requestsConformance } from '../conformance/requests-conformance.ts'
import { INDEX, START, sharedSubject } from '../stores.ts'

const cluster = NO_POSTGRES === false ? await startCluster(t) : undefined

if (cluster !== undefined)
  requestsConformance('PostgreSQL', async t => {
    const database = await cluster.database()
    const folder = t.testdir({ one: {}, other: {} })
    const { requests } = await sharedSubject(t, database, { folder: `${folder}/one` })
    let other: Requests | undefined
    return {
      requests,
      async again() {
        other ??= (await sharedSubject(t, database, { folder: `${folder}/other` })).requests
        return other
      },
    }
  })

t.test('a command decides in the database that gates share', { skip: NO_POSTGRES }, async t => {
  const database = (await cluster?.database()) ?? ''
  const { requests } = await sharedSubject(t, database)
  await requests.ask(asked('a'), MOST)
  t.ok(await withSharedRequests(database, of => of.decide('a', 'open', 'approved', decision())))
  const records = await readSharedRecords(database, { index: '/', sources: [{ name: undefined, source: INDEX }] })
  t.match(await records.approvals(START), [{ id: 'a' }])
  await records.close()
  t.equal(await requests.revision(), '1')
})

t.test('a decision and its row in the audit log are written as one', { skip: NO_POSTGRES }, async t => {
  const database = (await cluster?.database()) ?? ''
  const { requests, audit } = await sharedSubject(t, database)
  await requests.ask(asked('a'), MOST)
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  t.teardown(async () => await client.end())
  const why = { ...DECIDED, why: 'x'.repeat(10) }
  await client.query(`alter table audit_log add constraint full_now check (why is distinct from '${why.why}')`)
  await t.rejects(requests.ask(asked('b'), MOST, why), { code: 'unknown-store' })
  t.equal(await requests.get('b'), undefined, 'nor asked')
  await t.rejects(requests.decide('a', 'open', 'approved', decision(), why), { code: 'unknown-store' })
  t.match(await requests.get('a'), { state: 'open' }, 'what is not in the log is not decided')
  t.equal(await requests.revision(), '0')
  t.ok(await requests.decide('a', 'open', 'approved', decision(), DECIDED))
  t.notOk(
    await requests.decide('a', 'open', 'declined', decision(), DECIDED),
    'and what is not decided is not in the log',
  )
  t.strictSame(
    (await audit.rows({}, { limit: 10 })).map(({ action, target }) => [action, target]),
    [['approved', 'a']],
  )
})

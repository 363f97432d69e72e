// guards: src/store/postgres/console/requests.ts
import t from 'tap'
import type { Requests } from '../../../src/ports/console/requests.ts'
import { readSharedRecords } from '../../../src/store/postgres/records.ts'
import { withSharedRequests } from '../../../src/store/postgres/with-database.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { asked, decision, MOST, requestsConformance } from '../conformance/requests-conformance.ts'
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

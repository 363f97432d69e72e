import pg from 'pg'
import top, { type Test } from 'tap'
import type { SessionBook, Sessions } from '../../../src/ports/console/sessions.ts'
import { withSharedSessions } from '../../../src/store/postgres/with-database.ts'
import { type Cluster, NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { heldToTheLog, sessionsConformance } from '../conformance/sessions-conformance.ts'
import { sharedSubject } from '../stores.ts'

let cluster: Promise<Cluster> | undefined

sessionsConformance(
  'PostgreSQL',
  async t => {
    cluster ??= startCluster(top)
    const database = await (await cluster).database()
    return [await shared(t, database), await shared(t, database)]
  },
  NO_POSTGRES,
)

top.test(
  'what is begun, made or ended and its row in the audit log are written as one',
  { skip: NO_POSTGRES },
  async t => {
    cluster ??= startCluster(top)
    const database = await (await cluster).database()
    const subject = await sharedSubject(t, database)
    const client = new pg.Client({ connectionString: database })
    await client.connect()
    t.teardown(async () => await client.end())
    await heldToTheLog(t, subject, {
      refuse: async () => await client.query('alter table audit_log add constraint full_now check (false) not valid'),
      allow: async () => await client.query('alter table audit_log drop constraint full_now'),
    })
  },
)

/** Over a connection of its own for as long as the test goes on. */
function shared(t: Test, database: string): Promise<Sessions & SessionBook> {
  const done = Promise.withResolvers<void>()
  t.teardown(() => done.resolve())
  return new Promise((resolve, reject) => {
    withSharedSessions(database, async sessions => {
      resolve(sessions)
      await done.promise
    }).catch(reject)
  })
}

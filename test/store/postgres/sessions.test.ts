import top, { type Test } from 'tap'
import type { SessionBook, Sessions } from '../../../src/ports/console/sessions.ts'
import { withSharedSessions } from '../../../src/store/postgres/with-database.ts'
import { type Cluster, NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { sessionsConformance } from '../conformance/sessions-conformance.ts'

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

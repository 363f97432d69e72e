// guards: src/store/sqlite/migrations/0016-sessions.ts
import Database from 'better-sqlite3'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { databaseIn } from '../../../src/store/sqlite/schema.ts'
import { createSessionsTable } from '../../../src/store/sqlite/tables/access/sessions-table.ts'
import { sessionsConformance } from '../conformance/sessions-conformance.ts'
import { diskSubject, START } from '../stores.ts'

sessionsConformance('SQLite', async t => {
  const { folder } = await diskSubject(t)
  const own = () => {
    const database = new Database(databaseIn(folder), { timeout: 5_000 })
    t.teardown(() => database.close())
    const run = <Value>(_what: string, query: () => Value): Value => query()
    return createSessionsTable(database, { ask: run, now: run })
  }
  return [own(), own()]
})

t.test('while another program writes, whoever is signed in goes on reading', async t => {
  const { folder, sessions } = await diskSubject(t)
  const [hash, hour] = [sha256Of('one'), millis(3_600_000)]
  const person = { subject: 'user:ada', email: undefined, name: undefined, role: 'viewer' } as const
  await sessions.begin(hash, { person, began: START, ends: instant(START + 12 * hour) })
  const other = new Database(databaseIn(folder))
  t.teardown(() => other.close())
  other.exec('begin immediate')
  t.ok(await sessions.find(hash, instant(START + 120_000), hour))
  await t.rejects(sessions.end(hash), { code: 'unknown-store' }, 'but nobody is told that it has ended')
  other.exec('rollback')
  t.ok(await sessions.find(hash, instant(START + 120_000), hour))
})

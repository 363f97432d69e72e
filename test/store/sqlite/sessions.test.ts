// guards: src/store/sqlite/migrations/0016-sessions.ts
import Database from 'better-sqlite3'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { databaseIn } from '../../../src/store/sqlite/schema.ts'
import { createSessionsTable } from '../../../src/store/sqlite/tables/access/sessions-table.ts'
import { heldToTheLog, sessionsConformance } from '../conformance/sessions-conformance.ts'
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

t.test('what is begun, made or ended and its row in the audit log are written as one', async t => {
  const subject = await diskSubject(t)
  const database = new Database(subject.file)
  t.teardown(() => database.close())
  await heldToTheLog(t, subject, {
    refuse: () =>
      database.exec(`create trigger full before insert on audit_log begin select raise(abort, 'no room'); end`),
    allow: () => database.exec('drop trigger full'),
  })
})

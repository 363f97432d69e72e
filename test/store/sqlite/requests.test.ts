// guards: src/store/sqlite/migrations/0014-requests.ts src/store/sqlite/tables/console/request-row.ts
// guards: src/store/sqlite/tables/console/requests-table.ts
import Database from 'better-sqlite3'
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { readRecords } from '../../../src/store/sqlite/read-records.ts'
import { createMemoryRequests } from '../conformance/memory-requests.ts'
import { asked, DAY, DECIDED, decision, MOST, requestsConformance } from '../conformance/requests-conformance.ts'
import { diskSubject, INDEX, START } from '../stores.ts'

requestsConformance('memory', async () => {
  const requests = createMemoryRequests()
  return { requests, again: async () => requests }
})

requestsConformance('disk', async t => {
  const { requests } = await diskSubject(t)
  return { requests, again: async () => requests }
})

t.test('a decision that is damaged is absent, and keeps no other from being read', async t => {
  const { requests, file } = await diskSubject(t)
  for (const id of ['a', 'b', 'c', 'd']) {
    await requests.ask(asked(id), MOST)
    await requests.decide(id, 'open', 'approved', decision())
  }
  const database = new Database(file)
  const damage = database.prepare(`update requests set decision = ? where id = ?`)
  damage.run(JSON.stringify(decision()).slice(1), 'b')
  damage.run(JSON.stringify({ ...decision(), approval: { ...decision().approval, yaml: 7 } }), 'c')
  database.close()
  const found = await requests.inForce(START)
  t.strictSame(
    found.map(({ id, decision: made }) => [id, made?.approval?.yaml]),
    [
      ['a', decision().approval?.yaml],
      ['b', undefined],
      ['c', undefined],
      ['d', decision().approval?.yaml],
    ],
  )
  t.ok(await requests.decide('a', 'approved', 'withdrawn', decision()), 'the others go on')
  t.match(await requests.get('b'), { id: 'b', decision: undefined })
})

t.test('what is approved is read beside a gate that works', async t => {
  const { folder, requests } = await diskSubject(t)
  await requests.ask(asked('a'), MOST)
  await requests.decide('a', 'open', 'approved', decision())
  const records = readRecords(folder, INDEX)
  t.match(await records?.approvals(START), [{ id: 'a' }])
  t.strictSame(await records?.approvals(instant(START + DAY)), [])
  await records?.close()
})

t.test('a decision and its row in the audit log are written as one', async t => {
  const { requests, audit, file } = await diskSubject(t)
  await requests.ask(asked('a'), MOST)
  const database = new Database(file)
  t.teardown(() => database.close())
  database.exec(`create trigger full before insert on audit_log begin select raise(abort, 'no room'); end`)
  await t.rejects(requests.ask(asked('b'), MOST, DECIDED), { code: 'unknown-store' })
  t.equal(await requests.get('b'), undefined, 'nor asked')
  await t.rejects(requests.decide('a', 'open', 'approved', decision(), DECIDED), { code: 'unknown-store' })
  t.match(await requests.get('a'), { state: 'open' }, 'what is not in the log is not decided')
  database.exec('drop trigger full')
  t.ok(await requests.decide('a', 'open', 'approved', decision(), DECIDED))
  t.notOk(
    await requests.decide('a', 'open', 'declined', decision(), DECIDED),
    'and what is not decided is not in the log',
  )
  t.match(await audit.rows({}, { limit: 10 }), [{ action: 'approved', target: 'a' }])
  t.equal((await audit.rows({}, { limit: 10 })).length, 1)
})

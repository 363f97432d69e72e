import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { type Clock, instant, type Millis, millis } from '../../../src/domain/base/instant.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { createConfirmedClock } from '../../../src/store/sqlite/confirmed-clock.ts'
import type { JournalRoom } from '../../../src/store/sqlite/journal-room.ts'
import { createRetention } from '../../../src/store/sqlite/retention.ts'
import { listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'
import { type DiskSubject, diskSubject, START } from '../stores.ts'
import { ENTRY } from '../written.ts'

const DAY = 86_400_000

/** of a journal that is never too large */
const ROOM: JournalRoom = { bytes: () => 0, step: () => false, gone() {} }

/** A database whose store is closed, and what is told of refusals that go. */
function retentionOver(t: Test, { file }: DiskSubject, confirmed: Clock, keep: Millis) {
  const database = new Database(file)
  const gone: string[] = []
  const retention = createRetention({
    database,
    confirmed,
    keep,
    room: ROOM,
    forgotten: ids => void gone.push(...ids),
  })
  t.teardown(() => {
    retention.close()
    database.close()
  })
  const count = (table: 'journal' | 'refusals') => database.prepare(`select count(*) from ${table}`).pluck().get()
  return { database, retention, gone, count }
}

const verdict = decide(
  listed(),
  UNATTESTED,
  policyOf('version: 1\nprojects: [{ match: pkg, attestation: required, identity: first-seen }]'),
  NO_HISTORY,
  NOW,
)

function refused(): Refused {
  if (verdict.kind !== 'refused') throw new TypeError('it was to be refused')
  return verdict
}

t.test('a clock that says another decade for some seconds takes nothing along', async t => {
  const subject = await diskSubject(t)
  subject.store.journal.record(ENTRY)
  subject.store.refusals.put('0123456789ab', refused(), START)
  await subject.close()
  let now = START
  const clock = () => now
  const confirmed = createConfirmedClock({ clock, watermark: { newest: () => START, raise() {} }, steady: () => 0 })
  const { retention, count } = retentionOver(t, subject, confirmed, millis(DAY))
  now = instant(START + 3_000 * DAY)
  t.equal(retention.step(), false)
  t.strictSame([count('journal'), count('refusals')], [1, 1])
})

t.test('which refusals went is told', async t => {
  const subject = await diskSubject(t)
  for (let number = 0; number < 3; number += 1)
    subject.store.refusals.put(`00000000000${number}`, refused(), instant(START + number * DAY))
  await subject.close()
  const { retention, gone } = retentionOver(t, subject, () => instant(START + 3 * DAY), millis(1.5 * DAY))
  while (retention.step());
  t.strictSame(gone, ['000000000000', '000000000001'])
})

t.test('of too many refusals those go that were told longest ago, whatever the clock said then', async t => {
  const subject = await diskSubject(t)
  const KEPT = 100_000
  const put = (id: string, at: number) => subject.store.refusals.put(id, refused(), instant(START + at))
  put('renewed', 0)
  put('ahead', 3_000 * DAY)
  put('plain', 0)
  put('renewed', 0)
  await subject.store.journal.flush()
  put('renewed', 1)
  await subject.close()
  const { database, retention, gone, count } = retentionOver(t, subject, () => START, millis(DAY))
  database
    .prepare(
      `with recursive numbers (number) as (select 1 union all select number + 1 from numbers limit ?)
       insert into refusals (id, refused, at) select number, '{}', ? from numbers`,
    )
    .run(KEPT - 1, START)
  while (retention.step());
  t.equal(count('refusals'), KEPT)
  t.strictSame(gone.sort(), ['ahead', 'plain'])
})

t.test('what is older than it is kept goes, in pieces, and nothing else', async t => {
  const subject = await diskSubject(t)
  for (let second = 0; second < 700; second += 1)
    subject.store.journal.record({ ...ENTRY, at: instant(START + second * 1_000), filename: `pkg-${second}.tar.gz` })
  await subject.close()
  const database = new Database(subject.file)
  const options = {
    database,
    confirmed: () => instant(START + 700_000),
    keep: millis(100_000),
    room: ROOM,
    forgotten() {},
  }
  const retention = createRetention(options)
  const left = () => database.prepare('select count(*) from journal').pluck().get()
  const seen: unknown[] = []
  while (retention.step()) seen.push(left())
  t.strictSame(seen, [200, 100])
  retention.close()
  database.close()
})

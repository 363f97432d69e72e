import Database from 'better-sqlite3'
import t from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import type { JournalRoom } from '../../../src/store/sqlite/journal-room.ts'
import { createRetention } from '../../../src/store/sqlite/retention.ts'
import { diskSubject, START } from '../stores.ts'
import { ENTRY } from '../written.ts'

/** of a journal that is never too large */
const ROOM: JournalRoom = { bytes: () => 0, step: () => false, gone() {} }

t.test('what is older than it is kept goes, in pieces, and nothing else', async t => {
  const subject = await diskSubject(t)
  for (let second = 0; second < 700; second += 1)
    subject.store.journal.record({ ...ENTRY, at: instant(START + second * 1_000), filename: `pkg-${second}.tar.gz` })
  await subject.close()
  const database = new Database(subject.file)
  const options = { database, clock: () => instant(START + 700_000), keep: millis(100_000), room: ROOM }
  const retention = createRetention(options)
  const left = () => database.prepare('select count(*) from journal').pluck().get()
  const seen: unknown[] = []
  while (retention.step()) seen.push(left())
  t.strictSame(seen, [200, 100])
  retention.close()
  database.close()
})

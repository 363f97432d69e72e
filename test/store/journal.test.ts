import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { instant } from '../../src/domain/base/instant.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import type { JournalEntry } from '../../src/ports/store.ts'
import { createJournalRoom } from '../../src/store/sqlite/journal-room.ts'
import { readRecords } from '../../src/store/sqlite/read-records.ts'
import { writeEntry } from '../../src/store/sqlite/tables/journal-table.ts'
import { createWords } from '../../src/store/sqlite/tables/words-table.ts'
import { type DiskSubject, diskSubject, INDEX, readJournal, START } from './stores.ts'
import { ENTRY } from './written.ts'

const SECOND = 1_000
const DAY = 86_400_000
const REFUSED: JournalEntry = { ...ENTRY, outcome: 'refused', code: 'unattested', identity: undefined }

/** A refused file that nobody else asked for, at a moment of its own. */
function stranger(number: number): JournalEntry {
  const filename = `pkg-${number}.0-py3-none-any.whl`
  return { ...REFUSED, filename, sha256: sha256Of(filename), at: instant(START + number) }
}

t.test('a refusal that is given out again and again within a minute is one row with a count', async t => {
  const subject = await diskSubject(t)
  for (let second = 0; second < 120; second += 1)
    for (let hit = 0; hit < 10; hit += 1) {
      subject.store.journal.record({ ...REFUSED, at: instant(START + second * SECOND + hit) })
      // each batch is on the disk before the next hit
      if (hit === 5) await subject.store.journal.flush()
    }
  const rows = await subject.journal()
  t.comment(`${rows.length} rows; one for each second and batch were ${2 * 120}`)
  t.strictSame(
    rows.map(({ count }) => count),
    [600, 600],
  )
})

t.test('what was let out is told by the second', async t => {
  const subject = await diskSubject(t)
  for (let second = 0; second < 5; second += 1)
    subject.store.journal.record({ ...ENTRY, at: instant(START + second * SECOND) })
  t.equal((await subject.journal()).length, 5)
})

t.test('refusals that differ in anything but the time share no row, on the disk either', async t => {
  const subject = await diskSubject(t)
  for (const entry of [REFUSED, { ...REFUSED, code: 'no-rule' }, { ...REFUSED, client: '192.0.2.9' }, REFUSED]) {
    subject.store.journal.record(entry)
    await subject.store.journal.flush()
  }
  t.strictSame(
    (await subject.journal()).map(({ code, client, count }) => [code, client, count]),
    [
      ['unattested', ENTRY.client, 1],
      ['no-rule', ENTRY.client, 1],
      ['unattested', '192.0.2.9', 1],
      ['unattested', ENTRY.client, 1],
    ],
  )
})

/** The journal of a closed subject, held to `most` bytes from now on. */
function roomOver(t: Test, { file }: DiskSubject, most: number) {
  const database = new Database(file)
  t.teardown(() => database.close())
  const events: GateEvent[] = []
  const words = createWords(database)
  const room = createJournalRoom({ database, words, most, events: { emit: event => void events.push(event) } })
  return { database, room, events, words }
}

/** bytes of the pages that journal and words really have */
function pagesOf(database: Database.Database): number {
  const names = ['journal', 'journal_at', 'words', 'sqlite_autoindex_words_1']
  const select = database.prepare<[string], number>(
    'select coalesce(sum(pgsize - unused), 0) from dbstat where name = ?',
  )
  return names.reduce((sum, name) => sum + (select.pluck().get(name) ?? 0), 0)
}

t.test('a journal that is full lets go of its oldest entries and of their words, and says how many went', async t => {
  const subject = await diskSubject(t)
  for (let number = 0; number < 20_000; number += 1) subject.store.journal.record(stranger(number))
  await subject.journal()
  await subject.close()
  const most = 1_000_000
  const { database, room, events, words } = roomOver(t, subject, most)
  const before = { bytes: room.bytes(), pages: pagesOf(database), words: words.highest() }
  t.ok(Math.abs(before.bytes / before.pages - 1) < 0.15, `${before.bytes} bytes by account, ${before.pages} in fact`)
  let steps = 0
  while (room.step()) steps += 1
  const pages = pagesOf(database)
  t.comment(`${before.pages} bytes before, ${pages} after ${steps} steps`)
  t.ok(pages <= most * 1.15, `${pages} bytes are left`)
  t.ok(room.bytes() <= most)

  const left = database.prepare<[], number>('select count(*) from journal').pluck().get() ?? 0
  t.ok(left > 1_000, `${left} rows are left`)
  t.equal(database.prepare('select count(*) from journal_entries').pluck().get(), left, 'each with all its words')
  t.equal(
    database.prepare('select count(*) from words where word like ?').pluck().get('pkg-0.0%'),
    0,
    'a word that nobody uses is gone',
  )
  const newest = database.prepare<[], string>('select filename from journal_entries order by at desc').pluck().get()
  t.equal(newest, stranger(19_999).filename, 'the newest is there')
  const dropped = events.flatMap(event => (event.type === 'journal-dropped' ? [event] : []))
  t.strictSame(dropped, [{ type: 'journal-dropped', verdicts: 20_000 - left, until: START + 19_999 - left }])
  const records = readRecords(subject.folder, INDEX)
  t.strictSame(await records?.dropped(), { verdicts: 20_000 - left, until: instant(START + 19_999 - left) })
  await records?.close()
})

t.test(
  'a verdict that is dated years ahead goes like any other when the journal is full, and takes no other along',
  async t => {
    const NUMBER = 5_000
    const left: unknown[] = []
    for (const AHEAD of [0, 30 * 365 * DAY]) {
      const subject = await diskSubject(t, { folder: t.testdir() })
      subject.store.journal.record({ ...stranger(0), at: instant(START + AHEAD) })
      for (let number = 1; number < NUMBER; number += 1) subject.store.journal.record(stranger(number))
      await subject.journal()
      await subject.close()
      const { database, room, events } = roomOver(t, subject, 400_000)
      while (room.step());
      t.comment(`${AHEAD / DAY} days ahead: ${JSON.stringify(events)}`)
      const rows = database.prepare('select count(*) as rows, min(at) as first, max(at) as last from journal').get()
      left.push({ rows, events, bytes: room.bytes() })
      t.match(rows, { last: START + NUMBER - 1 }, 'the newest is there')
    }
    t.strictSame(left[1], left[0], 'as many are left, and as much is told')
  },
)

t.test('where most of the journal went by its age, a row too many is one row', async t => {
  const subject = await diskSubject(t)
  const NUMBER = 5_000
  for (let number = 0; number < NUMBER; number += 1) subject.store.journal.record(stranger(number))
  await subject.journal()
  await subject.close()
  const { database, room } = roomOver(t, subject, 500_000)
  // the first was dated ahead, so that it stayed
  room.gone(database.prepare('delete from journal where id > 1 and id <= ?').run(NUMBER - 1_000).changes)
  while (room.step());
  t.equal(database.prepare('select count(*) from journal').pluck().get(), 1_000)
})

t.test('words that are used while others are looked for stay', async t => {
  const subject = await diskSubject(t, { journal: { maxSize: 400_000 } })
  for (let number = 0; number < 5_000; number += 1) subject.store.journal.record(stranger(number))
  await subject.journal()
  await subject.close()
  const { database, room, words } = roomOver(t, subject, 200_000)
  const insert = database.prepare<number[]>(
    `insert into journal (at, filename, project, sha256, outcome, code, rule, identity, policy_digest, trust_digest, client, count)
     values (?, ?, ?, null, ?, ?, null, null, ?, null, ?, 1)`,
  )
  let number = 0
  while (room.step()) {
    // an old file is asked for again, in the middle of it
    const fresh = new Map<string, number>()
    const id = (word: string) => words.number(word, fresh)
    const { filename, project, outcome, code, policyDigest, client } = stranger(number % 50)
    database.transaction(() =>
      insert.run(START + 9_999, id(filename), id(project), id(outcome), id(code), id(policyDigest), id(client)),
    )()
    words.learn(fresh)
    number += 1
    if (number > 5_000) break
  }
  const rows = database.prepare<[], number>('select count(*) from journal').pluck().get()
  t.equal(database.prepare('select count(*) from journal_entries').pluck().get(), rows, `after ${number} of them`)
})

t.test('a journal of an earlier version is counted when it is opened', async t => {
  const subject = await diskSubject(t)
  for (let number = 0; number < 500; number += 1) subject.store.journal.record(stranger(number))
  await subject.journal()
  const counted = subject.store.journalBytes()
  await subject.close()
  const database = new Database(subject.file)
  database.exec(`delete from facts where name = 'words_bytes'`)
  database.close()
  await subject.reopen()
  t.equal(subject.store.journalBytes(), counted)
})

t.test(
  'a row that another process writes while words are looked through keeps its words, whenever it comes',
  async t => {
    const subject = await diskSubject(t)
    const NUMBER = 3_000
    for (let number = 0; number < NUMBER; number += 1) subject.store.journal.record(stranger(number))
    await subject.journal()
    await subject.close()
    const { database, room } = roomOver(t, subject, Number.POSITIVE_INFINITY)
    const other = new Database(subject.file)
    t.teardown(() => other.close())
    database.prepare('delete from journal').run()
    const forgotten = (number: number): JournalEntry => ({
      ...stranger(number),
      outcome: 'forgotten',
      code: 'digest',
      rule: 'it was wrong',
      at: instant(START + DAY + number),
    })
    room.gone(NUMBER)
    const write = other.transaction((number: number) => writeEntry(other, forgotten(number)))
    // the words of a file that no row holds any more: from the last, which is looked at last, to the first
    const written: number[] = []
    for (let number = NUMBER - 1; room.step() && number > 0; number -= 250) {
      write.immediate(number)
      written.push(number)
    }
    while (room.step());
    const rows = readJournal(subject.file)
    t.ok(written.length >= 8, `${written.length} rows were written, one after each piece of work`)
    t.strictSame(
      rows.map(({ filename }) => filename),
      written.map(number => stranger(number).filename),
      'every one is there with its words',
    )
    const left = database.prepare<[], number>('select count(*) from words').pluck().get() ?? 0
    t.ok(left < 100, `${left} words are left of ${3 * NUMBER}: those that nobody uses went all the same`)
  },
)

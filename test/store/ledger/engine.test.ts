// guards: src/store/ledger/catch-up.ts src/store/ledger/columns/segment.ts src/store/ledger/columns/select.ts
// guards: src/store/ledger/columns/sums.ts src/store/ledger/columns/growing-segment.ts src/store/ledger/sources/identity-text.ts
// guards: src/store/ledger/questions/wanted.ts src/store/ledger/questions/cursor.ts src/store/ledger/questions/journal.ts
// guards: src/store/ledger/questions/groups.ts src/store/ledger/questions/projects.ts src/store/ledger/questions/downloads.ts
// guards: src/store/ledger/questions/over-time.ts src/store/ledger/questions/top.ts src/store/ledger/questions/totals.ts
// guards: src/store/ledger/columns/ledger-file.ts src/store/ledger/sources/sqlite-source.ts
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { LedgerPage } from '../../../src/ports/console/ledger.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import { ledgerConformance } from './ledger-conformance.ts'
import { folders, sqliteSubject } from './subjects.ts'

const next = folders(t)
ledgerConformance(t, async () => await sqliteSubject(t, next()), 30)

const ROW: JournalRow = {
  at: instant(Date.UTC(2026, 0, 1)),
  filename: 'demo-1.0-py3-none-any.whl',
  project: 'demo',
  sha256: 'a'.repeat(64),
  outcome: 'refused',
  code: 'unattested',
  rule: 'r',
  identity: undefined,
  policyDigest: 'p',
  trustDigest: undefined,
  client: '10.0.0.1',
  subject: 'token:ci',
  index: 'main',
  count: 1,
}

/** A journal of so many rows, each a second after the one before, and a ledger that keeps ten together. */
async function journalOf(t: Test, count: number) {
  const folder = next()
  const subject = await sqliteSubject(t, folder)
  const rows = Array.from({ length: count }, (_, place) => ({
    ...ROW,
    at: instant(ROW.at + place * 1_000),
    rule: `r${place % 7}`,
  }))
  await subject.add(rows)
  const open = () => subject.open({ clock: () => ROW.at + 1e9, elapsed: () => 0, segment: 10 })
  return { subject, open, folder, rows }
}

t.test('a ledger over an old journal says how far back it goes, and begins with the latest', async t => {
  const { open, rows } = await journalOf(t, 45)
  const engine = open()
  t.ok((await engine.coverage()).since, 'nothing yet')
  t.equal(await engine.step(), true)
  t.strictSame(await engine.coverage(), { since: rows[35]?.at })
  const page = await engine.journal({}, { limit: 500 })
  t.equal(page.rows.length, 10)
  await engine.close()
  const again = open()
  t.strictSame(await again.coverage(), { since: rows[35]?.at }, 'what was done stays done')
  while ((await again.coverage()).since !== undefined) await again.step()
  t.equal((await again.journal({}, { limit: 500 })).rows.length, 45)
  await again.close()
})

t.test('a list of sums stands still while rows come in', async t => {
  const { subject, open } = await journalOf(t, 45)
  const engine = open()
  while ((await engine.coverage()).since !== undefined) await engine.step()
  const first = await engine.refusals({}, { limit: 4 })
  t.strictSame(
    first.rows.map(({ rule }) => rule),
    ['r2', 'r1', 'r0', 'r6'],
  )
  await subject.add([{ ...ROW, rule: 'r5' }])
  const second = await engine.refusals({}, { limit: 4, cursor: first.next })
  t.strictSame(
    second.rows.map(({ rule, requests }) => [rule, requests]),
    [
      ['r5', 6],
      ['r4', 6],
      ['r3', 6],
    ],
  )
  t.equal(second.next, undefined)
  t.match((await engine.refusals({}, { limit: 1 })).rows, [{ rule: 'r5', requests: 7 }], 'a new list has it')
  await engine.close()
})

t.test('a cursor that is none, or of another list, and a limit that is none, are a bad request', async t => {
  const { open } = await journalOf(t, 45)
  const engine = open()
  while ((await engine.coverage()).since !== undefined) await engine.step()
  const lists = {
    journal: async (page: LedgerPage) => await engine.journal({}, page),
    refusals: async (page: LedgerPage) => await engine.refusals({}, page),
    wouldRefuse: async (page: LedgerPage) => await engine.wouldRefuse({}, page),
    projects: async (page: LedgerPage) => await engine.projects({}, page),
    downloads: async (page: LedgerPage) => await engine.downloads({}, page),
  }
  const { next: other } = await engine.journal({}, { limit: 1 })
  t.ok(other)
  for (const [name, list] of Object.entries(lists)) {
    const cursors = [
      '',
      'x',
      '-',
      'j',
      'j-',
      'j--1',
      'j-1e9',
      'j-01',
      'd-1',
      'd-1-2-3',
      'refused-1-x',
      'p-*',
      'p-=',
      '\0',
    ]
    for (const cursor of [...cursors, ...(name === 'journal' ? [] : [other])])
      await t.rejects(async () => await list({ limit: 5, cursor }), { code: 'bad-request' }, `${name} ${cursor}`)
    for (const limit of [0, -1, 501, 1.5, Number.NaN])
      await t.rejects(async () => await list({ limit }), { code: 'bad-request' }, `${name} ${limit}`)
  }
  await engine.close()
})

t.test('rows that go while a list is read are not in it, and nothing else is missing', async t => {
  const { subject, open } = await journalOf(t, 45)
  const engine = open()
  while ((await engine.coverage()).since !== undefined) await engine.step()
  const first = await engine.journal({}, { limit: 20 })
  await subject.dropBefore(16)
  const second = await engine.journal({}, { limit: 20, cursor: first.next })
  t.strictSame(
    second.rows.map(({ id }) => Number(id)),
    Array.from({ length: 10 }, (_, place) => 25 - place),
  )
  t.equal(second.next, undefined)
  await engine.close()
})

t.test('what was the most frequent before old rows went is told without them afterwards', async t => {
  const { subject, open } = await journalOf(t, 45)
  const engine = open()
  while ((await engine.coverage()).since !== undefined) await engine.step()
  const everything = async () => (await engine.top(instant(0), 1)).projects
  t.strictSame(await everything(), [{ name: 'demo', refused: 45 }])
  await subject.dropBefore(16)
  t.strictSame(await everything(), [{ name: 'demo', refused: 30 }])
  t.strictSame(await everything(), [{ name: 'demo', refused: 30 }], 'and so the next time')
  await engine.close()
})

t.test('a file of its own that is damaged, or of another journal, is made again', async t => {
  const { open, folder } = await journalOf(t, 45)
  const engine = open()
  while ((await engine.coverage()).since !== undefined) await engine.step()
  await engine.close()
  writeFileSync(join(folder, 'ledger.sqlite'), 'no database at all, but of some length'.repeat(100))
  for (const name of readdirSync(folder)) t.not(name, 'ledger.sqlite-wal')
  const again = open()
  while ((await again.coverage()).since !== undefined) await again.step()
  t.equal((await again.refusals({}, { limit: 10 })).rows.length, 7)
  await again.close()
})

// guards: src/store/sqlite/in-batches.ts src/store/sqlite/tables/mirror/misses-table.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { HELD } from '../../../src/domain/memory/source.ts'
import type { Records } from '../../../src/ports/records.ts'
import { readRecords } from '../../../src/store/sqlite/read-records.ts'
import { encodeFinding } from '../../../src/verify/evidence/finding-codec.ts'
import { attested } from '../../world/judging/judging.ts'
import { fileOf, found, KEY, OTHER, PKG, pageOf, plain, proved } from '../facts.ts'
import { diskSubject, INDEX, START } from '../stores.ts'
import { ENTRY, REFUSED } from '../written.ts'

const UNATTESTED = { kind: 'unattested', said: 'integrity' } as const

function opened(t: Tap, folder: string, source = INDEX): Records {
  const records = readRecords(folder, source)
  if (records === undefined) throw new TypeError('there is no database')
  t.teardown(() => records.close())
  return records
}

type Tap = { teardown(end: () => unknown): void }

async function everything<Row>(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  const all: Row[] = []
  for await (const row of rows) all.push(row)
  return all
}

t.test('where there is no database there are no records', async t => {
  t.equal(readRecords(t.testdir(), INDEX), undefined)
})

t.test('what is no database cannot be read', async t => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'portcullis.sqlite'), 'garbage'.repeat(2_000))
  const records = readRecords(folder, INDEX)
  await t.rejects(async () => await records?.projects(), { code: 'unknown-store' })
  await t.rejects(async () => records && (await everything(records.journal(START))), { code: 'unknown-store' })
  await t.rejects(async () => records && (await everything(records.attested())), { code: 'unknown-store' })
})

t.test('projects and what was seen of them, without findings, while the gate goes on', async t => {
  const subject = await diskSubject(t)
  const memory = await subject.memory()
  await memory.learn(OTHER, pageOf([fileOf('other-1.0.tar.gz')]))
  const facts = { ...pageOf([fileOf('pkg-1.0.tar.gz')]), serial: 3, proofs: [proved()], findings: [found()] }
  const known = await memory.learn(PKG, facts)
  await memory.learn('unread' as typeof PKG, { serial: 3 })
  await subject.store.journal.flush()
  const records = opened(t, subject.folder)
  t.strictSame(await records.projects(), [OTHER, PKG])
  const recorded = await records.project(PKG)
  t.strictSame(plain(recorded), plain(known))
  t.equal(recorded.findings.size, 0)
  t.equal((await records.project('nobody' as typeof PKG)).reading, undefined)
  await memory.learn(PKG, { serial: 4 })
  await subject.store.journal.flush()
  t.equal((await records.project(PKG)).serial, 4)
})

t.test('of another source there is nothing', async t => {
  const subject = await diskSubject(t)
  await (await subject.memory()).learn(PKG, { ...pageOf([fileOf('pkg-1.0.tar.gz')]), findings: [found()] })
  await subject.store.journal.flush()
  const records = opened(t, subject.folder, HELD)
  t.strictSame(await records.projects(), [])
  t.equal((await records.project(PKG)).sightings.size, 0)
  t.equal(await records.finding({ project: PKG, ...KEY }), undefined)
  t.strictSame(await everything(records.attested()), [])
})

t.test('the latest finding of exactly these bytes, whatever root it was made under', async t => {
  const subject = await diskSubject(t)
  const [earlier, later] = [found(attested(), {}), found(UNATTESTED, { trustDigest: 'next' }, instant(START + 5))]
  const failed = found(
    { kind: 'invalid', why: 'signature-invalid', detail: '' },
    { trustDigest: 'any' },
    instant(START + 9),
  )
  const differs = found(UNATTESTED, { trustDigest: 'metadata 1' }, instant(START + 9))
  await (await subject.memory()).learn(PKG, { findings: [earlier, later, failed, differs] })
  await subject.store.journal.flush()
  const records = opened(t, subject.folder)
  t.strictSame(await records.finding({ project: PKG, ...KEY }), { finding: UNATTESTED, found: START + 5 })
  t.equal(await records.finding({ project: PKG, ...KEY, sha256: sha256Of('other') }), undefined)
  t.equal(await records.finding({ project: PKG, ...KEY, filename: 'pkg-1.0.zip' }), undefined)
  t.equal(await records.finding({ project: OTHER, ...KEY }), undefined)
  const database = new Database(subject.file)
  database.exec(`update findings set found = found + 1 where trust = 'next'`)
  database.close()
  t.equal(
    (await records.finding({ project: PKG, ...KEY }))?.finding.kind,
    'attested',
    'a row that was edited is absent',
  )
})

t.test('every finding that proved something, in batches between which others have their turn', async t => {
  const subject = await diskSubject(t)
  const filenames = Array.from({ length: 1_200 }, (_, number) => `pkg-1.${number}.tar.gz`)
  const findings = filenames.map((filename, number) => found(number % 2 === 0 ? attested() : UNATTESTED, { filename }))
  await (await subject.memory()).learn(PKG, { findings })
  await subject.store.journal.flush()
  let turns = 0
  const ticking = setInterval(() => (turns += 1), 0)
  t.teardown(() => clearInterval(ticking))
  const all = await everything(opened(t, subject.folder).attested())
  t.strictSame(
    all.map(({ filename }) => filename),
    filenames.filter((_, number) => number % 2 === 0),
  )
  t.ok(turns > 0)
  t.equal(all[0]?.finding.kind === 'attested' && encodeFinding(all[0].finding), encodeFinding(attested()))
})

t.test('the journal from a moment on, oldest first, in batches, up to what was there when it began', async t => {
  const subject = await diskSubject(t)
  for (let number = 0; number < 1_300; number += 1)
    subject.store.journal.record({ ...ENTRY, at: instant(START + number), client: `${number}` })
  await subject.store.journal.flush()
  const records = opened(t, subject.folder)
  let turns = 0
  const ticking = setInterval(() => (turns += 1), 0)
  t.teardown(() => clearInterval(ticking))
  const clients: string[] = []
  for await (const { client, ...entry } of records.journal(instant(START + 100))) {
    if (clients.length === 0) {
      subject.store.journal.record({ ...ENTRY, at: instant(START + 9_999) })
      await subject.store.journal.flush()
      const { client: _, ...expected } = ENTRY
      t.strictSame(entry, { ...expected, at: START + 100, count: 1 })
    }
    clients.push(client)
  }
  t.strictSame(
    clients,
    Array.from({ length: 1_200 }, (_, number) => `${number + 100}`),
  )
  t.ok(turns > 0)
})

t.test('stored bytes, misses and refusals', async t => {
  const subject = await diskSubject(t)
  const bytes = Buffer.from('bytes')
  const writer = await subject.blobs.writer(sha256Of(bytes))
  await writer.write(bytes)
  await writer.commit()
  subject.misses.note(PKG, undefined, START)
  subject.misses.note(PKG, 'pkg-9.0.tar.gz', START)
  subject.misses.note(PKG, 'pkg-9.0.tar.gz', instant(START + 1))
  subject.store.refusals.put('aaaaaaaaaaaa', REFUSED, START)
  await subject.store.journal.flush()
  const records = opened(t, subject.folder)
  t.equal(await records.holds(sha256Of(bytes)), true)
  t.equal(await records.holds(sha256Of('other')), false)
  t.strictSame(await records.misses(), [
    { project: PKG, filename: undefined, times: 1, last: START },
    { project: PKG, filename: 'pkg-9.0.tar.gz', times: 2, last: START + 1 },
  ])
  t.strictSame(await records.refusals.get('aaaaaaaaaaaa'), { refused: REFUSED, at: START })
  t.equal(await records.refusals.get('bbbbbbbbbbbb'), undefined)
})

t.test('closed records cannot be read', async t => {
  const subject = await diskSubject(t)
  const records = readRecords(subject.folder, INDEX)
  await records?.close()
  await t.rejects(async () => await records?.projects(), { code: 'unknown-store' })
})

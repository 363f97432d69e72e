// guards: src/store/sqlite/migrations/first/0001-begin.ts src/store/sqlite/migrations/first/0002-history.ts
// guards: src/store/sqlite/migrations/first/0003-mirror.ts src/store/sqlite/migrations/first/0004-sources.ts
// guards: src/store/sqlite/migrations/first/0005-second-sights.ts src/store/sqlite/migrations/first/0006-given.ts
// guards: src/store/sqlite/migrations/first/0007-whole-readings.ts src/store/sqlite/migrations/first/0008-offers.ts
// guards: src/store/sqlite/migrations/first/0009-documents.ts src/store/sqlite/migrations/0012-held-sources.ts
// guards: src/store/sqlite/letting-go.ts src/store/sqlite/tables/forgotten-table.ts src/store/sqlite/tables/settled-table.ts
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { isChanged, type ListedFile } from '../../../src/domain/memory/sighting.ts'
import { HELD, type Source, sourceAt } from '../../../src/domain/memory/source.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { heldFileJson } from '../../../src/protocol/carry/held-file-json.ts'
import { forgetIn } from '../../../src/store/sqlite/forget.ts'
import { applyMigrations } from '../../../src/store/sqlite/migrations/apply-migrations.ts'
import { readRecords } from '../../../src/store/sqlite/read-records.ts'
import { APPLICATION_ID } from '../../../src/store/sqlite/schema.ts'
import { encodeRefused } from '../../../src/store/sqlite/tables/refused-codec.ts'
import { encodeFinding } from '../../../src/verify/evidence/finding-codec.ts'
import { attested } from '../../world/judging/judging.ts'
import { fileOf, findingIn, KEY, PKG, pageOf, plain, proved } from '../facts.ts'
import { type DiskSubject, diskSubject, INDEX, START } from '../stores.ts'
import { ENTRY, heldFile, OPERATOR, REFUSED } from '../written.ts'

const DAY = 86_400_000
const UNATTESTED = { kind: 'unattested', said: 'integrity' } as const

/** What there was before sources were told apart, written as it was then. */
class Before {
  readonly folder: string
  readonly database: Database.Database

  private constructor(folder: string, database: Database.Database) {
    this.folder = folder
    this.database = database
  }

  static async begin(t: Test): Promise<Before> {
    const folder = join(t.testdir(), 'data')
    mkdirSync(folder)
    const database = new Database(join(folder, 'portcullis.sqlite'))
    t.teardown(() => database.close())
    database.pragma(`application_id = ${APPLICATION_ID}`)
    database.pragma('journal_mode = wal')
    await applyMigrations(database, '0003-mirror')
    return new Before(folder, database)
  }

  page(project: string, lastRead: number): this {
    this.database.prepare(`insert into pages values (?, ?, 'archived', ?)`).run(project, lastRead, START)
    return this
  }

  file(project: string, filename: string, changes: Readonly<Record<string, unknown>> = {}): this {
    const { sha256 } = fileOf(filename)
    const row = {
      project,
      filename,
      sha256: Buffer.from(sha256, 'hex'),
      place: Buffer.from(sha256, 'hex'),
      first_seen: START,
      version: '1.0',
      uploaded: START - 9,
      offered: START + 1,
      absent: START - 1,
      gone: null,
      yanked: null,
      ...changes,
    }
    const columns = Object.keys(row)
    this.database
      .prepare(`insert into files (${columns.join()}) values (${columns.map(() => '?').join()})`)
      .run(...Object.values(row))
    return this
  }

  finding(changes: Partial<typeof KEY> & { readonly seal?: Buffer } = {}, finding = encodeFinding(attested())): this {
    const { seal, ...keys } = changes
    const { sha256, filename, trustDigest } = { ...KEY, ...keys }
    const right = hash('sha256', `${sha256} ${filename} ${trustDigest} ${START} ${finding}`, 'buffer')
    this.database
      .prepare('insert into findings values (unhex(?), ?, ?, ?, ?, ?)')
      .run(sha256, filename, trustDigest, finding, START, seal ?? right)
    return this
  }

  run(statement: string, ...values: readonly unknown[]): this {
    this.database.prepare(statement).run(...values)
    return this
  }

  async open(t: Test): Promise<DiskSubject> {
    this.database.close()
    return await diskSubject(t, { folder: this.folder })
  }

  /** Brought up to date, and said to be of the index: to look at all that was there. */
  async openOfIndex(t: Test): Promise<DiskSubject> {
    await applyMigrations(this.database)
    return await this.run('update sources set source = ?', INDEX).open(t)
  }
}

t.test('nothing is lost of what was written before sources were told apart', async t => {
  const { proof } = proved()
  const held = heldFile()
  const before = (await Before.begin(t))
    .page('pkg', START + 5)
    .file('pkg', 'pkg-1.0.tar.gz')
    .file('pkg', 'pkg-0.9.zip', {
      version: '0.9',
      sha256: null,
      gone: START + 2,
      yanked: START + 1,
      first_seen: START - DAY,
    })
    .file('pkg', 'pkg.txt', { version: null, uploaded: null, offered: null, absent: null })
    .finding({ sha256: sha256Of('pkg-1.0.tar.gz') })
    .run('insert into serials values (?, ?)', 'pkg', 7)
    .run('insert into signers values (1, ?, ?, ?)', proof.signer, proof.root, JSON.stringify(proof.claims))
    .run('insert into proofs values (?, ?, ?, 1, ?, ?)', 'pkg', 'pkg-1.0.tar.gz', '1.0', proof.at, proof.signedAt)
    .run('insert into refusals values (?, ?, ?)', 'aaaaaaaaaaaa', encodeRefused(REFUSED), START)
    .run('insert into facts values (?, ?)', 'newest', START + 100)
    .run('insert into misses values (?, ?, ?, ?)', 'pkg', 'pkg-9.0.tar.gz', 3, START)
    .run(`insert into passages values ('', 1, ?, null)`, sha256Of('manifest'))
    .run(
      'insert into held values (?, ?, ?, null, null, ?)',
      'pkg',
      held.filename.text,
      held.sha256,
      JSON.stringify(heldFileJson(held)),
    )
  const words = Object.entries({ ...ENTRY, identity: JSON.stringify(ENTRY.identity) }).filter(([name]) => name !== 'at')
  for (const [id, [, word]] of words.entries()) before.run('insert or ignore into words values (?, ?)', id + 1, word)
  const numbers = words.map(([, word]) =>
    before.database.prepare('select id from words where word = ?').pluck().get(word),
  )
  const columns = words.map(([name]) => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`))
  before.run(
    `insert into journal (at, count, ${columns.join()}) values (?, 2, ${columns.map(() => '?').join()})`,
    START,
    ...numbers,
  )

  const subject = await before.openOfIndex(t)
  for (const round of ['migrated', 'and opened again']) {
    const known = await (await subject.memory()).of(PKG)
    const { path, version } = fileOf('pkg-1.0.tar.gz')
    const asOf = START + 5
    t.match(known.reading, { lastRead: START + 5, status: 'archived', statusSince: START }, round)
    t.equal(known.serial, 7)
    t.strictSame(known.sightings.get('pkg-1.0.tar.gz'), {
      filename: 'pkg-1.0.tar.gz',
      sha256: sha256Of('pkg-1.0.tar.gz'),
      other: undefined,
      firstSeen: START,
      uploaded: START - 9,
      offered: START + 1,
      offering: undefined,
      absent: START - 1,
      missed: START - 1,
      path,
      version,
      gone: undefined,
      yanked: undefined,
      asOf,
    })
    t.match(known.sightings.get('pkg-0.9.zip'), { sha256: undefined, gone: START + 2, yanked: START + 1, asOf })
    t.match(known.sightings.get('pkg.txt'), { version: undefined, uploaded: undefined, offered: undefined, asOf })
    t.strictSame([...known.proofs.values()], [proved()])
    t.equal(known.history.first?.filename, 'pkg-1.0.tar.gz')
    const finding = known.findings.get({ ...KEY, sha256: sha256Of('pkg-1.0.tar.gz') })
    t.equal(finding?.found, START)
    t.equal(finding === undefined ? '' : encodeFinding(finding.finding), encodeFinding(attested()))
    t.equal(await (await subject.memory()).projectOf(path), PKG)
    t.strictSame(await subject.journal(), [{ ...ENTRY, count: 2 }])
    t.strictSame(await subject.store.refusals.get('aaaaaaaaaaaa'), { refused: REFUSED, at: START })
    t.equal(subject.store.watermark.newest(), START + 100)
    t.strictSame(await subject.holdings.all(), [held])
    t.strictSame(await subject.holdings.exports(), [{ sequence: 1, manifest: sha256Of('manifest') }])
    const records = readRecords(subject.folder, INDEX)
    const miss = { project: PKG, filename: 'pkg-9.0.tar.gz', times: 3, last: START }
    t.strictSame(await records?.misses(), [miss])
    await records?.close()
    t.strictSame(
      subject.events.filter(({ type }) => type === 'alarm'),
      [],
    )
    await subject.reopen()
  }
})

t.test('a finding becomes the one of every project that lists its file', async t => {
  const key = { ...KEY, filename: 'pkg-2-4.tar.gz' }
  const sha256 = Buffer.from(key.sha256, 'hex')
  const before = await Before.begin(t)
  const subject = await before
    .file('pkg', key.filename, { sha256 })
    .file('pkg-2', key.filename, { sha256 })
    .finding(key)
    .openOfIndex(t)
  const memory = await subject.memory()
  for (const project of ['pkg', 'pkg-2'].map(parseProjectName))
    t.equal((await memory.of(project)).findings.get(key)?.finding.kind, 'attested', project)
})

const likeliest: Readonly<Record<string, (before: Before) => Before>> = {
  'no page ever listed': before => before,
  'a page listed with other bytes': before => before.file('pkg', 'pkg-1.0.tar.gz'),
  'a page of that project alone listed': before =>
    before.file('pkg', 'pkg-1.0.tar.gz').file('other', 'other-1.0.tar.gz'),
}
for (const [what, prepare] of Object.entries(likeliest))
  t.test(`a finding of a file that ${what} belongs to the project that its name says`, async t => {
    const subject = await prepare(await Before.begin(t))
      .finding()
      .openOfIndex(t)
    t.equal((await findingIn(await subject.memory()))?.finding.kind, 'attested')
  })

t.test('of several projects that a name could belong to, the one that listed it has the finding', async t => {
  const key = { ...KEY, filename: 'pkg-2-4.tar.gz' }
  const before = await Before.begin(t)
  const subject = await before.file('pkg-2', key.filename).finding(key).openOfIndex(t)
  const memory = await subject.memory()
  t.equal((await memory.of(parseProjectName('pkg-2'))).findings.get(key)?.finding.kind, 'attested')
  t.equal((await memory.of(PKG)).findings.get(key), undefined)
})

t.test('that a file was missing in what may have been one odd page is healed, and nothing else', async t => {
  const late = START + DAY
  const subject = await (await Before.begin(t))
    .page('pkg', late)
    .file('pkg', 'pkg-1.0.tar.gz', { absent: null })
    .file('pkg', 'pkg-1.1.zip', { first_seen: START + 90, absent: START })
    .file('pkg', 'pkg-1.2.zip', { first_seen: late, absent: START })
    .file('pkg', 'pkg-1.3.zip', { first_seen: START, absent: late })
    .file('pkg', 'pkg-1.4.zip', { first_seen: late, absent: START + 600_000 })
    .file('pkg', 'pkg-1.5.zip', { first_seen: START + 600_000, absent: late })
    .file('other', 'other-1.0.zip', { first_seen: late, absent: late - 1 })
    .openOfIndex(t)
  for (const round of ['migrated', 'and opened again']) {
    const { sightings, reading } = await (await subject.memory()).of(PKG)
    t.strictSame(reading?.whole, { first: START, last: late }, round)
    const missed = Object.fromEntries(sightings.values().map(file => [file.filename, file.missed]))
    t.strictSame(missed, {
      'pkg-1.0.tar.gz': undefined,
      'pkg-1.1.zip': undefined, // missing on the first page
      'pkg-1.2.zip': undefined, // and seen long after
      'pkg-1.3.zip': undefined, // there from the first page on, and missing some time
      'pkg-1.4.zip': START + 600_000, // the page was read without it for ten minutes
      'pkg-1.5.zip': late, // nobody knows any more how long it was missing before it came
    })
    await subject.reopen()
  }
  const other = await (await subject.memory()).of(parseProjectName('other'))
  t.match(other.sightings.get('other-1.0.zip'), { absent: late - 1, missed: undefined }, 'for a cooldown it counts')
})

t.test('what a source was told beside what is nobody’s counts from when that was read', async t => {
  const before = (await Before.begin(t)).page('pkg', START).file('pkg', 'pkg-1.0.tar.gz', { first_seen: START - DAY })
  await applyMigrations(before.database, '0006-given')
  const place = Buffer.from(sha256Of('x'), 'hex')
  before.run('insert into sources values (7, ?)', INDEX).run(
    `insert into files (source, project, filename, place, first_seen, version, absent, as_of)
       values (7, 'pkg', 'pkg-2.0.zip', ?, ?, '2.0', ?, ?)`,
    place,
    START + 9,
    START,
    START + 9,
  )
  const subject = await before.open(t)
  const { sightings } = await (await subject.memory()).of(PKG)
  t.equal(sightings.get('pkg-2.0.zip')?.missed, START)
})

t.test('a finding whose seal was wrong stays absent', async t => {
  const subject = await (await Before.begin(t))
    .finding({ seal: Buffer.alloc(32) })
    .finding({ trustDigest: 'any' }, encodeFinding(UNATTESTED))
    .openOfIndex(t)
  const memory = await subject.memory()
  t.equal(await findingIn(memory), undefined)
  t.strictSame((await findingIn(memory, { ...KEY, trustDigest: 'any' }))?.finding, UNATTESTED)
})

/** What a source knows of pkg after its page was read with these files. */
async function readBy(subject: DiskSubject, source: Source, files: readonly ListedFile[], at = instant(START + 50)) {
  return await (await subject.memory(source)).learn(PKG, pageOf(files, at))
}

t.test('what was written before is the source’s whose page agrees with it, and no other’s', async t => {
  const before = (await Before.begin(t))
    .page('pkg', START)
    .file('pkg', 'pkg-1.0.tar.gz', { first_seen: START - DAY })
    .file('other', 'other-1.0.zip')
  const subject = await before.finding({ sha256: sha256Of('pkg-1.0.tar.gz') }).open(t)
  const key = { ...KEY, sha256: sha256Of('pkg-1.0.tar.gz') }
  const other = await readBy(subject, HELD, [fileOf('pkg-1.0.tar.gz', 'another'), fileOf('pkg-2.0.tar.gz')])
  t.equal(isChanged(other.sightings, fileOf('pkg-1.0.tar.gz', 'another')), true, 'it counts against one that does not')
  t.equal(other.sightings.get('pkg-2.0.tar.gz')?.absent, START, 'and what that one lists is not older')
  t.equal(other.findings.get(key), undefined, 'and for none')
  const claimed = await readBy(subject, INDEX, [fileOf('pkg-1.0.tar.gz')])
  t.equal(claimed.sightings.get('pkg-1.0.tar.gz')?.firstSeen, START - DAY)
  for (const round of [1, 2]) {
    t.equal((await findingIn(await subject.memory(INDEX), key))?.finding.kind, 'attested', `round ${round}`)
    const known = await (await subject.memory(HELD)).of(PKG)
    t.equal(isChanged(known.sightings, fileOf('pkg-1.0.tar.gz')), true, 'the other goes by its own word from then on')
    t.equal(known.sightings.size, 2)
    const rest = await (await subject.memory(HELD)).of(parseProjectName('other'))
    t.equal(rest.sightings.size, 1, 'another project is nobody’s still')
    await subject.reopen()
  }
})

t.test('no source takes it by being asked first, nor by what its page cannot know', async t => {
  const { proof } = proved()
  const before = (await Before.begin(t))
    .page('pkg', START)
    .file('pkg', 'pkg-1.0.tar.gz')
    .run('insert into serials values (?, ?)', 'pkg', 7)
    .run('insert into signers values (1, ?, ?, ?)', proof.signer, proof.root, JSON.stringify(proof.claims))
    .run('insert into proofs values (?, ?, ?, 1, ?, ?)', 'pkg', 'pkg-1.0.tar.gz', '1.0', proof.at, proof.signedAt)
  const subject = await before.open(t)
  const pages: Readonly<Record<string, readonly ListedFile[]>> = {
    'an empty page': [],
    'a page with another file': [fileOf('pkg-9.0.tar.gz')],
    'a page with other bytes': [fileOf('pkg-1.0.tar.gz', 'another')],
    'a page without a sha256': [{ ...fileOf('pkg-1.0.tar.gz'), sha256: undefined }],
    'a page with the bytes under another name': [fileOf('pkg-1.1.tar.gz', 'pkg-1.0.tar.gz')],
  }
  for (const [what, files] of Object.entries(pages)) {
    const wrong = await readBy(subject, sourceAt(`https://${Object.keys(pages).indexOf(what)}.example`), files)
    t.equal(wrong.history.first?.proof.signer, proof.signer, `${what} is held to the first identity`)
    t.equal(wrong.serial, 7, what)
    t.equal(wrong.sightings.get('pkg-1.0.tar.gz')?.sha256, sha256Of('pkg-1.0.tar.gz'), what)
  }
  await subject.reopen()
  const at = instant(START + 50)
  const right = await (await subject.memory()).learn(PKG, { ...pageOf([fileOf('pkg-1.0.tar.gz')], at), serial: 8 })
  t.match(right, { serial: 8, reading: { lastRead: at } })
  t.equal(right.history.first?.proof.at, proof.at)
  t.equal(right.sightings.size, 1, 'and of what they said nothing is in it')
  const late = await readBy(subject, sourceAt('https://0.example'), [])
  t.equal(late.history.first, undefined, 'from then on it counts against nobody else')
  const twin = await readBy(subject, sourceAt('https://mirror.example'), [fileOf('pkg-1.0.tar.gz')])
  t.equal(twin.history.first?.proof.at, proof.at, 'a second one that holds the same is given it as well')
  t.equal((await (await subject.memory()).of(PKG)).history.first?.proof.at, proof.at)
})

t.test('what is nobody’s can be let go of', async t => {
  const subject = await (await Before.begin(t)).page('pkg', START).file('pkg', 'pkg-1.0.tar.gz').open(t)
  const of = { source: INDEX, project: PKG }
  const order = { what: 'digest', of, filename: undefined, reason: 'x', by: OPERATOR } as const
  await subject.close()
  const place = { folder: subject.folder, isOurs: true, clock: () => START }
  t.equal(await forgetIn(place, order), true)
  t.equal(await forgetIn(place, order), false, 'once')
})

t.test('until it is a source’s, it counts as that of whoever reads the records', async t => {
  const before = (await Before.begin(t)).file('pkg', 'pkg-1.0.tar.gz').page('pkg', START)
  const subject = await before.open(t)
  const projectsIn = async (source: typeof INDEX) => {
    const records = readRecords(subject.folder, source)
    try {
      return await records?.projects()
    } finally {
      await records?.close()
    }
  }
  t.strictSame(await projectsIn(HELD), [PKG])
  t.strictSame(await projectsIn(INDEX), [PKG])
  await readBy(subject, INDEX, [fileOf('pkg-1.0.tar.gz')])
  t.strictSame(await projectsIn(HELD), [])
  t.strictSame(await projectsIn(INDEX), [PKG])
})

t.test('records of a database that was not brought up to date cannot be read', async t => {
  const before = (await Before.begin(t)).page('pkg', START)
  const records = readRecords(before.folder, INDEX)
  await t.rejects(async () => await records?.project(PKG), { code: 'unknown-store' })
  await t.rejects(async () => await records?.projects(), { code: 'unknown-store' })
  await records?.close()
})

t.test('what is learned after it goes on from what was known', async t => {
  const subject = await (await Before.begin(t)).file('pkg', 'pkg-1.0.tar.gz').page('pkg', START).openOfIndex(t)
  const at = instant(START + 50)
  const learned = await (await subject.memory()).learn(PKG, pageOf([], at))
  t.match(learned.sightings.get('pkg-1.0.tar.gz'), { gone: START, asOf: at })
  await subject.reopen()
  t.strictSame(plain(await (await subject.memory()).of(PKG)), plain(learned))
})

t.test('a migration that does not go through leaves everything as it was', async t => {
  const before = (await Before.begin(t)).file('pkg', 'pkg-1.0.tar.gz').finding()
  // the name is taken: it fails in the middle
  before.run('create table files_before (x)')
  const { folder } = before
  before.database.close()
  const database = new Database(join(folder, 'portcullis.sqlite'))
  t.teardown(() => database.close())
  await t.rejects(applyMigrations(database))
  database.exec('rollback')
  const names = database.prepare(`select name from kysely_migration order by name`).pluck().all()
  t.strictSame(names, ['0001-begin', '0002-history', '0003-mirror'])
  t.equal(database.prepare('select count(*) from findings').pluck().get(), 1)
  t.equal(database.prepare(`select count(*) from sqlite_schema where name = 'sources'`).pluck().get(), 0)
  database.exec('drop table files_before')
  await applyMigrations(database)
  t.equal(database.prepare('select count(*) from findings').pluck().get(), 1)
})

t.test('a process that is killed while it brings a database up to date leaves the old one or the new one', async t => {
  const before = await Before.begin(t)
  for (let number = 0; number < 3_000; number += 1) before.file('pkg', `pkg-1.${number}.tar.gz`)
  before.finding().database.close()
  const file = join(before.folder, 'portcullis.sqlite')
  const script = new URL('./migrate-child.ts', import.meta.url).pathname
  let migrated: number | undefined = 0
  for (let ms = 10; migrated === 0 && ms < 10_000; ms *= 1.3) {
    const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'ignore'] })
    const exited = once(child, 'exit')
    await once(child.stdout, 'data')
    await delay(ms)
    child.kill('SIGKILL')
    await exited
    const database = new Database(file)
    migrated = database.prepare<[], number>(`select count(*) from sqlite_schema where name = 'sources'`).pluck().get()
    t.equal(
      database.prepare('select count(*) from files').pluck().get(),
      3_000,
      `killed after ${Math.round(ms)} ms: migrated ${migrated}`,
    )
    t.equal(database.prepare('select count(*) from findings').pluck().get(), 1)
    database.close()
  }
  t.equal(migrated, 1, 'the last one came to its end')
  const subject = await diskSubject(t, { folder: before.folder })
  const known = await readBy(subject, INDEX, [fileOf('pkg-1.0.tar.gz')])
  t.equal(known.sightings.size, 3_000)
  t.equal(known.findings.get(KEY)?.finding.kind, 'attested')
})

t.test('one lie that was written down before heals, and what was let out stays as it was', async t => {
  const [served, stored, lied] = ['pkg-1.0.tar.gz', 'pkg-1.1.tar.gz', 'pkg-1.2.tar.gz'] as const
  const before = (await Before.begin(t))
    .page('pkg', START)
    .file('pkg', served)
    .file('pkg', stored)
    .file('pkg', lied)
    .file('other', 'pkg-1.0-py3-none-any.whl', { version: null })
    .run('insert into serials values (?, ?)', 'pkg', 999_999_999_999_999)
    .run('insert into serials values (?, ?)', 'other', 30_000_000)
    .run('insert into blobs values (?, ?, ?, ?)', sha256Of(stored), '', 1, START)
  for (const [id, word] of ['admitted', sha256Of(served), 'x'].entries())
    before.run('insert into words values (?, ?)', id + 1, word)
  before.run(
    `insert into journal (at, filename, project, sha256, outcome, code, policy_digest, client, count)
     values (?, 3, 3, 2, 1, 3, 3, 3, 1)`,
    START,
  )
  const memory = await (await before.openOfIndex(t)).memory()
  const { serial, serials, settled } = await memory.of(PKG)
  t.equal(serial, undefined, 'no index can have had so many changes')
  t.match(serials, { doubt: { value: 999_999_999_999_999 } })
  t.strictSame([...settled.keys()].sort(), [served, stored])
  t.equal((await memory.of(parseProjectName('other'))).serial, 30_000_000)
  t.equal(await memory.projectOf(fileOf('pkg-1.0-py3-none-any.whl').path), undefined, 'another project’s wheel')
})

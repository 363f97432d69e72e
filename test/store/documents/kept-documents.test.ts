// guards: src/store/documents/document-writer.ts
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { type Blobs, readBlob } from '../../../src/ports/blobs.ts'
import type { DiskBlobs } from '../../../src/store/disk/disk.ts'
import { createKeptDocuments, recordsOfFiles } from '../../../src/store/documents/kept-documents.ts'
import { readRecords } from '../../../src/store/sqlite/read-records.ts'
import { type BlobRecords, IN_DATABASE } from '../../../src/store/sqlite/tables/blob-records-table.ts'
import { until } from '../../world/until.ts'
import { type DiskSubject, diskSubject, INDEX } from '../stores.ts'
import { heldFile } from '../written.ts'

const KIB = 1024

async function put(blobs: Blobs, bytes: Buffer, kind: 'writer' | 'documentWriter' = 'documentWriter'): Promise<Sha256> {
  const sha256 = sha256Of(bytes)
  const writer = await blobs[kind](sha256)
  for (let at = 0; at < bytes.length; at += 1_000) await writer.write(bytes.subarray(at, at + 1_000))
  await writer.commit()
  return sha256
}

async function served(blobs: Blobs, sha256: Sha256): Promise<Buffer | 'absent'> {
  const blob = await blobs.open(sha256)
  return (blob === undefined ? undefined : await readBlob(blob, 1e9)) ?? 'absent'
}

function filesIn({ folder }: DiskSubject): readonly string[] {
  return readdirSync(join(folder, 'blobs'), { recursive: true, encoding: 'utf8' })
    .filter(name => /[0-9a-f]{64}/.test(name))
    .map(name => name.slice(-64))
}

/** Content by digest as another process finds it. */
function rowsIn({ file }: DiskSubject): ReadonlyMap<string, Buffer> {
  return inDatabase(
    file,
    database =>
      new Map(database.prepare<[], [string, Buffer]>('select lower(hex(sha256)), content from documents').raw().all()),
  )
}

function writtenIn({ file }: DiskSubject): number {
  return inDatabase(
    file,
    database =>
      database.prepare<[], number>('select coalesce(sum(length(content)), 0) from documents').pluck().get() ?? 0,
  )
}

function inDatabase<Result>(file: string, action: (database: Database.Database) => Result): Result {
  const database = new Database(file)
  try {
    return action(database)
  } finally {
    database.close()
  }
}

function alarms({ events }: DiskSubject): readonly string[] {
  return events.flatMap(event => (event.type === 'alarm' ? [event.alarm] : []))
}

t.test('a small document is a row and no file, and comes back after a restart', async t => {
  const subject = await diskSubject(t)
  const bytes = randomBytes(10_000)
  const sha256 = await put(subject.blobs, bytes)
  await subject.store.journal.flush()
  t.same(rowsIn(subject), new Map([[sha256, bytes]]))
  t.strictSame(filesIn(subject), [])
  await subject.reopen()
  t.same(await served(subject.blobs, sha256), bytes)
  t.equal(subject.blobs.totalBytes(), bytes.length)
})

t.test('64 KiB are small, and one byte more is a file', async t => {
  const subject = await diskSubject(t)
  const small = await put(subject.blobs, randomBytes(64 * KIB))
  const large = await put(subject.blobs, randomBytes(64 * KIB + 1))
  await subject.reopen()
  t.strictSame([...rowsIn(subject).keys()], [small])
  t.strictSame(filesIn(subject), [large])
  t.equal((await served(subject.blobs, large)).length, 64 * KIB + 1)
})

t.test('a document is read, and counted, before its batch is written, and comes to the disk', async t => {
  const subject = await diskSubject(t)
  const bytes = randomBytes(3_000)
  const sha256 = await put(subject.blobs, bytes)
  t.equal(rowsIn(subject).size, 0)
  t.same(await served(subject.blobs, sha256), bytes)
  t.equal(subject.blobs.totalBytes(), bytes.length)
  await until('it is on the disk', () => rowsIn(subject).size > 0)
  t.same(rowsIn(subject).get(sha256), bytes)
})

const DAMAGES: Readonly<Record<string, string>> = {
  'one byte changed': `update documents set content = cast(x'ff' || substr(content, 2) as blob) where sha256 = unhex(?)`,
  'its end cut off':
    'update documents set content = cast(substr(content, 1, length(content) - 1) as blob) where sha256 = unhex(?)',
  'a byte too many': `update documents set content = cast(content || x'00' as blob) where sha256 = unhex(?)`,
  'nothing left in it': `update documents set content = x'' where sha256 = unhex(?)`,
  'another one’s content': `update documents set content = (select content from documents as other where other.sha256 <> documents.sha256)
    where sha256 = unhex(?)`,
  'its content gone': 'delete from documents where sha256 = unhex(?)',
}

for (const [what, statement] of Object.entries(DAMAGES))
  t.test(`a row with ${what} is never given out: there is an alarm, and it can be stored again`, async t => {
    const subject = await diskSubject(t)
    const bytes = Buffer.alloc(5_000, 'a document ')
    const sha256 = await put(subject.blobs, bytes)
    const other = await put(subject.blobs, randomBytes(4_000))
    await subject.close()
    inDatabase(subject.file, database => database.prepare(statement).run(sha256))
    await subject.reopen()
    t.equal(await served(subject.blobs, sha256), 'absent')
    t.strictSame(alarms(subject), ['blob-corrupt'])
    t.equal(subject.blobs.totalBytes(), 4_000)
    t.equal(await served(subject.blobs, sha256), 'absent')
    t.strictSame(alarms(subject), ['blob-corrupt'], 'told once')
    t.equal((await served(subject.blobs, other)).length, 4_000, 'its neighbour is')
    await put(subject.blobs, bytes)
    await subject.reopen()
    t.same(await served(subject.blobs, sha256), bytes)
  })

t.test('the scrub, and whoever checks one, find a damaged row though the right bytes are in memory', async t => {
  for (const look of ['scrub', 'check'] as const)
    await t.test(look, async t => {
      const subject = await diskSubject(t)
      const sha256 = await put(subject.blobs, randomBytes(5_000))
      await subject.store.journal.flush()
      t.type(await served(subject.blobs, sha256), Buffer)
      inDatabase(subject.file, database => database.exec(`update documents set content = x'00'`))
      if (look === 'scrub') await (subject.blobs as DiskBlobs).scrub()
      else t.equal(await subject.blobs.check(sha256), false)
      t.strictSame(alarms(subject), ['blob-corrupt'])
      t.equal(await served(subject.blobs, sha256), 'absent')
    })
})

t.test(
  'a document that an older gate stored as a file stays one: it is read, counted and not written twice',
  async t => {
    const subject = await diskSubject(t)
    const bytes = randomBytes(5_000)
    const sha256 = await put(subject.blobs, bytes, 'writer')
    await subject.reopen()
    t.same(await served(subject.blobs, sha256), bytes)
    await put(subject.blobs, bytes)
    await subject.reopen()
    t.equal(rowsIn(subject).size, 0)
    t.strictSame(filesIn(subject), [sha256])
    t.equal(subject.blobs.totalBytes(), bytes.length)
  },
)

t.test('a file that was removed, or is wrong, gives way to a row', async t => {
  const subject = await diskSubject(t)
  const bytes = randomBytes(5_000)
  const sha256 = await put(subject.blobs, bytes, 'writer')
  const removed = subject.blobs.remove(sha256)
  await Promise.all([removed, put(subject.blobs, bytes)])
  await subject.reopen()
  t.same(await served(subject.blobs, sha256), bytes)
  t.strictSame([rowsIn(subject).size, filesIn(subject).length], [1, 0])
})

t.test('a file that turns up beside a row takes its place, and what is there is counted once', async t => {
  const subject = await diskSubject(t)
  const bytes = randomBytes(5_000)
  const sha256 = await put(subject.blobs, bytes)
  const place = join(subject.folder, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4))
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, sha256), bytes)
  await (subject.blobs as DiskBlobs).takeStock()
  await subject.reopen()
  t.same(await served(subject.blobs, sha256), bytes)
  t.equal(subject.blobs.totalBytes(), bytes.length)
  t.equal(rowsIn(subject).size, 0)
  await subject.blobs.remove(sha256)
  t.equal(await served(subject.blobs, sha256), 'absent')
})

t.test('rows and files are bounded together, and go in the order of their use', async t => {
  const subject = await diskSubject(t, { cacheBytes: 100_000 })
  const stored: Sha256[] = []
  for (const [size, kind] of [
    [40_000, 'documentWriter'],
    [30_000, 'writer'],
    [20_000, 'documentWriter'],
  ] as const) {
    stored.push(await put(subject.blobs, randomBytes(size), kind))
    subject.now = (subject.now + 60_001) as typeof subject.now
  }
  await subject.reopen()
  const [first, second, third] = stored as [Sha256, Sha256, Sha256]
  await served(subject.blobs, first)
  subject.now = (subject.now + 60_001) as typeof subject.now
  const newest = await put(subject.blobs, randomBytes(35_000))
  await until('what is too much went', () => subject.blobs.totalBytes() <= 100_000)
  t.equal(subject.blobs.totalBytes(), 95_000)
  t.equal(await served(subject.blobs, second), 'absent', 'the file was used least recently')
  for (const sha256 of [first, third, newest]) t.type(await served(subject.blobs, sha256), Buffer)
  await put(subject.blobs, randomBytes(50_000))
  await until('what is too much went', () => subject.blobs.totalBytes() <= 100_000)
  t.equal(await served(subject.blobs, third), 'absent', 'then a row')
  await subject.reopen()
  t.notOk(rowsIn(subject).has(third), 'and its content went with it')
})

t.test('what a mirror holds is never let go of, rows no more than files', async t => {
  const subject = await diskSubject(t, { cacheBytes: 10_000 })
  const [provenance, coreMetadata] = [
    await put(subject.blobs, randomBytes(4_000)),
    await put(subject.blobs, randomBytes(4_000)),
  ]
  await subject.holdings.put([heldFile('pkg-1.0.tar.gz', { provenance, coreMetadata })])
  t.equal(rowsIn(subject).size, 2, 'they are on the disk before it says that it holds them')
  await subject.reopen()
  for (let number = 0; number < 5; number += 1) await put(subject.blobs, randomBytes(4_000))
  await until('what is too much went', () => subject.blobs.totalBytes() <= 18_000)
  for (const sha256 of [provenance, coreMetadata]) t.type(await served(subject.blobs, sha256), Buffer)
})

t.test('a command that reads beside a gate knows which documents are kept', async t => {
  const subject = await diskSubject(t)
  const sha256 = await put(subject.blobs, randomBytes(4_000))
  await subject.store.journal.flush()
  const records = readRecords(subject.folder, INDEX)
  t.equal(await records?.holds(sha256), true)
  t.equal(await records?.holds(sha256Of('other')), false)
  await records?.close()
})

t.test('while the database cannot be written to, nothing more is taken, what came is read, and it goes on', async t => {
  const subject = await diskSubject(t)
  const bytes = randomBytes(4_000)
  const sha256 = await put(subject.blobs, bytes)
  const other = new Database(subject.file)
  other.exec('begin immediate')
  await t.rejects(subject.store.journal.flush(), { code: 'unknown-store' })
  const later = randomBytes(4_000)
  await t.rejects(put(subject.blobs, later), { code: 'unknown-store' })
  t.equal(await served(subject.blobs, sha256Of(later)), 'absent')
  t.same(await served(subject.blobs, sha256), bytes)
  other.exec('rollback')
  other.close()
  await subject.store.journal.flush()
  await put(subject.blobs, later)
  await subject.reopen()
  t.same(await served(subject.blobs, sha256), bytes)
  t.same(await served(subject.blobs, sha256Of(later)), later)
})

t.test('however fast they come, some megabytes of documents wait to be written at most', async t => {
  const subject = await diskSubject(t)
  const documents = Array.from({ length: 200 }, () => randomBytes(60 * KIB))
  let most = 0
  await Promise.all(
    documents.map(async bytes => {
      await put(subject.blobs, bytes)
      most = Math.max(most, subject.blobs.totalBytes() - writtenIn(subject))
    }),
  )
  t.comment(`${(most / KIB / KIB).toFixed(1)} MiB of ${((200 * 60) / KIB).toFixed(1)} MiB waited`)
  t.ok(most < 6 * KIB * KIB)
  await subject.reopen()
  for (const bytes of documents) if (!bytes.equals(await bufferOf(subject.blobs, bytes))) t.fail('one is lost')
})

async function bufferOf(blobs: Blobs, bytes: Buffer): Promise<Buffer> {
  const found = await served(blobs, sha256Of(bytes))
  return found === 'absent' ? Buffer.alloc(0) : found
}

/** Records in memory that count what they are asked for. */
function countingRecords() {
  const contents = new Map<Sha256, Buffer>()
  const asked = { contents: 0 }
  const records: BlobRecords = {
    get(sha256) {
      const size = contents.get(sha256)?.length
      return size === undefined ? undefined : { stat: IN_DATABASE, size }
    },
    put() {},
    confirm() {},
    withdraw() {},
    async putDocument(sha256, content) {
      contents.set(sha256, content)
    },
    content(sha256) {
      asked.contents += 1
      return contents.get(sha256)
    },
    delete: sha256 => void contents.delete(sha256),
    touch() {},
    total: () => 0,
    heldBytes: 0,
    oldest: () => [],
    next: () => undefined,
  }
  return { records, asked, contents }
}

t.test('what was read lately is not read again, and four megabytes of it stay at most', async t => {
  const { records, asked } = countingRecords()
  const documents = createKeptDocuments({ records, events: { emit() {} } })
  const many = Array.from({ length: 100 }, () => randomBytes(60 * KIB))
  for (const bytes of many) await documents.keep(sha256Of(bytes), bytes)
  const readAll = (from: number): number => {
    const before = asked.contents
    for (const bytes of many.slice(from)) t.same(documents.read(sha256Of(bytes)), bytes)
    return asked.contents - before
  }
  t.equal(readAll(40), 0)
  t.ok(readAll(0) > 30)
})

t.test('whoever keeps files sees no row, and takes none away', async t => {
  const { records, contents } = countingRecords()
  const sha256 = sha256Of('a')
  await records.putDocument(sha256, Buffer.from('a'))
  const ofFiles = recordsOfFiles(records)
  t.equal(ofFiles.get(sha256), undefined)
  ofFiles.delete(sha256)
  t.ok(contents.has(sha256))
})

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { type Sha256, sha256Of } from '../../src/domain/base/digest.ts'
import { type Instant, instant } from '../../src/domain/base/instant.ts'
import type { Blobs } from '../../src/ports/blobs.ts'
import { createDiskBlobs, type DiskBlobs } from '../../src/store/disk/disk.ts'
import type { BlobRecord, createBlobRecordsTable } from '../../src/store/sqlite/tables/blob-records-table.ts'
import { type DiskChanges, type DiskSubject, diskSubject, START } from '../store/stores.ts'
import { until } from '../world/until.ts'
import { fill, smallDisk } from './small-disk.ts'

const SMALL = 100_000
const LARGE = 3_000_000

interface Kept {
  readonly subject: DiskSubject
  readonly bytes: Buffer
  readonly sha256: Sha256
  /** where it lies */
  readonly path: string
}

async function put(blobs: Blobs, bytes: Buffer): Promise<Sha256> {
  const sha256 = sha256Of(bytes)
  const writer = await blobs.writer(sha256)
  await writer.write(bytes)
  await writer.commit()
  return sha256
}

function pathOf({ folder }: DiskSubject, sha256: Sha256): string {
  return join(folder, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
}

async function keep(t: Test, size: number, changes: DiskChanges = {}): Promise<Kept> {
  const subject = await diskSubject(t, changes)
  const bytes = randomBytes(size)
  const sha256 = await put(subject.blobs, bytes)
  return { subject, bytes, sha256, path: pathOf(subject, sha256) }
}

/** What a reader gets: the bytes, `absent`, or the code of the error. */
async function served(blobs: Blobs, sha256: Sha256): Promise<Buffer | string> {
  try {
    const blob = await blobs.open(sha256)
    if (blob === undefined) return 'absent'
    const buffer = Buffer.alloc(blob.size)
    for (let done = 0; done < buffer.length; ) {
      const count = await blob.read(buffer.subarray(done), done)
      if (count === 0) break
      done += count
    }
    blob.close()
    return buffer
  } catch (error) {
    return (error as { code: string }).code
  }
}

function are(bytes: Buffer, found: Buffer | string): boolean {
  return Buffer.isBuffer(found) && found.equals(bytes)
}

function alarms(subject: DiskSubject): readonly string[] {
  return subject.events.flatMap(event => (event.type === 'alarm' ? [event.alarm] : []))
}

function quarantined({ folder }: DiskSubject): readonly string[] {
  return readdirSync(join(folder, 'blobs', 'quarantine'))
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

const TAMPERINGS: Readonly<Record<string, (kept: Kept) => void>> = {
  'its first byte changed': ({ path }) => flip(path, 0),
  'its last byte changed': ({ path, bytes }) => flip(path, bytes.length - 1),
  'a byte changed and its times put back': ({ path, bytes }) => {
    const { atime, mtime } = statSync(path)
    flip(path, Math.floor(bytes.length / 2))
    utimesSync(path, atime, mtime)
  },
  'its end cut off': ({ path, bytes }) => truncateSync(path, bytes.length - 1),
  'nothing left in it': ({ path }) => truncateSync(path, 0),
  'a byte too many': ({ path }) => appendFileSync(path, 'x'),
  'another file put in its place': ({ path, bytes }) => {
    writeFileSync(`${path}.new`, randomBytes(bytes.length))
    renameSync(`${path}.new`, path)
  },
  'a symbolic link to the same bytes in its place': ({ path }) => {
    renameSync(path, `${path}.moved`)
    symlinkSync(`${path}.moved`, path)
  },
  'a symbolic link to nowhere in its place': ({ path }) => {
    rmSync(path)
    symlinkSync(`${path}.nowhere`, path)
  },
  'a second name': ({ path }) => linkSync(path, `${path}.second`),
  'a folder in its place': ({ path }) => {
    rmSync(path)
    mkdirSync(path)
  },
  'a pipe in its place': ({ path }) => {
    rmSync(path)
    execFileSync('mkfifo', [path])
  },
}

const RESTARTED = 'after a restart'

t.test('a stored file with', async t => {
  for (const [what, tamper] of Object.entries(TAMPERINGS))
    t.test(what, async t => {
      for (const size of [SMALL, LARGE])
        t.test(`${size} bytes: is set aside with an alarm when it is opened, and absent`, async t => {
          // a small one that is held open may come from memory: see below
          for (const state of size === SMALL ? [RESTARTED] : [RESTARTED, 'while it is held open']) {
            const kept = await keep(t, size)
            const { subject, sha256, bytes } = kept
            t.ok(are(bytes, await served(subject.blobs, sha256)))
            if (state === RESTARTED) await subject.close()
            tamper(kept)
            if (state === RESTARTED) await subject.reopen()
            t.equal(await served(subject.blobs, sha256), 'absent', state)
            t.strictSame(alarms(subject), ['blob-corrupt'], state)
            t.match(quarantined(subject), [new RegExp(`^${sha256}\\.`)], state)
            t.notOk(existsSync(kept.path), state)
            t.equal(subject.blobs.totalBytes(), 0, state)
            await put(subject.blobs, bytes)
            t.ok(are(bytes, await served(subject.blobs, sha256)), `stored anew ${state}`)
            await subject.close()
          }
        })
    })
})

t.test('a small file that comes from memory is served right, and looked at once a second', async t => {
  const kept = await keep(t, SMALL)
  const { subject, sha256, bytes, path } = kept
  await until('it comes from memory', async () => {
    await served(subject.blobs, sha256)
    const blob = await subject.blobs.open(sha256)
    const held = blob?.bytes
    blob?.close()
    return held?.equals(bytes) === true
  })
  flip(path, 5)
  const now = await served(subject.blobs, sha256)
  t.ok(now === 'absent' || (Buffer.isBuffer(now) && now.equals(bytes)), 'never the changed bytes')
  await new Promise(resolve => setTimeout(resolve, 1_050))
  t.equal(await served(subject.blobs, sha256), 'absent')
  t.strictSame(alarms(subject), ['blob-corrupt'])
})

t.test('a file that was put back from a backup is hashed, and served when it is the same', async t => {
  const { subject, sha256, bytes, path } = await keep(t, LARGE)
  copyFileSync(path, `${path}.backup`)
  rmSync(path)
  t.equal(await served(subject.blobs, sha256), 'absent')
  t.equal(subject.blobs.totalBytes(), 0)
  renameSync(`${path}.backup`, path)
  t.ok(are(bytes, await served(subject.blobs, sha256)))
  t.equal(subject.blobs.totalBytes(), bytes.length)
  t.strictSame(alarms(subject), [])
  await subject.reopen()
  t.ok(are(bytes, await served(subject.blobs, sha256)))
})

t.test('without the database every file is hashed before it is believed', async t => {
  const { subject, sha256, bytes } = await keep(t, LARGE)
  const bad = await put(subject.blobs, randomBytes(SMALL))
  await subject.close()
  flip(pathOf(subject, bad), 9)
  rmSync(subject.file)
  await subject.reopen()
  t.ok(are(bytes, await served(subject.blobs, sha256)))
  t.equal(await served(subject.blobs, bad), 'absent')
  t.strictSame(alarms(subject), ['blob-corrupt'])
  await (subject.blobs as DiskBlobs).takeStock()
  t.equal(subject.blobs.totalBytes(), bytes.length)
})

t.test('taking stock counts files that the database does not know, without believing them', async t => {
  const { subject, sha256, bytes, path } = await keep(t, SMALL)
  await subject.close()
  rmSync(subject.file)
  flip(path, 3)
  await subject.reopen()
  t.equal(subject.blobs.totalBytes(), 0)
  await (subject.blobs as DiskBlobs).takeStock()
  t.equal(subject.blobs.totalBytes(), bytes.length)
  t.equal(await served(subject.blobs, sha256), 'absent')
  t.equal(subject.blobs.totalBytes(), 0)
})

t.test('the scrub finds what no stat record tells', async t => {
  for (const size of [SMALL, LARGE])
    t.test(`in ${size} bytes`, async t => {
      const { subject, sha256, bytes, path } = await keep(t, size)
      const good = await put(subject.blobs, randomBytes(LARGE))
      await subject.close()
      flip(path, size - 1)
      const { dev, ino, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
      const database = new Database(subject.file)
      database
        .prepare('update blobs set stat = ? where sha256 = ?')
        .run(`${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, sha256)
      database.close()
      await subject.reopen()
      t.notOk(are(bytes, await served(subject.blobs, sha256)), 'the forged record is believed')
      await (subject.blobs as DiskBlobs).scrub()
      t.strictSame(alarms(subject), ['blob-corrupt'])
      t.equal(await served(subject.blobs, sha256), 'absent')
      t.type(await served(subject.blobs, good), Buffer)
    })
})

t.test('what an earlier process left half-written is cleared away, and nothing else', async t => {
  const { subject, sha256, bytes } = await keep(t, SMALL)
  await subject.close()
  const temporary = join(subject.folder, 'blobs', 'tmp')
  writeFileSync(join(temporary, '123-1'), 'half')
  writeFileSync(join(subject.folder, 'blobs', 'quarantine', 'evidence'), 'kept')
  await subject.reopen()
  t.strictSame(readdirSync(temporary), [])
  t.strictSame(quarantined(subject), ['evidence'])
  t.ok(are(bytes, await served(subject.blobs, sha256)))
})

t.test('a write that is given up leaves nothing behind', async t => {
  const subject = await diskSubject(t)
  const bytes = randomBytes(LARGE)
  for (const end of ['abort', 'commit'] as const) {
    const writer = await subject.blobs.writer(sha256Of('other bytes'))
    await writer.write(bytes)
    t.equal(readdirSync(join(subject.folder, 'blobs', 'tmp')).length, 1)
    await writer[end]().catch(() => {})
    t.strictSame(readdirSync(join(subject.folder, 'blobs', 'tmp')), [], end)
  }
})

t.test('a disk that fills up while a file is written', async t => {
  const disk = smallDisk(t, '12m')
  if (disk === undefined) return void t.pass('no disk can be mounted here', { skip: true })
  const subject = await diskSubject(t, { folder: join(disk.folder, 'data') })
  const bytes = randomBytes(8_000_000)
  const kept = await put(subject.blobs, randomBytes(SMALL))
  const ballast = join(disk.folder, 'ballast')
  writeFileSync(ballast, Buffer.alloc(6_000_000))
  const writer = await subject.blobs.writer(sha256Of(bytes))
  await t.rejects(
    (async () => {
      for (let at = 0; at < bytes.length; at += 65_536) await writer.write(bytes.subarray(at, at + 65_536))
      await writer.commit()
    })(),
    { code: 'unknown-store', detail: /ENOSPC/ },
  )
  await writer.abort()
  t.strictSame(readdirSync(join(subject.folder, 'blobs', 'tmp')), [])
  t.equal(await served(subject.blobs, sha256Of(bytes)), 'absent')
  t.type(await served(subject.blobs, kept), Buffer, 'what is stored is served')
  rmSync(ballast)
  await put(subject.blobs, bytes)
  t.ok(are(bytes, await served(subject.blobs, sha256Of(bytes))), 'and it goes on when there is room')
  const rest = fill(disk.folder)
  await t.rejects(put(subject.blobs, randomBytes(LARGE)), { code: 'unknown-store' })
  rmSync(rest)
})

t.test('the cache', async t => {
  t.test('lets the files go that were used least recently, and only as many as it must', async t => {
    const subject = await diskSubject(t, { cacheBytes: 10 * SMALL })
    const names: Sha256[] = []
    for (let number = 0; number < 10; number += 1) {
      subject.now = instant(START + number * 120_000)
      names.push(await put(subject.blobs, randomBytes(SMALL)))
    }
    t.equal(subject.blobs.totalBytes(), 10 * SMALL)
    await subject.reopen()
    subject.now = instant(START + 20 * 120_000)
    t.type(await served(subject.blobs, names[0] as Sha256), Buffer)
    await put(subject.blobs, randomBytes(2 * SMALL))
    await until('ten small ones are left', () => subject.blobs.totalBytes() <= 10 * SMALL)
    const outcomes = await Promise.all(names.map(async name => typeof (await served(subject.blobs, name)) === 'object'))
    t.strictSame(outcomes, [true, false, false, true, true, true, true, true, true, true])
    t.equal(subject.events.filter(event => event.type === 'blob' && event.action === 'evicted').length, 2)
  })
  t.test('keeps the newest file though it is larger than the cache, until the next', async t => {
    const subject = await diskSubject(t, { cacheBytes: SMALL })
    const first = await put(subject.blobs, randomBytes(LARGE))
    await new Promise(resolve => setTimeout(resolve, 50))
    t.type(await served(subject.blobs, first), Buffer)
    const second = await put(subject.blobs, randomBytes(SMALL))
    await until('one small one is left', () => subject.blobs.totalBytes() <= SMALL)
    t.equal(await served(subject.blobs, first), 'absent')
    t.type(await served(subject.blobs, second), Buffer)
  })
  t.test('who waited for a file gets it, whatever else is stored at the time', async t => {
    const subject = await diskSubject(t, { cacheBytes: SMALL })
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const bytes = randomBytes(SMALL)
        const sha256 = await put(subject.blobs, bytes)
        const read = await served(subject.blobs, sha256)
        return Buffer.isBuffer(read) && read.equals(bytes)
      }),
    )
    t.ok(outcomes.every(Boolean))
    await until(
      'one small one is left',
      () => subject.blobs.totalBytes() <= SMALL && subject.blobs.totalBytes() === sizeOnDisk(subject),
    )
  })
  t.test('a reader goes on reading what is let go', async t => {
    const subject = await diskSubject(t, { cacheBytes: LARGE })
    const bytes = randomBytes(LARGE)
    const sha256 = await put(subject.blobs, bytes)
    const blob = await subject.blobs.open(sha256)
    const buffer = Buffer.alloc(LARGE)
    await blob?.read(buffer.subarray(0, 1_000), 0)
    await put(subject.blobs, randomBytes(LARGE))
    await until('one large one is left', () => subject.blobs.totalBytes() <= LARGE)
    t.equal(await served(subject.blobs, sha256), 'absent')
    for (let done = 1_000; done < LARGE; ) done += (await blob?.read(buffer.subarray(done), done)) ?? LARGE
    t.ok(buffer.equals(bytes))
    blob?.close()
  })
  t.test('counts right, whatever happens at once', async t => {
    const subject = await diskSubject(t, { cacheBytes: 20 * SMALL })
    const contents = Array.from({ length: 40 }, (_, number) => Buffer.alloc(SMALL + number, number))
    await Promise.all(
      Array.from({ length: 300 }, async (_, turn) => {
        const bytes = contents[(turn * 7) % contents.length] as Buffer
        if (turn % 5 === 4) await subject.blobs.remove(sha256Of(bytes))
        else if (turn % 5 === 3) {
          const read = await served(subject.blobs, sha256Of(bytes))
          if (Buffer.isBuffer(read) && !read.equals(bytes)) t.fail('wrong bytes')
        } else await put(subject.blobs, bytes)
      }),
    )
    await until(
      'twenty small ones are left',
      () => subject.blobs.totalBytes() <= 20 * SMALL && subject.blobs.totalBytes() === sizeOnDisk(subject),
    )
    await subject.reopen()
    t.equal(subject.blobs.totalBytes(), sizeOnDisk(subject))
    t.strictSame(alarms(subject), [])
  })
})

t.test('descriptors are bounded and given back', async t => {
  if (!existsSync('/proc/self/fd')) return void t.pass('the system does not tell', { skip: true })
  const subject = await diskSubject(t)
  const open = (): number => readdirSync('/proc/self/fd').length
  const before = open()
  const readers = []
  const names: Sha256[] = []
  for (let number = 0; number < 400; number += 1) names.push(await put(subject.blobs, randomBytes(100)))
  for (const name of names) (await subject.blobs.open(name))?.close()
  // 256 that are kept open, and 64 that the disk does not have yet
  t.ok(open() - before <= 334, `${open() - before} more than before`)
  for (let turn = 0; turn < 500; turn += 1) readers.push(await subject.blobs.open(names[0] as Sha256))
  t.ok(open() - before <= 334, 'readers of one file share one')
  await subject.blobs.close()
  t.equal(
    Buffer.isBuffer(readers[0]?.bytes) || (await readers[0]?.read(Buffer.alloc(100), 0)) === 100,
    true,
    'who reads goes on',
  )
  for (const reader of readers) reader?.close()
  await until('the files are closed', () => open() <= before)
  await t.rejects(
    (async () => {
      if (readers[0]?.bytes === undefined) await readers[0]?.read(Buffer.alloc(1), 0)
      else throw Object.assign(new Error(), { code: 'unknown-store' })
    })(),
    { code: 'unknown-store' },
  )
})

t.test('a database that cannot be written to makes storing fail, not serving', async t => {
  const folder = t.testdir()
  const records = new Map<Sha256, BlobRecord>()
  let fails = false
  const blobs = await createDiskBlobs({
    folder,
    cacheBytes: 1e9,
    events: { emit: () => {} },
    clock: (): Instant => START,
    records: {
      get: sha256 => records.get(sha256),
      put(sha256, record) {
        if (fails) throw Object.assign(new Error('no'), { code: 'SQLITE_FULL' })
        records.set(sha256, record)
      },
      async putDocument() {},
      content: () => undefined,
      delete: sha256 => void records.delete(sha256),
      withdraw() {},
      confirm() {},
      touch() {},
      total: () => 0,
      heldBytes: 0,
      oldest: () => [],
      next: () => undefined,
    } satisfies ReturnType<typeof createBlobRecordsTable>,
  })
  const first = randomBytes(SMALL)
  await put(blobs, first)
  fails = true
  const second = randomBytes(SMALL)
  await t.rejects(put(blobs, second), { code: 'unknown-store', detail: /SQLITE_FULL/ })
  t.ok(are(first, await served(blobs, sha256Of(first))))
  t.equal(await served(blobs, sha256Of(second)), 'unknown-store')
  fails = false
  t.ok(are(second, await served(blobs, sha256Of(second))), 'hashed, and believed')
  await blobs.close()
})

function sizeOnDisk({ folder }: DiskSubject): number {
  const root = join(folder, 'blobs')
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

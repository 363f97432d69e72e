// guards: src/store/disk/blob-places.ts src/store/disk/disk-writer.ts
// guards: src/store/disk/disk.ts src/store/disk/eviction.ts
// guards: src/store/disk/scrub.ts src/store/disk/settling.ts src/store/disk/stat-record.ts src/store/disk/stored-files.ts
// guards: src/store/sqlite/tables/blob-records-table.ts src/store/documents/document-writer.ts
import { randomBytes } from 'node:crypto'
import { constants, lstatSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
import t from 'tap'
import { type Sha256, sha256Of } from '../../src/domain/base/digest.ts'
import type { Blobs } from '../../src/ports/blobs.ts'
import { Descriptor } from '../../src/store/disk/descriptor.ts'
import { OpenBlobs } from '../../src/store/disk/open-blobs.ts'
import { blobsConformance, readAll } from './conformance/blobs-conformance.ts'
import { diskSubject, memorySubject } from './stores.ts'

blobsConformance('memory', memorySubject)
blobsConformance('files', diskSubject)
blobsConformance('memory, as documents', memorySubject, 'documentWriter')
blobsConformance('files and rows, as documents', diskSubject, 'documentWriter')

async function put(blobs: Blobs, bytes: Buffer): Promise<Sha256> {
  const sha256 = sha256Of(bytes)
  const writer = await blobs.writer(sha256)
  await writer.write(bytes)
  await writer.commit()
  return sha256
}

t.test('a blob has a place for another process only while its file there is the one that was opened', async t => {
  const subject = await diskSubject(t, { readableBy: 'group' })
  const bytes = randomBytes(2_000)
  const sha256 = await put(subject.blobs, bytes)
  const path = `${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`
  const file = `${subject.folder}/blobs/${path}`
  const blob = await subject.blobs.open(sha256)
  t.equal(blob?.place?.(), path)
  t.equal(statSync(file).mode & 0o777, 0o640, 'whatever the umask')
  utimesSync(file, 1, 1)
  t.equal(blob?.place?.(), undefined, 'touched')
  t.ok(blob !== undefined && (await readAll(blob)).equals(bytes), 'whoever has it open reads on')
  blob?.close()
  const again = await subject.blobs.open(sha256)
  t.equal(again?.place?.(), path, 'hashed again')
  rmSync(file)
  t.equal(again?.place?.(), undefined, 'gone')
  again?.close()
  t.equal(await subject.blobs.open(sha256), undefined)
})

t.test('a blob that only the owner may read has no place for others', async t => {
  const subject = await diskSubject(t)
  const sha256 = await put(subject.blobs, randomBytes(2_000))
  const blob = await subject.blobs.open(sha256)
  t.equal(blob?.place?.(), undefined)
  blob?.close()
  t.equal(statSync(`${subject.folder}/blobs/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`).mode & 0o777, 0o600)
})

t.test('a blob that is read elsewhere takes no memory here', async t => {
  const subject = await diskSubject(t, { readableBy: 'group' })
  const sha256 = await put(subject.blobs, randomBytes(2_000))
  for (let opening = 0; opening < 6; opening += 1) {
    const blob = await subject.blobs.open(sha256)
    t.ok(blob?.place?.() !== undefined)
    blob?.close()
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const blob = await subject.blobs.open(sha256)
  t.equal(blob?.bytes, undefined)
  blob?.close()
})

t.test('a blob that is left to a front while it is taken into memory is not kept there', async t => {
  const bytes = randomBytes(100_000)
  const sha256 = sha256Of(bytes)
  const path = join(t.testdir(), 'blob')
  writeFileSync(path, bytes, { mode: 0o640 })
  const isInMemory = async (isLeft: boolean): Promise<boolean> => {
    const blobs = new OpenBlobs(() => t.fail('its bytes are right'))
    const descriptor = await Descriptor.open(path, constants.O_RDONLY)
    blobs.add({ sha256, path, size: bytes.length, stat: lstatSync(path, { bigint: true }), descriptor }).close()
    const second = blobs.open(sha256)
    if (isLeft) t.type(second?.place?.(), 'string')
    await later(100)
    const third = blobs.open(sha256)
    second?.close()
    third?.close()
    blobs.clear()
    return third?.bytes !== undefined
  }
  t.equal(await isInMemory(false), true)
  t.equal(await isInMemory(true), false)
})

import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { blobsInFolder } from '../../src/store/blobs-in-folder.ts'
import { diskSubject } from './stores.ts'

t.test('files and documents of a data folder are found beside the gate that works with it', async t => {
  const subject = await diskSubject(t)
  const contents = [randomBytes(500_000), randomBytes(300), randomBytes(0)]
  for (const [number, bytes] of contents.entries()) {
    const sha256 = sha256Of(bytes)
    const writer = await (number === 0 ? subject.blobs.writer(sha256) : subject.blobs.documentWriter(sha256))
    await writer.write(bytes)
    await writer.commit()
  }
  await subject.store.journal.flush()
  const found = [...blobsInFolder(subject.folder)]
  t.strictSame(
    found.map(({ sha256 }) => sha256),
    contents.map(bytes => sha256Of(bytes)).sort(),
  )
})

t.test('and read', async t => {
  const subject = await diskSubject(t)
  const bytes = randomBytes(200_000)
  const sha256 = sha256Of(bytes)
  const writer = await subject.blobs.writer(sha256)
  await writer.write(bytes)
  await writer.commit()
  await subject.close()
  const read: Buffer[] = []
  for (const blob of blobsInFolder(subject.folder)) {
    const body = blob.read()
    read.push(Buffer.isBuffer(body) ? body : await buffer(body))
  }
  t.strictSame(read, [bytes])
})

t.test('a folder without a database has none', async t => t.strictSame([...blobsInFolder(t.testdir())], []))

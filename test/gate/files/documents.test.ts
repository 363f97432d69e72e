import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { createDocuments } from '../../../src/gate/files/documents.ts'
import { createMemoryBlobs } from '../../../src/store/memory-blobs.ts'

const BYTES = Buffer.from('{"version":1}')
const SHA256 = sha256Of(BYTES)

t.test('a document is kept by its content', async t => {
  const documents = createDocuments(createMemoryBlobs({ emit() {} }))
  t.equal(await documents.kept(SHA256), undefined)
  await documents.keep(SHA256, BYTES)
  t.same(await documents.kept(SHA256), BYTES)
})

t.test('nothing is kept under a digest that is not its own', async t => {
  const documents = createDocuments(createMemoryBlobs({ emit() {} }))
  await t.rejects(documents.keep(SHA256, Buffer.from('other')), { code: 'unknown-store' })
  t.equal(await documents.kept(SHA256), undefined)
})

t.test('what is larger than any document is none', async t => {
  const documents = createDocuments(createMemoryBlobs({ emit() {} }))
  const large = Buffer.alloc(16 * 1024 * 1024 + 1)
  await documents.keep(sha256Of(large), large)
  t.equal(await documents.kept(sha256Of(large)), undefined)
})

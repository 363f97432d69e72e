import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { createLeaseDatabase } from '../../../src/store/leases/lease-database.ts'
import { bringBlobs, type FoundBlob } from '../../../src/store/s3/bring-blobs.ts'
import type { Bucket } from '../../../src/store/s3/bucket.ts'
import { checkObjects } from '../../../src/store/s3/check-objects.ts'
import { createObjectLedger, OBJECT_TABLE } from '../../../src/store/s3/object-ledger.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'

t.setTimeout(900_000)

/** A bucket in memory, which takes bytes under their digest alone as the real ones do. */
function memoryBucket(): { readonly bucket: Bucket; readonly objects: Map<Sha256, Buffer>; readonly puts: Sha256[] } {
  const objects = new Map<Sha256, Buffer>()
  const puts: Sha256[] = []
  const tagOf = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')
  const bucket: Bucket = {
    async get(sha256) {
      const bytes = objects.get(sha256)
      return bytes && { size: bytes.length, tag: tagOf(bytes), body: Readable.from([bytes]) }
    },
    async head(sha256) {
      const bytes = objects.get(sha256)
      return bytes && { size: bytes.length, tag: tagOf(bytes) }
    },
    async put(sha256, { body }, { over = 'nothing' } = {}) {
      if (over === 'nothing' && objects.has(sha256)) return 'there'
      const bytes = Buffer.isBuffer(body) ? body : await buffer(body)
      if (sha256Of(bytes) !== sha256) throw new Error('another digest')
      objects.set(sha256, bytes)
      puts.push(sha256)
      return 'stored'
    },
    async delete(sha256) {
      objects.delete(sha256)
    },
    async *list() {
      for (const [sha256, { length: size }] of objects) yield { sha256, size }
    },
    ping: async () => {},
    close() {},
  }
  return { bucket, objects, puts }
}

const found = (text: string, content = text): FoundBlob => ({
  sha256: sha256Of(text),
  size: text.length,
  read: () => Buffer.from(content),
})

t.test('every object is hashed, and every one that should be there is looked for', async t => {
  const { bucket, objects } = memoryBucket()
  for (const text of ['a', 'b', 'c']) objects.set(sha256Of(text), Buffer.from(text))
  t.strictSame(await checkObjects(bucket, [sha256Of('a')]), { checked: 3, spoilt: [], gone: [] })
  objects.set(sha256Of('b'), Buffer.from('B'))
  t.strictSame(await checkObjects(bucket, [sha256Of('a'), sha256Of('d'), sha256Of('d')]), {
    checked: 3,
    spoilt: [sha256Of('b')],
    gone: [sha256Of('d')],
  })
})

t.test('a folder is brought once, however often, and what is wrong on either side is no object', async t => {
  const { bucket, objects, puts } = memoryBucket()
  const arrived: Sha256[] = []
  const parts = { bucket, arrived: async (sha256: Sha256) => void arrived.push(sha256) }
  objects.set(sha256Of('b'), Buffer.from('B'))
  const blobs = [found('a'), found('b'), found('c', 'C'), found('d')]
  t.match(await bringBlobs(blobs.slice(0, 1), parts), { found: 1, brought: 1, there: 0 }, 'interrupted')
  const all = await bringBlobs(blobs, parts)
  t.strictSame(all, { found: 4, brought: 2, there: 1, wrong: [sha256Of('c')], tooLarge: [] })
  t.strictSame(await checkObjects(bucket, []), { checked: 3, spoilt: [], gone: [] }, 'the wrong object was replaced')
  t.match(await bringBlobs(blobs, parts), { brought: 0, there: 3 })
  t.equal(puts.length, 3)
  t.strictSame(new Set(arrived), new Set([sha256Of('a'), sha256Of('b'), sha256Of('d')]))
})

t.test('one that is too large for an object is named', async t => {
  const { bucket } = memoryBucket()
  const large = { ...found('a'), size: 6 * 1024 ** 3 }
  t.match(await bringBlobs([large], { bucket, arrived: async () => {} }), { brought: 0, tooLarge: [sha256Of('a')] })
})

t.test('what was brought is a row, in the order of digests, whoever brought it', { skip: NO_POSTGRES }, async t => {
  const database = await createLeaseDatabase(await (await startCluster(t)).database(), [OBJECT_TABLE])
  t.teardown(() => database.close())
  const ledger = createObjectLedger(database)
  const digests = Array.from({ length: 1_205 }, (_, number) => sha256Of(String(number)))
  for (const sha256 of digests) await ledger.add(sha256, 1)
  const [first] = digests
  if (first === undefined) throw new TypeError()
  await ledger.add(first, 1)
  await ledger.remove(sha256Of('1'))
  const all: Sha256[] = []
  for await (const sha256 of ledger.all()) all.push(sha256)
  t.strictSame(all, digests.filter(sha256 => sha256 !== sha256Of('1')).sort())
})

// guards: src/store/s3/uploads.ts src/store/s3/pending-uploads.ts src/store/s3/reach.ts
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import type { Blobs } from '../../../src/ports/blobs.ts'
import { keyOf } from '../../../src/store/s3/bucket.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { makeBucket, through } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { type FaultyProxy, startFaultyProxy } from '../../world/engines/faulty-proxy.ts'
import { until } from '../../world/until.ts'
import { blobsConformance, stored } from '../conformance/blobs-conformance.ts'
import { type BucketSubject, bucketSubject } from './subjects.ts'

t.setTimeout(900_000) // it is fetched first, where it was not yet
const store = await startCeph()
const skip = 'skip' in store ? store.skip : false
if (!('skip' in store)) t.teardown(() => store.close())

async function newBucket(): Promise<string> {
  if ('skip' in store) throw new Error(store.skip)
  return await makeBucket(store)
}

async function put(blobs: Blobs, bytes: Buffer): Promise<Sha256> {
  const sha256 = sha256Of(bytes)
  const writer = await blobs.writer(sha256, { size: bytes.length })
  await writer.write(bytes)
  await writer.commit()
  return sha256
}

if (skip === false)
  for (const writer of ['writer', 'documentWriter'] as const)
    blobsConformance(
      `a bucket, with ${writer}`,
      async t => {
        const subject = await bucketSubject(t, await newBucket())
        return {
          get blobs() {
            return subject.blobs
          },
          reopen: () => subject.reopen(),
        }
      },
      writer,
    )

/** Two gates with a bucket, one of them behind a proxy that may fail. */
async function twoGates(t: Test): Promise<{ one: BucketSubject; other: BucketSubject; proxy: FaultyProxy }> {
  if ('skip' in store) throw new Error(store.skip)
  const address = await newBucket()
  const proxy = await startFaultyProxy(store.endpoint)
  t.teardown(() => proxy.close())
  const folder = t.testdir({ one: {}, other: {} })
  return {
    one: await bucketSubject(t, address, { folder: `${folder}/one` }),
    other: await bucketSubject(t, through(proxy.url, address), { folder: `${folder}/other`, maxStale: 200 }),
    proxy,
  }
}

const isThere = async ({ bucket }: BucketSubject, sha256: Sha256) => (await bucket.head(sha256)) !== undefined

/** Puts other bytes in the place of an object, as a thief or a bad disk does. */
async function spoil(address: string, sha256: Sha256, bytes: Buffer): Promise<void> {
  const { bucket, prefix, endpoint = '' } = bucketAddress(address)
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' })
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: keyOf(prefix, sha256), Body: bytes }))
  client.destroy()
}

t.test('what one gate stored another one reads from the bucket, and from its own disk then', { skip }, async t => {
  const { one, other, proxy } = await twoGates(t)
  for (const size of [0, 900, 70_000, 3_000_000]) {
    const bytes = randomBytes(size)
    const sha256 = await put(one.blobs, bytes)
    await one.brought(sha256)
    t.equal(await other.blobs.open(sha256, 'here'), undefined)
    t.ok((await stored(other.blobs, sha256))?.equals(bytes), `${size} bytes`)
    const asked = proxy.requests.length
    for (let time = 0; time < 50; time += 1) t.ok((await stored(other.blobs, sha256))?.equals(bytes))
    t.equal(proxy.requests.length, asked, 'and a thousand times more without a request')
  }
})

t.test('many who want the same object at once ask for it once', { skip }, async t => {
  const { one, other, proxy } = await twoGates(t)
  const bytes = randomBytes(2_000_000)
  const sha256 = await put(one.blobs, bytes)
  await one.brought(sha256)
  const read = await Promise.all(Array.from({ length: 60 }, () => stored(other.blobs, sha256)))
  t.ok(read.every(its => its?.equals(bytes)))
  t.equal(proxy.requests.filter(line => line.includes(sha256)).length, 1)
})

for (const [what, change] of [
  ['one byte changed', (bytes: Buffer) => Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)])],
  ['a byte missing', (bytes: Buffer) => bytes.subarray(1)],
  ['a byte more', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
  ['nothing in it', () => Buffer.alloc(0)],
] as const)
  t.test(`an object with ${what} is absent, told, and replaced by the right bytes`, { skip }, async t => {
    const address = await newBucket()
    const folder = t.testdir({ one: {}, other: {} })
    const one = await bucketSubject(t, address, { folder: `${folder}/one` })
    const bytes = randomBytes(800_000)
    const sha256 = await put(one.blobs, bytes)
    await one.brought(sha256)
    await spoil(address, sha256, change(bytes))
    const other = await bucketSubject(t, address, { folder: `${folder}/other` })
    t.equal(await other.blobs.open(sha256), undefined)
    t.equal(await other.blobs.open(sha256), undefined)
    const alarms = other.events.filter(({ type }) => type === 'alarm')
    t.match(alarms, [{ alarm: 'blob-corrupt', detail: new RegExp(sha256) }])
    t.equal(alarms.length, 1, 'once')
    const flowing = await other.blobs.stream(sha256, bytes.length, new AbortController().signal)
    t.equal(flowing, undefined, 'it is not read along either')
    await put(other.blobs, bytes)
    await other.brought(sha256)
    const object = await other.bucket.get(sha256)
    t.ok(object !== undefined && (await buffer(object.body)).equals(bytes), 'replaced')
  })

t.test('who reads along never gets the end of a wrong object', { skip }, async t => {
  const address = await newBucket()
  const subject = await bucketSubject(t, address)
  const bytes = randomBytes(800_000)
  const sha256 = sha256Of(bytes)
  const wrong = Buffer.concat([bytes.subarray(1), Buffer.from('x')])
  await spoil(address, sha256, wrong)
  const flowing = await subject.blobs.stream(sha256, bytes.length, new AbortController().signal)
  t.ok(flowing !== undefined)
  if (flowing !== undefined) await t.rejects(buffer(flowing.body), { code: 'unknown-store' })
  t.match(subject.events, [{ alarm: 'blob-corrupt' }])
  t.equal(await subject.blobs.stream(sha256, bytes.length, new AbortController().signal), undefined)
  await spoil(address, sha256, bytes)
  const right = await subject.blobs.stream(sha256, bytes.length, new AbortController().signal)
  t.ok(right !== undefined && (await buffer(right.body)).equals(bytes), 'another object is looked at anew')
})

for (const mood of ['fails', 'hangs', 'gone'] as const)
  t.test(
    `a bucket that ${mood === 'gone' ? 'is gone' : mood} keeps nobody, and gets what it missed`,
    { skip },
    async t => {
      const { one, other, proxy } = await twoGates(t)
      const [there, here, late] = [randomBytes(400_000), randomBytes(400_000), randomBytes(400_000)]
      const [inBucket, onDisk] = [await put(one.blobs, there), await put(other.blobs, here)]
      await Promise.all([one.brought(inBucket), other.brought(onDisk)])
      t.match(other.blobs.state(), { ok: true })
      await proxy.be(mood)
      t.ok((await stored(other.blobs, onDisk))?.equals(here), 'what lies here is served')
      t.equal(await other.blobs.open(inBucket), undefined, 'what it alone has is to be had elsewhere')
      t.ok(other.blobs.isAway())
      const asked = proxy.requests.length
      for (let time = 0; time < 100; time += 1) t.equal(await other.blobs.open(inBucket), undefined)
      t.ok(proxy.requests.length - asked < 5, 'nobody waits for it meanwhile')
      const stored1 = await put(other.blobs, late)
      await other.blobs.settled(stored1)
      t.ok((await stored(other.blobs, stored1))?.equals(late))
      await until('the bucket is known not to answer', () => !other.blobs.state().ok)
      t.match(other.blobs.state(), { ok: false, detail: /1 files wait/ })
      await proxy.be('fine')
      // the object is there a moment before whoever brought it hears so
      await until('the bucket answers', () => other.blobs.state().detail === 'the bucket answers')
      t.match(other.blobs.state(), { ok: true })
      t.ok(await isThere(one, stored1))
      t.ok((await stored(other.blobs, inBucket))?.equals(there))
      await until('nothing is left to be brought', () => readdirSync(`${other.disk.folder}/uploads`).length === 0)
    },
  )

t.test('what was not brought there before the end is brought there after the next start', { skip }, async t => {
  const { one, other, proxy } = await twoGates(t)
  await proxy.be('gone')
  const bytes = [randomBytes(1_000), randomBytes(500_000), randomBytes(100)]
  const digests = await Promise.all(bytes.map(its => put(other.blobs, its)))
  const [first, second, third] = digests
  if (first === undefined || second === undefined || third === undefined) throw new TypeError()
  t.strictSame(readdirSync(`${other.disk.folder}/uploads`).sort(), [...digests].sort())
  await other.disk.blobs.remove(third)
  await proxy.be('fine')
  await other.reopen()
  await until('both are in the bucket', async () => (await isThere(one, first)) && (await isThere(one, second)))
  await until('nothing is left to be brought', () => readdirSync(`${other.disk.folder}/uploads`).length === 0)
  t.notOk(await isThere(one, third), 'what is gone by then is nobody’s')
})

t.test('what is evicted before its turn is brought there all the same', { skip }, async t => {
  const { proxy } = await twoGates(t)
  await proxy.be('slow')
  const address = through(proxy.url, await newBucket())
  const small = await bucketSubject(t, address, { folder: `${t.testdir()}/small`, cacheBytes: 300_000 })
  const digests: Sha256[] = []
  for (let count = 0; count < 12; count += 1) digests.push(await put(small.blobs, randomBytes(100_000)))
  await until('the disk keeps what it may', () => small.blobs.totalBytes() <= 300_000)
  await small.brought(...digests)
  await proxy.be('fine')
  // where a slow answer counted as none, the bucket is not asked again at once
  for (const sha256 of digests)
    await until('it comes back', async () => (await stored(small.blobs, sha256))?.length === 100_000)
  t.ok(small.blobs.totalBytes() <= 400_000, 'and all come back, while the disk keeps what it may')
})

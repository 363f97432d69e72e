// guards: src/store/s3/blob-body.ts
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { type Sha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { digestIn, keyOf } from '../../../src/store/s3/bucket.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { createS3Bucket } from '../../../src/store/s3/s3-bucket.ts'
import { makeBucket } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'

t.setTimeout(900_000) // it is fetched first, where it was not yet
const store = await startCeph()
const skip = 'skip' in store ? store.skip : false
if (!('skip' in store)) t.teardown(() => store.close())

async function bucketOf(): Promise<ReturnType<typeof createS3Bucket>> {
  if ('skip' in store) throw new Error(store.skip)
  const bucket = createS3Bucket(bucketAddress(await makeBucket(store)))
  t.teardown(() => bucket.close())
  return bucket
}

t.test('a key holds the digest, below the prefix', async t => {
  const sha256 = sha256Of('x')
  t.equal(keyOf('gates', sha256), `gates/sha256/${sha256.slice(0, 2)}/${sha256}`)
  t.equal(digestIn('gates', keyOf('gates', sha256)), sha256)
  t.equal(digestIn('', keyOf('', sha256)), sha256)
  t.equal(digestIn('gates', `gates/sha256/00/${sha256}`), undefined, 'in the folder of another')
  t.equal(digestIn('gates', 'gates/sha256/probe'), undefined)
})

t.test('an address names bucket, prefix, endpoint and region', async t => {
  t.strictSame(bucketAddress('s3://bytes/a/b/?endpoint=https%3A%2F%2Fs3.acme.example&region=eu-1'), {
    bucket: 'bytes',
    prefix: 'a/b',
    endpoint: 'https://s3.acme.example',
    region: 'eu-1',
  })
  t.strictSame(bucketAddress('s3://bytes'), { bucket: 'bytes', prefix: '', endpoint: undefined, region: undefined })
  t.throws(() => bucketAddress('https://bytes'), { code: 'config-invalid' })
})

for (const size of [0, 10, 300_000, 9_000_000])
  t.test(`an object of ${size} bytes comes back as it was put`, { skip }, async t => {
    const bucket = await bucketOf()
    const bytes = randomBytes(size)
    const sha256 = sha256Of(bytes)
    t.equal(await bucket.get(sha256), undefined, 'not there yet')
    t.equal(await bucket.head(sha256), undefined)
    t.equal(await bucket.put(sha256, { size, body: Readable.from([bytes], { objectMode: false }) }), 'stored')
    const object = await bucket.get(sha256)
    t.equal(object?.size, size)
    t.ok(object !== undefined && (await buffer(object.body)).equals(bytes))
    const head = await bucket.head(sha256)
    t.match(head, { size, tag: object?.tag ?? '' })
    const listed: unknown[] = []
    for await (const entry of bucket.list()) listed.push(entry)
    t.strictSame(listed, [{ sha256, size }])
    await bucket.delete(sha256)
    await bucket.delete(sha256)
    t.equal(await bucket.head(sha256), undefined)
  })

t.test('of twenty who put the same at once one does, and none later', { skip }, async t => {
  const bucket = await bucketOf()
  const bytes = randomBytes(100_000)
  const sha256 = sha256Of(bytes)
  const put = () => bucket.put(sha256, { size: bytes.length, body: bytes })
  const outcomes = await Promise.all(Array.from({ length: 20 }, put))
  t.equal(outcomes.filter(outcome => outcome === 'stored').length, 1)
  t.equal(await put(), 'there')
})

t.test('the bucket itself refuses bytes of another digest', { skip }, async t => {
  const bucket = await bucketOf()
  const bytes = randomBytes(100_000)
  const other = createHash('sha256').update('other').digest('hex') as Sha256
  await t.rejects(bucket.put(other, { size: bytes.length, body: bytes }), { code: 'unknown-store' })
  t.equal(await bucket.head(other), undefined)
})

t.test('an object is replaced only by whoever says so', { skip }, async t => {
  const bucket = await bucketOf()
  const bytes = randomBytes(1_000)
  const sha256 = sha256Of(bytes)
  const content = { size: bytes.length, body: bytes }
  await bucket.put(sha256, content)
  t.equal(await bucket.put(sha256, content), 'there')
  t.equal(await bucket.put(sha256, content, { over: 'anything' }), 'stored')
})

t.test('a bucket that there is not cannot tell, and neither can one that nobody may ask', { skip }, async t => {
  if ('skip' in store) return
  const address = { ...bucketAddress(await makeBucket(store)), bucket: 'nobody-made-it' }
  const bucket = createS3Bucket(address)
  t.teardown(() => bucket.close())
  await t.rejects(bucket.get(sha256Of('x')), { code: 'unknown-store' })
  await t.rejects(bucket.ping(), { code: 'unknown-store' })
})

t.test('one that says nothing is waited for no longer than some seconds', async t => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { readonly port: number }
  const bucket = createS3Bucket({
    bucket: 'b',
    prefix: '',
    endpoint: `http://127.0.0.1:${port}`,
    region: undefined,
  })
  t.teardown(() => {
    bucket.close()
    silent.close()
  })
  await t.rejects(bucket.get(sha256Of('x')), { code: 'unknown-store' })
  await t.rejects(bucket.head(sha256Of('x')), { code: 'unknown-store' })
})

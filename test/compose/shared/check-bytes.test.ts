import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { checkBytes, migrateBytes } from '../../../src/compose/shared/bucket.ts'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import { keyOf } from '../../../src/store/s3/bucket.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { createS3Bucket } from '../../../src/store/s3/s3-bucket.ts'
import { makeBucket } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld, type Published } from '../../world/world.ts'

t.setTimeout(900_000) // it is fetched first, where it was not yet
const store = await startCeph()
const skip = 'skip' in store ? store.skip : false
if (!('skip' in store)) t.teardown(() => store.close())

async function newBucket(): Promise<string> {
  if ('skip' in store) throw new Error(store.skip)
  return await makeBucket(store)
}

/** A data folder from before there was a bucket: files, and documents that are rows. */
async function filledFolder(t: Test) {
  const world = await createWorld(t)
  const files: Published[] = []
  for (const version of ['1.0', '1.1', '1.2']) files.push(...(await world.release('demo', version)).files)
  const gate = await startGate(t, world)
  for (const { path } of files) await (await fetch(`${gate.url}${path}`)).arrayBuffer()
  await gate.stop()
  return { world, files, config: gate.config }
}

t.test('a data folder is brought to the bucket, whole, once, and stays as it was', { skip }, async t => {
  const { world, files, config } = await filledFolder(t)
  const blobs = await newBucket()
  const shared = { ...config, store: { ...config.store, blobs } }
  const before = await checkBytes(shared)
  t.ok(before.gone.length >= files.length, 'nothing is there yet')
  const first = await migrateBytes(shared, config.data)
  t.match(first, { brought: before.gone.length, there: 0, wrong: [], tooLarge: [] })
  t.ok(first.found > files.length, 'documents, too')
  t.match(await migrateBytes(shared, config.data), { brought: 0, there: first.found, wrong: [] }, 'twice is once')
  t.match(await checkBytes(shared), { checked: first.found, spoilt: [], gone: [] })
  const origin = world.upstream.count('file')
  rmSync(join(config.data, 'blobs'), { recursive: true })
  const gate = await startGate(t, world, { configuration: { store: { blobs } } })
  for (const { path, bytes } of files)
    t.same(Buffer.from(await (await fetch(`${gate.url}${path}`)).arrayBuffer()), bytes)
  t.equal(world.upstream.count('file'), origin, 'nothing is fetched again')
})

t.test('what was changed in the data folder is named and not brought', { skip }, async t => {
  const { files, config } = await filledFolder(t)
  const [changed, gone] = files.map(({ sha256 }) => sha256 as Sha256)
  if (changed === undefined || gone === undefined) throw new TypeError()
  const at = (sha256: string) => join(config.data, 'blobs', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
  writeFileSync(at(changed), 'other bytes')
  rmSync(at(gone))
  const shared = { ...config, store: { ...config.store, blobs: await newBucket() } }
  const brought = await migrateBytes(shared, config.data)
  t.strictSame([...brought.wrong].sort(), [changed, gone].sort())
  t.equal(brought.brought, brought.found - 2)
})

t.test('what is spoilt in the bucket, and what is gone from it, is named', { skip: skip || NO_POSTGRES }, async t => {
  const world = await createWorld(t)
  const { files } = await world.release('demo', '1.0')
  const [spoilt, gone] = files.map(({ sha256 }) => sha256 as Sha256)
  if (spoilt === undefined || gone === undefined) throw new TypeError()
  const database = await (await startCluster(t)).database()
  const blobs = await newBucket()
  const gate = await startGate(t, world, { configuration: { store: { blobs, database } } })
  for (const { path } of files) await (await fetch(`${gate.url}${path}`)).arrayBuffer()
  await gate.stop()
  t.match(await checkBytes(gate.config), { spoilt: [], gone: [] })
  const { bucket: name, prefix, endpoint = '' } = bucketAddress(blobs)
  const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1' })
  await client.send(new PutObjectCommand({ Bucket: name, Key: keyOf(prefix, spoilt), Body: 'other bytes' }))
  client.destroy()
  const bucket = createS3Bucket(bucketAddress(blobs))
  await bucket.delete(gone)
  bucket.close()
  // another machine, that has nothing but the configuration
  const elsewhere = { ...gate.config, data: t.testdir() }
  t.match(await checkBytes(elsewhere), { spoilt: [spoilt], gone: [gone] })
})

t.test('there is nothing to check where no bucket is configured', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { config } = await startGate(t, world)
  await t.rejects(checkBytes(config), { code: 'usage' })
})

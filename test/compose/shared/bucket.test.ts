import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import { keyOf } from '../../../src/store/s3/bucket.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { createS3Bucket } from '../../../src/store/s3/s3-bucket.ts'
import { makeBucket, through } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { startFaultyProxy } from '../../world/engines/faulty-proxy.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate, type WorldGate } from '../../world/gate/gate.ts'
import { until } from '../../world/until.ts'
import { createWorld, type Published, type World } from '../../world/world.ts'

t.setTimeout(900_000) // it is fetched first, where it was not yet
const KIB = 1024
const store = await startCeph()
const skip = 'skip' in store ? store.skip : false
if (!('skip' in store)) t.teardown(() => store.close())

async function newBucket(): Promise<string> {
  if ('skip' in store) throw new Error(store.skip)
  return await makeBucket(store)
}

/** A gate of several: its data folder is its own, and the bucket everybody's. */
async function gateOf(
  t: Test,
  world: World,
  settings: { readonly blobs: string; readonly database?: string | undefined; readonly [key: string]: unknown },
  files: Readonly<Record<string, unknown>> = {},
): Promise<WorldGate> {
  const data = join(world.folder, `data-${Math.random()}`)
  mkdirSync(data)
  return await startGate(t, world, { configuration: { data, store: settings, files } })
}

async function get(gate: WorldGate, { path }: Published): Promise<{ status: number; bytes: Buffer }> {
  const answer = await fetch(`${gate.url}${path}`)
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
}

function bucketAt(t: Test, address: string): ReturnType<typeof createS3Bucket> {
  const bucket = createS3Bucket(bucketAddress(address))
  t.teardown(() => bucket.close())
  return bucket
}

t.test('what one gate admitted the others have from the bucket, and each of them judges it', { skip }, async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { padTo: 300 * KIB })
  const blobs = await newBucket()
  const bucket = bucketAt(t, blobs)
  const one = await gateOf(t, world, { blobs })
  t.same((await get(one, wheel)).bytes, wheel.bytes)
  await until('the bucket has it', async () => (await bucket.head(wheel.sha256 as Sha256)) !== undefined)
  const other = await gateOf(t, world, { blobs })
  t.same((await get(other, wheel)).bytes, wheel.bytes)
  t.equal(world.upstream.count('file'), 1)
  const denied = `version: 1\nmode: enforce\ndefaults: { unmatched: deny, attestation: required }\nprojects:\n  - { match: other, publishers: [{ kind: github, repository: acme/other, workflow: release.yml }] }\n`
  const data = join(world.folder, 'denying')
  mkdirSync(data)
  const third = await startGate(t, world, { policy: denied, configuration: { data, store: { blobs } } })
  t.equal((await get(third, wheel)).status, 403, 'what lies in the bucket is permitted to nobody by that')
})

for (const [what, size, spool] of [
  ['a file', 300 * KIB, '16MiB'],
  ['a file that is read along', 3_000 * KIB, '64KiB'],
] as const)
  t.test(
    `${what} that three gates are asked for by sixty at once is fetched once`,
    { skip: skip || NO_POSTGRES },
    async t => {
      const world = await createWorld(t, { bytesPerSecond: 4_000_000 })
      const { wheel } = await world.release('demo', '1.0', { padTo: size })
      const database = await (await startCluster(t)).database()
      const blobs = await newBucket()
      const gates = await Promise.all([1, 2, 3].map(() => gateOf(t, world, { blobs, database }, { spool })))
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, number) => {
          const gate = gates[number % 3]
          if (gate === undefined) throw new TypeError()
          return get(gate, wheel)
        }),
      )
      const unlike = answers.filter(({ status, bytes }) => status !== 200 || !bytes.equals(wheel.bytes))
      t.strictSame(
        unlike.map(({ status, bytes }) => `${status} ${bytes.subarray(0, 300).toString('latin1')}`),
        [],
      )
      t.equal(world.upstream.count('file', wheel.filename), 1)
    },
  )

t.test('a file that is hot costs the bucket nothing', { skip }, async t => {
  if ('skip' in store) return
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0', { padTo: 100 * KIB })
  const proxy = await startFaultyProxy(store.endpoint)
  t.teardown(() => proxy.close())
  const gate = await gateOf(t, world, { blobs: through(proxy.url, await newBucket()) })
  await get(gate, wheel)
  await until('the bucket has it', async () =>
    proxy.requests.some(line => line.startsWith('PUT') && line.includes(wheel.sha256)),
  )
  await until('all of it was brought', () => readdirSync(join(gate.config.data, 'uploads')).length === 0)
  t.comment(`a cold file: ${proxy.requests.map(line => line.split(' ')[0]).join(' ')}`)
  const cold = proxy.requests.length
  for (let time = 0; time < 1_000; time += 1) await get(gate, wheel)
  t.equal(proxy.requests.length - cold, 0)
})

for (const spool of ['16MiB', '64KiB'])
  t.test(
    `a changed object is told, never served, and replaced by what the upstream has (files.spool: ${spool})`,
    { skip },
    async t => {
      const world = await createWorld(t)
      const { wheel } = await world.release('demo', '1.0', { padTo: 600 * KIB })
      const blobs = await newBucket()
      const bucket = bucketAt(t, blobs)
      const sha256 = wheel.sha256 as Sha256
      const wrong = Buffer.from(wheel.bytes)
      wrong[5_000] = (wrong[5_000] ?? 0) ^ 1
      const address = bucketAddress(blobs)
      const client = new S3Client({ endpoint: address.endpoint ?? '', forcePathStyle: true, region: 'us-east-1' })
      await client.send(
        new PutObjectCommand({ Bucket: address.bucket, Key: keyOf(address.prefix, sha256), Body: wrong }),
      )
      client.destroy()
      const gate = await gateOf(t, world, { blobs }, { spool })
      const first = await get(gate, wheel).catch(() => undefined)
      t.notOk(first?.bytes.equals(wrong))
      if (spool === '16MiB') t.ok(first?.bytes.equals(wheel.bytes), 'at the first try')
      const second = await get(gate, wheel)
      t.same(second.bytes, wheel.bytes)
      t.match(
        gate.events.filter(({ type }) => type === 'alarm'),
        [{ alarm: 'blob-corrupt' }],
      )
      await until('the object is replaced', async () => {
        const object = await bucket.get(sha256)
        const chunks = object === undefined ? [] : await object.body.toArray()
        return Buffer.concat(chunks).equals(wheel.bytes)
      })
    },
  )

for (const mood of ['fails', 'hangs', 'gone'] as const)
  t.test(
    `with a bucket that ${mood} files come from the disk and the upstream, and /readyz says so`,
    { skip },
    async t => {
      if ('skip' in store) return
      const world = await createWorld(t)
      const [first, second] = [await world.release('demo', '1.0'), await world.release('demo', '1.1')]
      const proxy = await startFaultyProxy(store.endpoint)
      t.teardown(() => proxy.close())
      const direct = await newBucket()
      const gate = await gateOf(t, world, { blobs: through(proxy.url, direct), max_stale: '1s' })
      const readiness = async () => {
        const answer = await fetch(`${gate.url}/readyz`)
        return { status: answer.status, text: await answer.text() }
      }
      t.same((await get(gate, first.wheel)).bytes, first.wheel.bytes)
      t.match(await readiness(), { status: 200, text: /"blobs"/ })
      await proxy.be(mood)
      t.same((await get(gate, second.wheel)).bytes, second.wheel.bytes, 'a new one')
      t.same((await get(gate, first.wheel)).bytes, first.wheel.bytes, 'a remembered one')
      await until('it is not ready', async () => (await readiness()).status === 503)
      t.match((await readiness()).text, /blobs/)
      await proxy.be('fine')
      await until('it is ready again', async () => (await readiness()).status === 200)
      const bucket = bucketAt(t, direct)
      await until(
        'the bucket has the second one',
        async () => (await bucket.head(second.wheel.sha256 as Sha256)) !== undefined,
      )
    },
  )

t.test('without store.blobs nothing is loaded of it', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await startGate(t, world)
  t.same((await get(gate, wheel)).bytes, wheel.bytes)
  t.notMatch(await (await fetch(`${gate.url}/readyz`)).text(), /"blobs"/)
})

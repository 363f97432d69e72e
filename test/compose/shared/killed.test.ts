import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { createS3Bucket } from '../../../src/store/s3/s3-bucket.ts'
import { makeBucket, through } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { startFaultyProxy } from '../../world/engines/faulty-proxy.ts'
import { until } from '../../world/until.ts'
import { createWorld, type World } from '../../world/world.ts'

t.setTimeout(900_000) // it is fetched first, where it was not yet
const ROOT = join(import.meta.dirname, '../../..')
const store = await startCeph()
const skip = 'skip' in store ? store.skip : false
if (!('skip' in store)) t.teardown(() => store.close())

/** A gate as a process of its own. */
async function startProcess(t: Test, world: World, blobs: string): Promise<{ child: ChildProcess; url: string }> {
  const file = join(world.folder, 'portcullis.yaml')
  writeFileSync(file, JSON.stringify({ ...world.configuration(), store: { blobs } }))
  world.writePolicy()
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), '--config', file, 'serve'], {
    env: { ...process.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const line = said.split('\n').find(each => each.includes('"listening"'))
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(line ?? '') ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => reject(new Error(`it did not start: ${said}`)))
  })
  return { child, url }
}

t.test('what a killed gate had not brought to the bucket the next start brings', { skip }, async t => {
  if ('skip' in store) return
  const world = await createWorld(t)
  const { files } = await world.release('demo', '1.0', { padTo: 200_000 })
  const proxy = await startFaultyProxy(store.endpoint)
  t.teardown(() => proxy.close())
  const address = await makeBucket(store)
  const bucket = createS3Bucket(bucketAddress(address))
  t.teardown(() => bucket.close())
  await proxy.be('gone')
  const first = await startProcess(t, world, through(proxy.url, address))
  for (const { path, bytes } of files)
    t.same(Buffer.from(await (await fetch(`${first.url}${path}`)).arrayBuffer()), bytes)
  const ended = new Promise(resolve => first.child.once('exit', resolve))
  first.child.kill('SIGKILL')
  await ended
  const uploads = join(String(world.configuration()['data']), 'uploads')
  t.ok(readdirSync(uploads).length >= files.length)
  await proxy.be('fine')
  await startProcess(t, world, through(proxy.url, address))
  await until('nothing is left to be brought', () => readdirSync(uploads).length === 0)
  for (const { sha256, bytes } of files) t.match(await bucket.head(sha256 as Sha256), { size: bytes.length })
  t.strictSame(readdirSync(uploads), [])
})

import { mkdirSync } from 'node:fs'
import t from 'tap'
import { stringify } from 'yaml'
import type { Sha256 } from '../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { openStore } from '../../../src/store/open.ts'
import { bucketAddress } from '../../../src/store/s3/bucket-address.ts'
import { createS3Bucket } from '../../../src/store/s3/s3-bucket.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { desk, release } from '../../world/commands/desk.ts'
import { makeBucket } from '../../world/engines/bucket.ts'
import { startCeph } from '../../world/engines/ceph.ts'
import { NO_POSTGRES, startCluster } from '../../world/engines/postgres.ts'
import { startGate } from '../../world/gate/gate.ts'

t.setTimeout(900_000) // it is fetched first, where it was not yet
const store = await startCeph()
const skip = 'skip' in store ? store.skip : false
if (!('skip' in store)) t.teardown(() => store.close())

t.test('a data folder is brought to a bucket, and what is lost there is named', { skip }, async t => {
  if ('skip' in store) return
  const at = await desk(t)
  const { files } = await release(at, 'demo', '1.0')
  const gate = await startGate(t, at.world)
  for (const { path } of files) await (await fetch(`${gate.url}${path}`)).arrayBuffer()
  await gate.stop()
  const address = await makeBucket(store)
  at.write('portcullis.yaml', stringify({ ...at.world.configuration(), store: { blobs: address } }))
  const [lost] = files.map(({ sha256 }) => sha256 as Sha256)
  if (lost === undefined) throw new TypeError()
  const before = await at.run('store', 'check')
  t.equal(before.exit, 1)
  t.match(before.out, `${lost} is gone`)
  const first = await at.run('store', 'migrate', '--from', gate.config.data)
  t.match(first, { exit: 0, out: /(\d+) files found, \1 brought, 0 there already/ })
  const second = await at.run('store', 'migrate', '--from', gate.config.data, '--format', 'json')
  t.match(JSON.parse(second.out), { brought: 0, wrong: [], too_large: [] })
  t.match(await at.run('store', 'check'), { exit: 0, out: /0 spoilt, 0 gone/ })
  const bucket = createS3Bucket(bucketAddress(address))
  await bucket.delete(lost)
  bucket.close()
  const after = await at.run('store', 'check', '--format', 'json')
  t.equal(after.exit, 1)
  t.match(JSON.parse(after.out), { spoilt: [], gone: [lost] })
})

t.test('where gates share nothing there is nothing to move to or to check', async t => {
  const folder = t.testdir()
  for (const argv of [
    ['store', 'migrate', '--from', 'data'],
    ['store', 'check'],
  ]) {
    const { exit, err } = await runCommand(argv, { folder })
    t.equal(exit, 2, argv.join(' '))
    t.match(err, /neither store\.database nor store\.blobs is set/)
  }
})

t.test('a data folder moves, and commands work with the database', { skip: NO_POSTGRES }, async t => {
  const cluster = await startCluster(t)
  const folder = t.testdir()
  mkdirSync(`${folder}/data`)
  const { store, blobs } = await openStore({
    folder: `${folder}/data`,
    cacheBytes: 1e9,
    journal: { keep: millis(86_400_000), maxSize: 1e12 },
    events: { emit() {} },
    clock: () => instant(Date.now()),
  })
  await blobs.close()
  await store.close()
  const environment = { PORTCULLIS_STORE_DATABASE: await cluster.database() }
  const made = await runCommand(['token', 'create', '--name', 'ci'], { folder, environment })
  t.equal(made.exit, 0, made.err)
  const listed = await runCommand(['token', 'list', '--format', 'json'], { folder, environment })
  t.match(listed.out, /"ci"/)
  t.notMatch((await runCommand(['token', 'list', '--format', 'json'], { folder })).out, /"ci"/, 'not in the folder')
  for (const round of [1, 2]) {
    const moved = await runCommand(['store', 'migrate', '--from', `${folder}/data`], { folder, environment })
    t.equal(moved.exit, 0, moved.err)
    t.match(moved.out, /^projects: 0 in the folder, 0 in the database$/m, `round ${round}`)
    t.match(moved.out, /^tokens: 0 in the folder, 1 in the database$/m)
  }
  t.match(await runCommand(['store', 'check'], { folder, environment }), {
    exit: 0,
    out: /^database: as it was written down$/m,
  })
  t.equal((await runCommand(['token', 'revoke', 'ci'], { folder, environment })).exit, 0)
  t.equal((await runCommand(['store', 'migrate', '--from', `${folder}/none`], { folder, environment })).exit, 2)
})

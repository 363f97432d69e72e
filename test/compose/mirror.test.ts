import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openMirror } from '../../src/compose/mirror.ts'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/domain/base/instant.ts'
import type { MirrorPlan } from '../../src/protocol/carry/mirror-plan.ts'
import { createWorld } from '../world/world.ts'

/** An offline data folder, for whoever opens it. */
async function folderOf(t: Test) {
  const world = await createWorld(t)
  world.writePolicy('version: 1\nprojects: [{ match: demo, deny: no }]\n')
  const environment = {
    PORTCULLIS_OFFLINE: 'true',
    PORTCULLIS_DATA: join(world.folder, 'data'),
    PORTCULLIS_POLICY: world.policy,
    PORTCULLIS_TRUST_ROOT: world.trustRoot,
  }
  const { config } = loadConfig({ flags: {}, file: undefined, environment, folder: world.folder })
  const parts = { environment: {}, version: 'test', events: { emit() {} }, clock: systemClock, received: () => {} }
  return { world, open: () => openMirror(config, parts) }
}

t.test('a mirror has its data folder to itself, and lets go of it', async t => {
  const { open } = await folderOf(t)
  const mirror = await open()
  await t.rejects(open(), { code: 'config-invalid' })
  await mirror.close()
  await (await open()).close()
})

t.test('one that cannot be opened lets go of what was opened before', async t => {
  const { world, open } = await folderOf(t)
  const root = world.signing.trustedRootJson
  writeFileSync(world.trustRoot, '{}')
  await t.rejects(open(), { code: 'unknown-trust' })
  writeFileSync(world.trustRoot, root)
  await (await open()).close()
})

t.test('nothing is fetched where the configuration says offline', async t => {
  const mirror = await (await folderOf(t)).open()
  t.teardown(() => mirror.close())
  const plan = { locks: [], python: [], platform: [], files: [], wanted: [] } as unknown as MirrorPlan
  await t.rejects(
    mirror.fetch(plan, () => {}),
    { code: 'usage' },
  )
})

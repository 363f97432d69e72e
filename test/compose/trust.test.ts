import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openTrust, openUsableTrust, readRoot } from '../../src/compose/trust.ts'
import { loadConfig } from '../../src/config/load.ts'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { NOW } from '../world/judging/judging.ts'
import { createWorld } from '../world/world.ts'

t.test('the root of a publisher of one’s own is read by its digest, or said to be wrong', async t => {
  const { trustRoot, signing, folder } = await createWorld(t)
  t.match(readRoot(trustRoot), { digest: sha256Of(signing.trustedRootJson) })
  const broken = join(folder, 'broken.json')
  writeFileSync(broken, '{}')
  t.match(readRoot(broken), { wrong: /broken\.json is no usable trusted_root\.json: / })
  t.match(readRoot(join(folder, 'gone.json')), { wrong: /gone\.json cannot be read \(ENOENT\)/ })
})

t.test('a root that was named and cannot be used stops a gate, and is nothing to trust for a command', async t => {
  const folder = t.testdir({ 'broken.json': '{}' })
  const { config } = loadConfig({
    flags: {},
    file: undefined,
    environment: { PORTCULLIS_TRUST_ROOT: 'broken.json' },
    folder,
  })
  const parts = { clock: () => NOW, events: { emit() {} }, environment: {}, refresh: false }
  await t.rejects(openTrust(config, parts), { code: 'config-invalid' })
  await t.rejects(openUsableTrust(config, parts), { code: 'unknown-trust' })
})

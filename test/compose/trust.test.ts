import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openTrust, openUsableTrust, readRoot, warmUpSoon } from '../../src/compose/trust.ts'
import { loadConfig } from '../../src/config/load.ts'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { GateError } from '../../src/domain/base/errors.ts'
import { systemClock } from '../../src/domain/base/instant.ts'
import type { TrustRoots } from '../../src/ports/trust.ts'
import { NOW } from '../world/judging/judging.ts'
import { createWorld } from '../world/world.ts'

t.test('the root of a publisher of one’s own is read by its digest, or said to be wrong', async t => {
  const { trustRoot, signing, folder } = await createWorld(t)
  t.match(readRoot(trustRoot), { digest: sha256Of(signing.trustedRootJson) })
  const broken = join(folder, 'broken.json')
  writeFileSync(broken, '{}')
  t.match(readRoot(broken), { wrong: /broken\.json is no usable trusted_root\.json: / })
  t.match(readRoot(join(folder, 'gone.json')), { wrong: /gone\.json does not exist/ })
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

t.test('the verifier is warmed up under the root in force, or under the first one that comes', async t => {
  const root = { digest: 'of a root', json: '{}' }
  for (const first of ['there', 'to come'] as const) {
    const settled = Promise.withResolvers<void>()
    let known = first === 'there'
    const warmed = Promise.withResolvers<TrustRoots>()
    const trust = {
      settled: () => settled.promise,
      fresh() {
        if (!known) throw new GateError('unknown-trust', 'none yet')
        return root
      },
    }
    const soon = warmUpSoon({ warmUp: roots => warmed.resolve(roots) }, trust, { clock: systemClock, custom: () => [] })
    t.teardown(() => soon.close())
    const keepsAlive = setInterval(() => {}, 1_000)
    if (first === 'to come')
      setTimeout(() => {
        known = true
        settled.resolve()
      }, 500)
    t.strictSame(await warmed.promise, { sigstore: root, custom: [] }, `a root that is ${first}`)
    clearInterval(keepsAlive)
  }
})

import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSigner } from '../../../src/compose/summaries/summary-signer.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld } from '../../world/world.ts'

t.test('a key that cannot sign summaries stops the start, and nothing of it is told', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const key = join(world.folder, 'vsa.pem')
  const verifierId = 'https://gate.example'
  t.equal(readSigner({ vsa: { key: undefined, verifierId: undefined } }), undefined)
  t.throws(() => readSigner({ vsa: { key, verifierId } }), {
    code: 'config-invalid',
    detail: /does not exist/,
  })
  const wrong = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(key, wrong)
  const starting = startGate(t, world, { configuration: { vsa: { key, verifier_id: verifierId } } })
  await t.rejects(starting, { code: 'config-invalid', detail: /^vsa\.key: \S+ is not one P-256 private key in PEM/ })
  writeFileSync(
    key,
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )
  t.match(readSigner({ vsa: { key, verifierId } }), { verifierId, key: { id: /^[0-9a-f]{64}$/ } })
})

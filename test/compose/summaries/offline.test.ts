import { generateKeyPairSync } from 'node:crypto'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSigner } from '../../../src/compose/summaries/summary-signer.ts'
import { parseSha256 } from '../../../src/domain/base/digest.ts'
import { systemClock } from '../../../src/domain/base/instant.ts'
import { holdSummary } from '../../../src/protocol/attest/summary.ts'
import { createCrossing, must } from '../../world/mirror/crossing.ts'

t.test('a gate without a network vouches for what its mirror holds', async t => {
  const crossing = await createCrossing(t)
  const { world, places } = crossing
  const { wheel } = await world.release('demo', '1.0', { kinds: ['wheel'] })
  world.writePolicy()
  crossing.setPolicy()
  must(await crossing.fetch([wheel]), 0)
  must(await crossing.inside('mirror', 'import', await crossing.export('one'), '--signer', crossing.signer), 0)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = join(places.inside, 'vsa.pem')
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  appendFileSync(join(places.inside, 'portcullis.yaml'), 'vsa: { key: vsa.pem, verifier_id: "https://gate.example" }\n')
  const { get } = await crossing.serve()
  const { filename, sha256 } = wheel
  const answered = await get(`/vsa/${sha256}?filename=${filename}`)
  t.equal(answered.status, 200)
  const [own, given] = [readSigner({ vsa: { key, verifierId: 'https://gate.example' } }), parseSha256(sha256)]
  if (own === undefined || given === undefined) throw new TypeError('a key and a sha256')
  const demands = { filename, sha256: given, now: systemClock() }
  t.match(holdSummary(await answered.bytes(), own.key, demands), { verifierId: 'https://gate.example' })
  t.equal((await get(`/vsa/${'0'.repeat(64)}?filename=demo-9.9.tar.gz`)).status, 404)
})

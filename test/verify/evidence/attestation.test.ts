import t from 'tap'
import type { ProvenanceFinding } from '../../../src/verify/evidence/document.ts'
import { verifyAlone } from '../../world/judging/roots.ts'
import type { AttestationJson } from '../../world/signing/signing.ts'
import {
  attest,
  ENTRY,
  edited,
  FILE,
  firstLog,
  IDENTITY,
  judge,
  MATERIAL,
  trust,
  world,
} from './signed-attestations.ts'

t.test('an attestation that is right in everything verifies', async t => {
  t.match(judge(await attest()), { kind: 'attested' })
  t.match(judge(await attest({ stamped: 'stamped' })), { kind: 'attested' })
  t.match(judge(await attest(), await attest({ predicate: 'slsa' })), { kind: 'attested' })
})

t.test('one attestation that fails refuses the document, wherever it stands', async t => {
  const good = await attest()
  const bad = await attest({ alter: { payloadType: 'application/json' } })
  const publisher = world.publisher(IDENTITY)
  const bundles = (...each: readonly AttestationJson[]) =>
    verifyAlone(world.provenance(each.map(attestation => ({ publisher, attestations: [attestation] }))), FILE, trust)
  t.match(bundles(good, good), { kind: 'attested' })
  t.match(bundles(good, bad), { kind: 'invalid', why: 'signature-invalid', detail: /of bundle 2/ })
  t.match(bundles(bad, good), { kind: 'invalid', why: 'signature-invalid', detail: /of bundle 1/ })
  const slsa = await attest({ predicate: 'slsa' })
  t.match(judge(slsa, bad), { kind: 'invalid', detail: /attestation 2/ })
  t.match(judge(bad, slsa), { kind: 'invalid', detail: /attestation 1/ })
})

t.test('every time is verified, and the signed time is the latest', async t => {
  const good = await attest()
  const [entry] = good.verification_material.transparency_entries
  if (entry === undefined) throw new Error('no entry')
  const logged = Number(entry.integratedTime) * 1000
  const both = (seconds: number, order: 'first' | 'last' = 'last') => {
    const second = firstLog.enter(entry, new Date(logged + seconds * 1000))
    return judge(
      edited(good, [...MATERIAL, 'transparency_entries'], order === 'last' ? [entry, second] : [second, entry]),
    )
  }
  const signedAt = (finding: ProvenanceFinding) => {
    if (finding.kind !== 'attested') throw new Error(finding.detail)
    return finding.bundles[0].attestations[0].facts.signedAt
  }
  t.equal(signedAt(judge(good)), logged)
  for (const order of ['first', 'last'] as const) {
    t.equal(signedAt(both(300, order)), logged + 300_000)
    t.match(both(700, order), { why: 'signature-invalid', detail: /at the signed time/ }, 'one after the leaf’s life')
    t.match(both(-700, order), { why: 'signature-invalid', detail: /at the signed time/ }, 'one before it')
    t.match(both(-2 * 86_400, order), { why: 'signature-invalid' }, 'one before the log’s key')
  }
  const alone = (seconds: number) =>
    judge(
      edited(good, [...MATERIAL, 'transparency_entries'], [firstLog.enter(entry, new Date(logged + seconds * 1000))]),
    )
  t.match(alone(60), { kind: 'attested' })
  t.match(alone(700), { why: 'signature-invalid' })
  const promised = firstLog.enter(entry, new Date(logged))
  t.match(judge(edited(good, ENTRY, { ...promised, integratedTime: String(logged / 1000 + 1) })), {
    detail: /signed entry timestamp does not verify/,
  })
  t.match(judge(edited(good, ENTRY, { ...promised, inclusionPromise: undefined, integratedTime: '0' })), {
    detail: /no signed time/,
  })
})

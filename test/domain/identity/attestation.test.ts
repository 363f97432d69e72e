import t from 'tap'
import { PREDICATE_TYPES, VerifiedAttestation } from '../../../src/domain/identity/attestation.ts'
import { bundle } from '../../world/judging/judging.ts'

t.test('only what was minted is a verified attestation, whatever it looks like', async t => {
  const [minted] = bundle().attestations
  t.equal(VerifiedAttestation.is(minted), true)
  for (const forged of [
    { facts: minted.facts },
    Object.create(VerifiedAttestation.prototype),
    Object.assign({}, minted),
    null,
    'x',
  ])
    t.equal(VerifiedAttestation.is(forged), false)
})

t.test('the two predicate types that an index accepts have the names of a policy', async t =>
  t.strictSame(Object.values(PREDICATE_TYPES), ['publish/v1', 'slsa-provenance/v1']),
)

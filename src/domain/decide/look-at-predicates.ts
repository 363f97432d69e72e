import type { NonEmpty } from '../base/brand.ts'
import type { VerifiedAttestation } from '../identity/attestation.ts'
import type { Rule } from '../policy/policy.ts'
import { type Look, object, pass } from './objection.ts'

/** Which predicate types there are, and which the rule requires and allows. */
export function lookAtTypes(attestations: NonEmpty<VerifiedAttestation>, rule: Rule): Look {
  const { allow, require } = rule.predicates
  const types = attestations.map(({ facts }) => facts.predicateType)
  const names = types.map(type => (typeof type === 'string' ? type : type.unknown))
  const found = names.join(', ')
  const strange = types.findIndex(type => typeof type !== 'string' || !allow.includes(type))
  if (strange >= 0)
    return object(
      'predicate-not-allowed',
      `An attestation has the predicate type ${JSON.stringify(names[strange] ?? '')}; ${rule.ref.id} allows ${allow.join(', ')}.`,
      { check: 'predicate types', expected: `only ${allow.join(', ')}`, found },
    )
  const missing = require.filter(type => !types.includes(type))
  if (missing.length > 0)
    return object(
      'predicate-not-allowed',
      `${rule.ref.id} requires an attestation with the predicate type ${missing.join(' and ')}; found ${found}.`,
      { check: 'predicate types', expected: require.join(', '), found },
    )
  return pass('predicate types', found)
}

/** Whether what the predicates claim is what the certificates prove; what they leave unsaid, where the rule asks for SLSA. */
export function lookAtAgreement(attestations: NonEmpty<VerifiedAttestation>, { slsa, ref }: Rule): Look {
  const check = 'predicates agree with the certificate'
  const first = (key: 'contradiction' | 'uncompared') =>
    attestations.map(({ facts }) => facts[key]).find(found => found !== undefined)
  const contradiction = first('contradiction')
  if (contradiction !== undefined)
    return object('predicate-mismatch', `The predicate contradicts the certificate: ${contradiction}.`, {
      check,
      found: contradiction,
    })
  const uncompared = first('uncompared')
  if (uncompared === undefined) return pass(check)
  // nobody asked what it says: who signed is proved all the same
  if (slsa === undefined) return pass(check, `as far as they can be compared: ${uncompared}`)
  const detail = `${ref.id} demands SLSA provenance, and its predicate cannot be held against the certificate: ${uncompared}.`
  return object('predicate-mismatch', detail, { check, found: uncompared })
}

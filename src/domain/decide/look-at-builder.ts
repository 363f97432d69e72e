import type { NonEmpty } from '../base/brand.ts'
import type { VerifiedAttestation } from '../identity/attestation.ts'
import type { Claims } from '../identity/claims.ts'
import { describeWorkflow, isWorkflow } from '../identity/publisher.ts'
import { slsaLevelOf } from '../identity/slsa-level.ts'
import type { Rule, SlsaDemand } from '../policy/policy.ts'
import type { RuleRef } from '../policy/rule-ref.ts'
import { type Look, object, pass } from './objection.ts'

const CHECK = 'SLSA builder (.9)'

/**
 * What a rule with `slsa` demands: SLSA provenance whose certificate names one of the builders in its Build Signer URI (.9)
 * and speaks for the level. The predicate's own word for its builder is not looked at.
 */
export function lookAtBuilder(attestations: NonEmpty<VerifiedAttestation>, { slsa, ref }: Rule): readonly Look[] {
  if (slsa === undefined) return []
  const provenances = attestations.filter(({ facts }) => facts.predicateType === 'slsa-provenance/v1')
  if (provenances.length > 0) return provenances.flatMap(({ facts }) => lookAtOne(facts.claims, slsa, ref))
  const detail = `${ref.id} demands SLSA provenance, and none of the attestations is any.`
  const expected = slsa.builders.map(describeWorkflow).join(' or ')
  return [object('builder-not-trusted', detail, { check: CHECK, expected, found: 'no slsa-provenance/v1' })]
}

function lookAtOne(claims: Claims, { builders, minLevel }: SlsaDemand, ref: RuleRef): readonly Look[] {
  const expected = builders.map(describeWorkflow).join(' or ')
  const found = claims.buildSignerUri ?? 'absent from the certificate'
  if (!builders.some(builder => isWorkflow(found, builder))) {
    const detail = `SLSA provenance was signed by ${JSON.stringify(found)}; ${ref.id} trusts ${expected}.`
    return [object('builder-not-trusted', detail, { check: CHECK, expected, found })]
  }
  const level = slsaLevelOf(claims)
  if (level >= minLevel) return [pass(CHECK, found), pass('SLSA level', String(level))]
  const detail = `The certificate of the SLSA provenance speaks for build level ${level}; ${ref.id} demands ${minLevel}.`
  return [
    object('builder-not-trusted', detail, {
      check: 'SLSA level',
      expected: `${minLevel} or more`,
      found: String(level),
    }),
  ]
}

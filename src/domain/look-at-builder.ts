import type { VerifiedAttestation } from './attestation.ts'
import type { NonEmpty } from './brand.ts'
import { type Look, object, pass } from './objection.ts'
import type { Rule } from './policy.ts'
import { describeWorkflow, isWorkflow } from './publisher.ts'
import { slsaLevelOf } from './slsa-level.ts'

/**
 * What a rule with `slsa` demands: SLSA provenance whose certificate names one of the builders in its Build Signer URI (.9)
 * and speaks for the level. The predicate's own word for its builder is not looked at.
 */
export function lookAtBuilder(attestations: NonEmpty<VerifiedAttestation>, { slsa, ref }: Rule): readonly Look[] {
  if (slsa === undefined) return []
  const check = 'SLSA builder (.9)'
  const expected = slsa.builders.map(describeWorkflow).join(' or ')
  const [provenance] = attestations.filter(({ facts }) => facts.predicateType === 'slsa-provenance/v1')
  if (provenance === undefined)
    return [
      object('builder-not-trusted', `${ref.id} demands SLSA provenance, and none of the attestations is any.`, {
        check,
        expected,
        found: 'no slsa-provenance/v1',
      }),
    ]
  const { claims } = provenance.facts
  const found = claims.buildSignerUri ?? 'absent from the certificate'
  if (!slsa.builders.some(builder => isWorkflow(found, builder)))
    return [
      object(
        'builder-not-trusted',
        `SLSA provenance was signed by ${JSON.stringify(found)}; ${ref.id} trusts ${expected}.`,
        { check, expected, found },
      ),
    ]
  const level = slsaLevelOf(claims)
  if (level < slsa.minLevel)
    return [
      object(
        'builder-not-trusted',
        `The certificate of the SLSA provenance speaks for build level ${level}; ${ref.id} demands ${slsa.minLevel}.`,
        { check: 'SLSA level', expected: `${slsa.minLevel} or more`, found: String(level) },
      ),
    ]
  return [pass(check, found), pass('SLSA level', String(level))]
}

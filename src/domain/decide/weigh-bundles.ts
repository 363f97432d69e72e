import type { NonEmpty } from '../base/brand.ts'
import type { RefusalCode } from '../base/refusal.ts'
import type { Step } from '../base/step.ts'
import type { BundleResult, VerifiedAttestation } from '../identity/attestation.ts'
import { isSshRerun } from '../identity/circleci.ts'
import { identityOf, isKnownKind, KNOWN_KINDS, objectAgrees } from '../identity/identity.ts'
import { type Mismatch, matchPublisher, type Publisher, type PublisherMatch } from '../identity/publisher.ts'
import { signerKeyApart, signerKeyOf } from '../identity/signer.ts'
import type { History, Proof } from '../memory/history.ts'
import type { PolicyMode, Rule } from '../policy/policy.ts'
import { lookAtBuilder } from './look-at-builder.ts'
import { lookAtAgreement, lookAtTypes } from './look-at-predicates.ts'
import { type Appraisal, isHard, type Look, object, objectionsIn, pass } from './objection.ts'
import { day, describeProof } from './story.ts'

/** Which bundle tells the most when none can admit: ours before a stranger's, tampering before ignorance. */
const TELLING: readonly RefusalCode[] = [
  'predicate-mismatch',
  'builder-not-trusted',
  'predicate-not-allowed',
  'publisher-object-mismatch',
  'publisher-changed',
  'publisher-mismatch',
  'publisher-unknown',
  'signature-invalid',
]

export interface Weighing {
  readonly rule: Rule
  readonly history: History
  /** whether an objection of this code would be waived */
  readonly waived: (code: RefusalCode) => boolean
  /** under `audit` a bundle with nothing hard against it passes */
  readonly mode: PolicyMode
}

/**
 * One bundle that passes wholly admits; the others are only told of. The appraisal of the best bundle comes back: of several
 * that pass, the one that was signed first.
 */
export function weighBundles(bundles: NonEmpty<BundleResult>, weighing: Weighing): Appraisal {
  const appraisals = bundles.map((bundle, index) =>
    weighBundle(bundle, weighing, bundles.length > 1 ? `bundle ${index + 1}: ` : ''),
  )
  const ranked = appraisals
    .map((appraisal, index) => ({ appraisal, rank: rankOf(appraisal, weighing), signed: signedAt(bundles[index]) }))
    .sort((a, b) => a.rank - b.rank || (a.rank < 2 ? a.signed - b.signed : 0))
  const [best, ...others] = ranked
  if (best === undefined) throw new TypeError('a non-empty list has a first element')
  return {
    ...best.appraisal,
    looks: [...best.appraisal.looks, ...others.flatMap(({ appraisal }) => appraisal.looks.map(setAside))],
  }
}

function signedAt(bundle: BundleResult | undefined): number {
  return Math.max(0, ...(bundle?.attestations ?? []).map(({ facts }) => facts.signedAt))
}

/** 0 for a bundle that nothing speaks against, 1 where all of it is waived; else by what speaks against it first. */
function rankOf(appraisal: Appraisal, { waived, mode }: Weighing): number {
  const codes = objectionsIn(appraisal.looks).map(({ code }) => code)
  if (codes.length === 0) return 0
  const standing = codes.filter(code => !waived(code))
  if (standing.length === 0) return 1
  const last = mode === 'audit' && objectionsIn(appraisal.looks).some(isHard) ? TELLING.length : 0
  // a bundle by somebody else tells less than one of ours, whatever else is wrong with it
  const stranger = codes.find(code => code === 'publisher-mismatch' || code === 'publisher-unknown')
  const telling = stranger === undefined ? standing : [stranger]
  return 2 + last + Math.min(...telling.map(code => TELLING.indexOf(code)))
}

/** A bundle that does not decide leaves its steps and no objection. */
function setAside({ step }: Look): Look {
  return { step: step.mark === 'fail' ? { ...step, mark: 'skip' } : step }
}

function weighBundle(bundle: BundleResult, { rule, history }: Weighing, prefix: string): Appraisal {
  const { attestations } = bundle
  const identity = identityOf(attestations[0].facts.claims)
  // what another authority vouches for is held against custom publishers, and the index has no object for those
  const roots = attestations.filter(({ facts }) => facts.root !== 'sigstore')
  const unknown = roots.length === 0 && !isKnownKind(bundle.publisher)
  const looks =
    roots.length > 0 && !hasCustomPublisher(rule)
      ? [foreignRoot()]
      : [
          // whoever signed: nobody knows what to compare, and everything else is looked at all the same
          ...(unknown ? [unknownKind(bundle)] : []),
          ...(unknown || roots.length > 0 ? [] : [objectLook(bundle)]),
          ...(unknown ? [] : publisherLooks(attestations, rule, history)),
          lookAtTypes(attestations, rule),
          ...lookAtBuilder(attestations, rule),
          lookAtAgreement(attestations, rule),
        ]
  return {
    identity,
    attestations: bundle.attestations,
    looks: looks.map(look => ({ ...look, step: { ...look.step, check: `${prefix}${look.step.check}` } })),
  }
}

function unknownKind({ publisher, attestations }: BundleResult): Look {
  const san = attestations[0].facts.claims.san.value
  const detail = `Signed by ${quote(san)}. The index names a publisher of the kind ${quote(publisher.kind)}, which is not known here: no rule can name it.`
  return object('publisher-unknown', detail, {
    check: 'publisher kind',
    expected: KNOWN_KINDS.join(', '),
    found: publisher.kind,
  })
}

function hasCustomPublisher({ publishers }: Rule): boolean {
  return publishers?.some(({ kind }) => kind === 'custom') === true
}

/** Verified by the authority of some other rule's publisher: to this rule it is nobody's. */
function foreignRoot(): Look {
  const check = 'trust root'
  const found = 'only that of a custom publisher'
  const detail = `An attestation verifies only under the trust root of a custom publisher that this rule does not name.`
  return object('signature-invalid', detail, { check, expected: 'Sigstore', found })
}

function objectLook({ publisher, attestations }: BundleResult): Look {
  const check = 'publisher object of the index'
  const other = attestations.find(({ facts }) => !objectAgrees(publisher, facts.claims))
  if (other === undefined) return pass(check, 'agrees with the certificate')
  const { kind, repository, workflow, email } = publisher
  const said = [kind, email ?? repository, workflow].filter(part => part !== undefined).join(' ')
  const proved = other.facts.claims.san.value
  return object(
    'publisher-object-mismatch',
    `The index says that ${quote(said)} published the file, the certificate proves ${quote(proved)}.`,
    { check, expected: proved, found: said },
  )
}

/** All attestations of a bundle must come from one publisher of the rule. */
function publisherLooks(attestations: NonEmpty<VerifiedAttestation>, rule: Rule, history: History): readonly Look[] {
  const san = attestations[0].facts.claims.san.value
  if (rule.publishers === undefined) {
    if (rule.identity === 'first-seen') return [firstSeenLook(attestations, rule, history)]
    if (rule.attestation !== 'required') return [pass('identity', san)]
    const detail = `Signed by ${quote(san)}; ${rule.ref.id} names no publisher, so only what an exemption pins may pass.`
    return [object('publisher-mismatch', detail, { check: 'publisher', expected: 'none is named', found: san })]
  }
  const trials = rule.publishers.map(publisher => matchAll(publisher, attestations, rule))
  const match = trials.find(({ mismatch }) => mismatch === undefined)
  if (match !== undefined)
    return [pass(`publisher ${match.publisher.label}`, san), ...match.steps.map(step => ({ step }))]
  const closest = trials.reduce((best, trial) => (passes(trial.steps) > passes(best.steps) ? trial : best))
  const { claim = '', expected = '', found = '' } = closest.mismatch ?? {}
  const who =
    rule.publishers.length === 1
      ? closest.publisher.label
      : `${closest.publisher.label} (the closest of ${rule.publishers.length})`
  const { first } = history
  const before =
    first === undefined || attestations.every(attestation => isFirst(first.proof, attestation, rule))
      ? ''
      : ` Earlier, ${first.filename} was attested by ${describeProof(first.proof)} (${day(first.proof.at)}).`
  const detail = `Signed by ${quote(san)}. ${rule.ref.id} expects publisher ${who}: ${claim} should be ${quote(expected)}, found ${quote(found)}.${before}`
  return [
    object('publisher-mismatch', detail, { check: `publisher ${closest.publisher.label}`, expected, found }),
    ...closest.steps.map(step => ({ step })),
  ]
}

/** Without a publisher of its own, the rule takes the first signer that was proved for the project, and holds others. */
function firstSeenLook(attestations: NonEmpty<VerifiedAttestation>, rule: Rule, { first }: History): Look {
  const check = 'identity (first seen)'
  const [{ facts }] = attestations
  const found = facts.claims.san.value
  if (attestations.some(attestation => attestation.facts.claims.buildTrigger === 'pull_request_target'))
    return object(
      'publisher-mismatch',
      `Signed by ${quote(found)} in a run of pull_request_target, which strangers can start: it is never taken for a first identity.`,
      { check: 'trigger (.20)', expected: 'any but pull_request_target', found: 'pull_request_target' },
    )
  if (attestations.some(attestation => isSshRerun(attestation.facts.claims)))
    return object(
      'publisher-mismatch',
      `Signed by ${quote(found)} in a job that was run again with SSH, into which a person could reach: it is never taken for a first identity.`,
      { check: 'runner (.11)', expected: 'any but ssh-rerun', found: 'ssh-rerun' },
    )
  if (first === undefined) return pass(check, found)
  const expected = describeProof(first.proof)
  if (attestations.every(attestation => isFirst(first.proof, attestation, rule))) return pass(check, found)
  if (rule.regression.publisherChanged === 'allow') return pass(check, `${found}, changed and allowed`)
  const detail = `Signed by ${quote(found)}. The first identity that was proved here for the project is another: ${first.filename} was attested by ${expected} (${day(first.proof.at)}), and ${rule.ref.id} holds a change until it is approved.`
  return object('publisher-changed', detail, { check, expected: first.proof.claims.san.value, found })
}

function isFirst({ signer, claims, root }: Proof, { facts }: VerifiedAttestation, { slsa }: Rule): boolean {
  if (signerKeyOf(facts.claims, facts.root) === signer) return true
  // a builder may have signed SLSA provenance in the project's place; which one is held against the rule's
  return (
    slsa !== undefined &&
    facts.predicateType === 'slsa-provenance/v1' &&
    signerKeyApart(facts.claims, facts.root) === signerKeyApart(claims, root)
  )
}

interface Trial {
  readonly publisher: Publisher
  readonly steps: readonly Step[]
  readonly mismatch: Mismatch | undefined
}

function matchAll(publisher: Publisher, attestations: NonEmpty<VerifiedAttestation>, { slsa }: Rule): Trial {
  const matches: readonly PublisherMatch[] = attestations.map(({ facts: { claims, root, predicateType } }) =>
    matchPublisher(publisher, {
      claims,
      root,
      signedBy: slsa !== undefined && predicateType === 'slsa-provenance/v1' ? 'builder' : 'publisher',
    }),
  )
  const failed = matches.find(match => !match.matched)
  const shown = failed ?? matches[0]
  return { publisher, steps: shown?.steps ?? [], mismatch: failed?.mismatch }
}

function passes(steps: readonly Step[]): number {
  return steps.filter(({ mark }) => mark === 'pass').length
}

/** Text from outside is always shown in quotes, so that it cannot pass for our own words. */
function quote(text: string): string {
  return JSON.stringify(text)
}

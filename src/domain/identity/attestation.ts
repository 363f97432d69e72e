import type { NonEmpty } from '../base/brand.ts'
import type { Sha256 } from '../base/digest.ts'
import type { Instant } from '../base/instant.ts'
import type { RefusalCode } from '../base/refusal.ts'
import type { Claims } from './claims.ts'

/** The two predicate types that PyPI accepts (PEP 740), by their policy names. */
export type PredicateType = 'publish/v1' | 'slsa-provenance/v1'

export const PREDICATE_TYPES: Readonly<Record<string, PredicateType>> = {
  'https://docs.pypi.org/attestations/publish/v1': 'publish/v1',
  'https://slsa.dev/provenance/v1': 'slsa-provenance/v1',
}

/** Under which trust root something was proved: Sigstore's, or the one of a `custom` publisher, by its digest. */
export type TrustRootName = 'sigstore' | Sha256

/** The facts of one attestation whose signature, chain, log entry, time, statement, subject and digest were all proved. */
export interface AttestationFacts {
  /** The predicate type's policy name, or the raw URI of a type that no policy can allow. */
  readonly predicateType: PredicateType | { readonly unknown: string }
  readonly claims: Claims
  /** The one root that vouches for the claims: an in-house authority may write any claim it likes, GitHub's too. */
  readonly root: TrustRootName
  /** Every signed time that was verified (log entry or RFC 3161), the latest of them. */
  readonly signedAt: Instant
  /** `logIndex` of the first transparency entry, for people to look up. */
  readonly logIndex: string
  readonly leafSha256: Sha256
  /**
   * Only for SLSA provenance: the first field in which the predicate contradicts the certificate, `undefined` when it
   * agrees. A publish/v1 predicate that is neither null nor `{}` contradicts too.
   */
  readonly contradiction: string | undefined
  /**
   * Only for SLSA provenance: what of it could not be held against the certificate, be it a build type that nobody here can
   * interpret or a field that was left out. It speaks against a file only under a rule that asks for SLSA.
   */
  readonly uncompared: string | undefined
}

/**
 * Proof that one attestation verified for exactly one file. Minted by the verifier and by the codec that reads a stored
 * finding back; nothing else may call `mint` (a test holds this).
 */
export class VerifiedAttestation {
  readonly #proved = true
  readonly facts: AttestationFacts

  private constructor(facts: AttestationFacts) {
    this.facts = facts
  }

  static mint(facts: AttestationFacts): VerifiedAttestation {
    return new VerifiedAttestation(facts)
  }

  static is(value: unknown): value is VerifiedAttestation {
    return typeof value === 'object' && value !== null && #proved in value
  }
}

/** The index's `publisher` object: signed by nobody, proves nothing, and must agree with the certificate all the same. */
export interface PublisherObject {
  /** As written: `GitHub`, `GitLab`, `Google`, `CircleCI`, or anything else. */
  readonly kind: string
  /** CircleCI: `project_id` */
  readonly project?: string | undefined
  /** CircleCI: `vcs_origin` */
  readonly repository: string | undefined
  /** GitHub: `workflow`; GitLab: `workflow_filepath`; CircleCI: `pipeline_definition_id` */
  readonly workflow: string | undefined
  readonly email: string | undefined
  readonly environment: string | undefined
}

/** One attestation bundle of a provenance document, all of whose attestations verified. */
export interface BundleResult {
  readonly publisher: PublisherObject
  readonly attestations: NonEmpty<VerifiedAttestation>
}

/**
 * What is known about a file's provenance. Findings are remembered; permissions never are.
 *
 * - `unattested`: known to have none. `said` tells by whom.
 * - `unasked`: could not be fetched or checked; made only where an exemption in force waives attestation for exactly
 *   these bytes, never stored.
 * - `invalid`: the document or something in it fails.
 * - `attested`: every attestation of every bundle verified.
 */
export type Finding =
  | { readonly kind: 'unattested'; readonly said: 'integrity' | 'index' }
  | { readonly kind: 'unasked' }
  | { readonly kind: 'invalid'; readonly why: InvalidCode; readonly detail: string }
  | { readonly kind: 'attested'; readonly bundles: NonEmpty<BundleResult>; readonly provenanceSha256: Sha256 }

/** A finding against a file. */
export type InvalidFinding = Extract<Finding, { readonly kind: 'invalid' }>

/** What is wrong with what a file carries, whatever a policy says of it. */
export const INVALID_CODES = [
  'provenance-malformed',
  'signature-invalid',
  'subject-mismatch',
  'digest-mismatch',
  'metadata-mismatch',
  'metadata-unreadable',
] as const satisfies readonly RefusalCode[]

export type InvalidCode = (typeof INVALID_CODES)[number]

/** The identity that a person reads in journals, refusals and `--format json`. */
export interface Identity {
  readonly issuer: string
  readonly san: string
  readonly repository: string | undefined
  readonly workflow: string | undefined
  readonly ref: string | undefined
  /** what it was built from: for the journal, in no answer */
  readonly commit?: string | undefined
}

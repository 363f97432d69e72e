import type { Instant } from '../base/instant.ts'
import type { RefusalCode } from '../base/refusal.ts'
import type { SourceName } from '../base/source-name.ts'
import type { Step } from '../base/step.ts'
import type { Identity } from '../identity/attestation.ts'
import type { Artifact } from '../packaging/artifact.ts'
import type { RuleRef } from '../policy/rule-ref.ts'

/** What an admission rests on; `audit`: on nothing but that the policy only watches. */
export type AdmittedBy = 'attestation' | 'optional' | 'exemption' | 'audit'

interface AdmittedFacts {
  readonly artifact: Artifact
  readonly by: AdmittedBy
  /** `undefined` only in `audit` mode, for a project without a rule */
  readonly rule: RuleRef | undefined
  readonly identity: Identity | undefined
  /** When true the trust root must be fresh at the moment the verdict is used. */
  readonly restsOnAttestation: boolean
  readonly policyDigest: string
  readonly steps: readonly Step[]
  /** in `audit` mode: what it would have been refused for */
  readonly wouldRefuse: Refused | undefined
}

/** Permission to open exactly one file. Minted by `decide` alone (a test holds this); never stored. */
export class Admitted {
  readonly #granted = true
  readonly kind = 'admitted'
  readonly facts: AdmittedFacts

  private constructor(facts: AdmittedFacts) {
    this.facts = facts
  }

  static mint(facts: AdmittedFacts): Admitted {
    return new Admitted(facts)
  }

  static is(value: unknown): value is Admitted {
    return typeof value === 'object' && value !== null && #granted in value
  }

  get artifact(): Artifact {
    return this.facts.artifact
  }
}

/** What a refusal is about. Fields are `undefined` where the index entry was too poor to tell. */
export interface RefusedFile {
  readonly project: string
  /** whose page lists it, where that is known */
  readonly source?: SourceName | undefined
  /** a name that another source owns, and that the project's could be taken for */
  readonly lookalike?: string | undefined
  readonly version: string | undefined
  readonly filename: string
  readonly sha256: string | undefined
}

/** We know it fails: a 403 with a reason. */
export interface Refused {
  readonly kind: 'refused'
  readonly code: RefusalCode
  readonly file: RefusedFile
  readonly rule: RuleRef | undefined
  readonly identity: Identity | undefined
  /** What was expected and what was found, in one or two sentences; the remedy comes from the catalogue. */
  readonly detail: string
  /** The YAML that would admit it and nothing else, where some would: a document that loads beside the policy. */
  readonly admitWith: string | undefined
  /** Why there is none, a sentence; absent where the code says it already. */
  readonly nothingAdmits?: string | undefined
  /** The code of what stands against it besides and is never waived: what is to be done is what is to be done about that. */
  readonly behind?: RefusalCode | undefined
  readonly policyDigest: string
  /** The policy only watched: the file was let through all the same. */
  readonly watched?: true | undefined
  /** that it was let through before, while a policy only watched, and when that was written down */
  readonly letThrough?: { readonly at: Instant; readonly policyDigest: string } | undefined
  /** the index that refused it, where there are several */
  readonly index?: string | undefined
  readonly steps: readonly Step[]
  /**
   * What a person should know besides, a sentence each: versions that would pass, a mirror that has no attestations. It
   * changes with what the gate learns and is no part of what the refusal is.
   */
  readonly notes: readonly string[]
}

/** What tells one refusal from another, without all that it rests on. */
export type RefusalWords = Pick<Refused, 'code' | 'file' | 'rule' | 'detail' | 'policyDigest' | 'index'>

export type Verdict = Admitted | Refused

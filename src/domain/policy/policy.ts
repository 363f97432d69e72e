import type { NonEmpty } from '../base/brand.ts'
import type { Sha256 } from '../base/digest.ts'
import { literalPrefix, matchesName } from '../base/glob.ts'
import type { Instant, Millis } from '../base/instant.ts'
import type { Waiver } from '../base/refusal.ts'
import type { PredicateType } from '../identity/attestation.ts'
import type { Publisher, WorkflowRef } from '../identity/publisher.ts'
import type { ProjectName } from '../packaging/name.ts'
import type { ReleaseLine } from '../packaging/release-line.ts'
import type { Contact } from './contact.ts'
import type { Revocation } from './revocation.ts'
import type { RuleRef } from './rule-ref.ts'

export type AllowOrDeny = 'allow' | 'deny'

/** What a file gets that falls behind what the project had before. */
export interface Regression {
  /** unattested, though the release line or one before it was attested; acts under `when-seen` */
  readonly lost: AllowOrDeny
  /** unattested beside attested files of its release; acts under `when-seen` */
  readonly partial: AllowOrDeny
  /** another signer than the first; acts under `first-seen` */
  readonly publisherChanged: AllowOrDeny
  /** came long after its release */
  readonly addedLate: AllowOrDeny
  readonly releaseLine: ReleaseLine
  readonly ignorePrereleases: boolean
}

/** SLSA provenance that a rule demands beside the publisher. */
export interface SlsaDemand {
  /** build level, 1 to 3 */
  readonly minLevel: number
  readonly builders: NonEmpty<WorkflowRef>
}

/** One rule with everything inherited from `defaults`: exactly one decides a project. */
export interface Rule {
  readonly ref: RuleRef
  /** exact name or glob as written; `undefined` for `defaults` (unmatched: apply-defaults) */
  readonly match: string | undefined
  /** `when-seen`: required from the first attested file of the project on */
  readonly attestation: 'required' | 'when-seen' | 'optional'
  /** `first-seen`: where no publisher is named, the first that was proved is the one */
  readonly identity: 'declared' | 'first-seen'
  /** `undefined` = the rule names none (optional, or only exemptions admit) */
  readonly publishers: NonEmpty<Publisher> | undefined
  readonly predicates: { readonly require: readonly PredicateType[]; readonly allow: NonEmpty<PredicateType> }
  readonly slsa: SlsaDemand | undefined
  readonly regression: Regression
  readonly cooldown: { readonly minAge: Millis }
  readonly deny: string | undefined
  readonly yanked: AllowOrDeny
  readonly status: { readonly archived: AllowOrDeny; readonly deprecated: AllowOrDeny }
  /** whom to ask about the project, before whom the policy names */
  readonly contact: Contact | undefined
}

/** The bytes that an exemption pins of one project: of files by their names, or of releases whatever their files are called. */
export type ProjectPins =
  | {
      readonly by: 'file'
      /** file name → sha256; never empty */
      readonly files: ReadonlyMap<string, Sha256>
      /** matches the version of an artifact (PEP 440 specifier set); always true where none was written */
      readonly covers: (version: string) => boolean
    }
  | {
      readonly by: 'release'
      /** by the text that equal versions share, see `canonicalVersion`; never empty */
      readonly releases: ReadonlyMap<string, ReadonlySet<Sha256>>
    }

/** A pinned, owned, explained and ending way round soft refusals. */
export interface Exemption {
  readonly id: string
  readonly ref: RuleRef
  /** what it pins of each project; never empty */
  readonly pins: ReadonlyMap<ProjectName, ProjectPins>
  /** the pins file, as diagnostics name it; `undefined` where the policy itself names the files */
  readonly pinsFile: string | undefined
  readonly waive: NonEmpty<Waiver>
  readonly reason: string
  readonly owner: string
  readonly ticket: string | undefined
  /** first moment at which it no longer holds */
  readonly ends: Instant
}

/** The trust root of a `custom` publisher. */
export interface CustomRoot {
  /** of the canonical trusted_root.json */
  readonly digest: Sha256
  readonly json: string
}

/** `audit` admits what would be refused, and says so; hard refusals are refused all the same. */
export type PolicyMode = 'enforce' | 'audit'

/** A compiled policy: total, immutable. */
export interface Policy {
  readonly mode: PolicyMode
  /** sha256 over the policy's files, names apart, and over the trusted roots that they name, each with where it is named */
  readonly digest: string
  readonly files: readonly string[]
  /** The one rule that decides this project, or `undefined` for `no-rule`. */
  ruleFor(project: ProjectName): Rule | undefined
  /** Whom somebody asks who was refused a file of this project. */
  contactFor(project: ProjectName): Contact | undefined
  /**
   * A rule that names a project, requires an attestation, names nobody who may sign, and inherits the rest: under it nothing passes
   * but what is exempted.
   */
  readonly barest: Rule
  /** how long an exemption may live from now on; `undefined` without a limit */
  readonly exemptionMax: Millis | undefined
  /** Every exemption of the project, ended ones too. */
  exemptionsFor(project: ProjectName): readonly Exemption[]
  readonly revocations: readonly Revocation[]
  /** of `custom` publishers, each once, in the order of their digests */
  readonly roots: readonly CustomRoot[]
  /** Things worth saying at load: expired exemptions, publishers that no rule uses. `file:line:col path: message`. */
  readonly warnings: readonly string[]
}

/** The compiled parts of a policy, from which its lookups are made. */
export interface PolicyParts {
  readonly mode: PolicyMode
  readonly digest: string
  readonly files: readonly string[]
  readonly rules: readonly (Rule & { readonly match: string })[]
  /** the rule of projects that no other names; `undefined` under `unmatched: deny` */
  readonly unmatched: Rule | undefined
  readonly barest: Rule
  readonly contact: Contact | undefined
  readonly exemptionMax: Millis | undefined
  readonly exemptions: readonly Exemption[]
  readonly revocations: readonly Revocation[]
  readonly roots: readonly CustomRoot[]
  readonly warnings: readonly string[]
}

/** One rule decides: the exact name, else the glob with the longest literal prefix, else `unmatched`. */
export function createPolicy({ rules, unmatched, exemptions, contact, ...parts }: PolicyParts): Policy {
  const exact = new Map(rules.filter(({ match }) => !match.includes('*')).map(rule => [rule.match, rule]))
  const globs = rules
    .filter(({ match }) => match.includes('*'))
    .sort((a, b) => literalPrefix(b.match).length - literalPrefix(a.match).length)
  const byProject = new Map<ProjectName, Exemption[]>()
  for (const exemption of exemptions)
    for (const project of exemption.pins.keys()) byProject.set(project, [...(byProject.get(project) ?? []), exemption])
  const ruleFor = (project: ProjectName): Rule | undefined =>
    exact.get(project) ?? globs.find(({ match }) => matchesName(match, project)) ?? unmatched
  return {
    ...parts,
    ruleFor,
    contactFor: project => ruleFor(project)?.contact ?? contact,
    exemptionsFor: project => byProject.get(project) ?? [],
  }
}

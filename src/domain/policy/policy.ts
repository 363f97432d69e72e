import type { NonEmpty } from '../base/brand.ts'
import type { Sha256 } from '../base/digest.ts'
import { literalPrefix, matchesName } from '../base/glob.ts'
import type { Instant, Millis } from '../base/instant.ts'
import type { Waiver } from '../base/refusal.ts'
import type { SourceName } from '../base/source-name.ts'
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
  /** it decides files of this source alone; `undefined`: of every source */
  readonly source: SourceName | undefined
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
  /** a name like one that another source owns */
  readonly confusable: AllowOrDeny
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
  /**
   * The one rule that decides files of this project that come from this source, with the defaults of the source; `undefined` for
   * `no-rule`. A file whose source nobody knows is decided by no rule that names one.
   */
  ruleFor(project: ProjectName, source?: SourceName): Rule | undefined
  /** Whom somebody asks who was refused a file of this project. */
  contactFor(project: ProjectName, source?: SourceName): Contact | undefined
  /**
   * A rule that names a project, requires an attestation, names nobody who may sign, and inherits the rest: under it nothing passes
   * but what is exempted.
   */
  barestFor(source: SourceName | undefined): Rule
  /** The rule of projects that no other names, for files of this source; `undefined` under `unmatched: deny`. */
  unmatchedFor(source: SourceName | undefined): Rule | undefined
  /** What one of the policy's rules is to files of this source. */
  ruleAt(rule: Rule, source: SourceName | undefined): Rule
  /** The sources that rules or defaults name, each once, by name. */
  readonly sources: readonly SourceName[]
  /** how long an exemption may live from now on; `undefined` without a limit */
  readonly exemptionMax: Millis | undefined
  /** Every exemption, ended ones too. */
  readonly exemptions: readonly Exemption[]
  /** Every exemption of the project, ended ones too. */
  exemptionsFor(project: ProjectName): readonly Exemption[]
  readonly revocations: readonly Revocation[]
  /** of `custom` publishers, each once, in the order of their digests */
  readonly roots: readonly CustomRoot[]
  /** Things worth saying at load: expired exemptions, publishers that no rule uses. `file:line:col path: message`. */
  readonly warnings: readonly string[]
}

/** What `defaults` of a source of its own come to: for the files of that source, in the place of what holds for all. */
export interface SourceDefaults {
  /** by the rule as it is for every other source */
  readonly rules: ReadonlyMap<Rule, Rule>
  readonly unmatched: Rule | undefined
  readonly barest: Rule
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
  /** default: no source has defaults of its own */
  readonly ofSources?: ReadonlyMap<SourceName, SourceDefaults> | undefined
  readonly contact: Contact | undefined
  readonly exemptionMax: Millis | undefined
  readonly exemptions: readonly Exemption[]
  readonly revocations: readonly Revocation[]
  readonly roots: readonly CustomRoot[]
  readonly warnings: readonly string[]
}

/**
 * One rule decides: the exact name, else the glob with the longest literal prefix, else `unmatched`; of two that match alike, the
 * one that names the source.
 */
export function createPolicy({
  rules,
  unmatched,
  barest,
  ofSources = new Map(),
  exemptions,
  contact,
  ...parts
}: PolicyParts): Policy {
  const ranked = [...rules].sort(
    (a, b) => literalPrefix(b.match).length - literalPrefix(a.match).length || rankOf(a) - rankOf(b),
  )
  const exact = Map.groupBy(
    ranked.filter(({ match }) => !match.includes('*')),
    ({ match }) => match,
  )
  const globs = ranked.filter(({ match }) => match.includes('*'))
  const byProject = new Map<ProjectName, Exemption[]>()
  for (const exemption of exemptions)
    for (const project of exemption.pins.keys()) byProject.set(project, [...(byProject.get(project) ?? []), exemption])
  const ruleAt = (rule: Rule, source: SourceName | undefined): Rule =>
    source === undefined ? rule : (ofSources.get(source)?.rules.get(rule) ?? rule)
  const unmatchedFor = (source: SourceName | undefined): Rule | undefined => {
    const its = source === undefined ? undefined : ofSources.get(source)
    return its === undefined ? unmatched : its.unmatched
  }
  function ruleFor(project: ProjectName, source?: SourceName): Rule | undefined {
    const decides = (rule: Rule) => rule.source === undefined || rule.source === source
    const rule = exact.get(project)?.find(decides) ?? globs.find(it => decides(it) && matchesName(it.match, project))
    return rule === undefined ? unmatchedFor(source) : ruleAt(rule, source)
  }
  return {
    ...parts,
    exemptions,
    ruleFor,
    ruleAt,
    unmatchedFor,
    barestFor: source => (source === undefined ? undefined : ofSources.get(source)?.barest) ?? barest,
    sources: [...new Set([...rules.flatMap(({ source }) => source ?? []), ...ofSources.keys()])].sort(),
    contactFor: (project, source) => ruleFor(project, source)?.contact ?? contact,
    exemptionsFor: project => byProject.get(project) ?? [],
  }
}

/** What names a source decides before what does not. */
function rankOf({ source }: Rule): number {
  return source === undefined ? 1 : 0
}

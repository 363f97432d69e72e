import type { PredicateType } from './attestation.ts'
import type { NonEmpty } from './brand.ts'
import type { Sha256 } from './digest.ts'
import { literalPrefix, matchesName } from './glob.ts'
import type { Instant } from './instant.ts'
import type { ProjectName } from './name.ts'
import type { Publisher } from './publisher.ts'
import type { Waiver } from './refusal.ts'
import type { RuleRef } from './verdict.ts'

/** One rule with everything inherited from `defaults`: exactly one decides a project. */
export interface Rule {
  readonly ref: RuleRef
  /** exact name or glob as written; `undefined` for `defaults` (unmatched: apply-defaults) */
  readonly match: string | undefined
  readonly attestation: 'required' | 'optional'
  /** `undefined` = the rule names none (optional, or only exemptions admit) */
  readonly publishers: NonEmpty<Publisher> | undefined
  readonly predicates: { readonly require: readonly PredicateType[]; readonly allow: NonEmpty<PredicateType> }
  readonly deny: string | undefined
  readonly yanked: 'allow' | 'deny'
  readonly status: { readonly archived: 'allow' | 'deny'; readonly deprecated: 'allow' | 'deny' }
}

/** A pinned, owned, explained and ending way round soft refusals. */
export interface Exemption {
  readonly id: string
  readonly ref: RuleRef
  readonly project: ProjectName
  /** matches the version of an artifact (PEP 440 specifier set); always true where none was written */
  readonly covers: (version: string) => boolean
  readonly waive: NonEmpty<Waiver>
  /** filename → sha256; never empty */
  readonly files: ReadonlyMap<string, Sha256>
  readonly reason: string
  readonly owner: string
  readonly ticket: string | undefined
  /** first moment at which it no longer holds */
  readonly ends: Instant
}

/** A compiled policy: total, immutable. */
export interface Policy {
  /** sha256 over the policy's files, names apart */
  readonly digest: string
  readonly files: readonly string[]
  /** The one rule that decides this project, or `undefined` for `no-rule`. */
  ruleFor(project: ProjectName): Rule | undefined
  /** Every exemption of the project, ended ones too. */
  exemptionsFor(project: ProjectName): readonly Exemption[]
  /** Things worth saying at load: expired exemptions, publishers that no rule uses. `file:line:col path: message`. */
  readonly warnings: readonly string[]
}

/** The compiled parts of a policy, from which its lookups are made. */
export interface PolicyParts {
  readonly digest: string
  readonly files: readonly string[]
  readonly rules: readonly (Rule & { readonly match: string })[]
  /** the rule of projects that no other names; `undefined` under `unmatched: deny` */
  readonly unmatched: Rule | undefined
  readonly exemptions: readonly Exemption[]
  readonly warnings: readonly string[]
}

/** One rule decides: the exact name, else the glob with the longest literal prefix, else `unmatched`. */
export function createPolicy({ digest, files, rules, unmatched, exemptions, warnings }: PolicyParts): Policy {
  const exact = new Map(rules.filter(({ match }) => !match.includes('*')).map(rule => [rule.match, rule]))
  const globs = rules
    .filter(({ match }) => match.includes('*'))
    .sort((a, b) => literalPrefix(b.match).length - literalPrefix(a.match).length)
  const byProject = Map.groupBy(exemptions, ({ project }) => project)
  return {
    digest,
    files,
    warnings,
    ruleFor: project => exact.get(project) ?? globs.find(({ match }) => matchesName(match, project)) ?? unmatched,
    exemptionsFor: project => byProject.get(project) ?? [],
  }
}

import { nonEmpty } from '../../domain/base/brand.ts'
import { type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { Publisher } from '../../domain/identity/publisher.ts'
import { createPolicy, type Exemption, type Policy, type PolicyMode, type Rule } from '../../domain/policy/policy.ts'
import type { Revocation } from '../../domain/policy/revocation.ts'
import { type Diagnostic, formatDiagnostic } from '../yaml/diagnostic.ts'
import type { YamlDocument } from '../yaml/yaml-document.ts'
import {
  judgeStrangers,
  refuseEmpty,
  refuseIdleRules,
  refuseManyRoots,
  refuseTies,
  refuseTwinIds,
  refuseTwins,
  refuseUnknownPublishers,
  warnOfEnd,
  warnOfPredicates,
  warnOfRule,
} from './cross-checks.ts'
import { compileExemption } from './exemption.ts'
import { parseMatch } from './match.ts'
import { compilePublisher, NamedRoots, type ReadRoot, workflowRefOf } from './publisher.ts'
import { compileRevocation } from './revocation.ts'
import {
  type DefaultsText,
  defaultsSchema,
  exemptionSchema,
  limitsSchema,
  publisherSchema,
  type RuleText,
  revocationSchema,
  ruleSchema,
  testSchema,
} from './schema.ts'
import { listAt, mappingAt, type Placed, readItems, sectionAt, textsAt } from './sections.ts'
import { compileTest, type ReadTest } from './tests.ts'

/** What a policy is made of, for people. */
export interface PolicyContents {
  readonly mode: PolicyMode
  /** keys of named publishers */
  readonly publishers: readonly string[]
  readonly rules: readonly Rule[]
  /** the rule of projects that no other names; `undefined`: they are denied */
  readonly unmatched: Rule | undefined
  readonly exemptions: readonly Exemption[]
  readonly revocations: readonly Revocation[]
  readonly limits: { readonly exemptionMax: Millis | undefined; readonly exemptionWarn: Millis | undefined }
  readonly tests: readonly ReadTest[]
  /** files that `trusted_root` names, absolute */
  readonly rootFiles: readonly string[]
  /** things worth saying at load */
  readonly warnings: readonly Diagnostic[]
}

interface Compiled {
  readonly diagnostics: readonly Diagnostic[]
  readonly contents: PolicyContents
  /** Makes the policy; only where there are no diagnostics, here or from the schema. */
  readonly parts: (digest: string) => Policy
}

export interface NamedPublisher extends Placed<unknown> {
  readonly name: string
  /** `undefined` while the schema has something against it */
  readonly publisher: Publisher | undefined
}

export interface ReadRule extends Placed<RuleText> {
  readonly rule: Rule & { readonly match: string }
}

/**
 * What must hold between the parts of a policy. It reads whatever the schema has nothing against, so that one mistake
 * does not hide another, and says nothing that only follows from a part it could not read.
 */
export function compilePolicy(documents: readonly YamlDocument[], now: Instant, readRoot: ReadRoot): Compiled {
  const diagnostics: Diagnostic[] = []
  const roots = new NamedRoots(readRoot)
  const publishers = readPublishers(documents, roots, diagnostics)
  const defaults = readDefaults(documents, diagnostics)
  const mode: PolicyMode = onlyAt(documents, 'mode', diagnostics)?.value === 'audit' ? 'audit' : 'enforce'
  const limits = limitsSchema.safeParse(onlyAt(documents, 'limits', diagnostics)?.value).data ?? {}
  const named = listAt(documents, 'projects').flatMap(item => textsAt(item, 'publishers'))
  const used = new Set(named.map(({ value }) => value))
  const rules = readItems(documents, 'projects', ruleSchema).flatMap(
    item => readRule(item, defaults?.value ?? {}, publishers, roots, diagnostics) ?? [],
  )
  const exemptions = readItems(documents, 'exemptions', exemptionSchema).flatMap(
    item => compileExemption(item, { max: limits.exemption_max, now }, diagnostics) ?? [],
  )
  const revocations = readItems(documents, 'revocations', revocationSchema).flatMap(
    item => compileRevocation(item, diagnostics) ?? [],
  )
  const tests = readItems(documents, 'tests', testSchema).flatMap(
    item => compileTest(item, publishers, roots, diagnostics) ?? [],
  )
  refuseUnknownPublishers(named, publishers, diagnostics)
  refuseManyRoots(documents, roots, diagnostics)
  refuseTwins(rules, diagnostics)
  refuseTies(rules, diagnostics)
  refuseTwinIds(exemptions, diagnostics)
  const unmatched = unmatchedRule(defaults)
  const complete =
    rules.length === listAt(documents, 'projects').length &&
    exemptions.length === listAt(documents, 'exemptions').length &&
    documents.every(document => defaultsSchema.optional().safeParse(sectionAt(document, 'defaults')).success)
  const parts = {
    mode,
    files: documents.map(({ file }) => file),
    rules: rules.map(({ rule }) => rule),
    unmatched,
    exemptions: exemptions.map(({ exemption }) => exemption),
    revocations,
    roots: roots.roots,
  }
  const lookup = createPolicy({ ...parts, digest: '', warnings: [] })
  if (complete) {
    refuseIdleRules(rules, exemptions, lookup, diagnostics)
    refuseEmpty(documents, rules, unmatched, diagnostics)
  }
  const warnings = [
    ...publishers
      .filter(({ name }) => !used.has(name))
      .map(({ document, path, name }) => document.atKey(path, `no rule uses the publisher "${name}"`)),
    ...rules.flatMap(warnOfPredicates),
    ...rules.flatMap(warnOfRule),
    ...exemptions.flatMap(exemption => warnOfEnd(exemption, now, limits.exemption_warn)),
  ]
  if (complete) judgeStrangers(exemptions, lookup, defaults, diagnostics, warnings)
  return {
    diagnostics,
    contents: {
      mode,
      publishers: publishers.map(({ name }) => name),
      rules: rules.map(({ rule }) => rule),
      unmatched,
      exemptions: parts.exemptions,
      revocations,
      limits: { exemptionMax: limits.exemption_max, exemptionWarn: limits.exemption_warn },
      tests,
      rootFiles: roots.files,
      warnings,
    },
    parts: digest => createPolicy({ ...parts, digest, warnings: warnings.map(formatDiagnostic) }),
  }
}

function readPublishers(
  documents: readonly YamlDocument[],
  roots: NamedRoots,
  diagnostics: Diagnostic[],
): readonly NamedPublisher[] {
  const publishers: NamedPublisher[] = []
  for (const document of documents) {
    for (const [name, value] of Object.entries(mappingAt(document, 'publishers'))) {
      const path = ['publishers', name]
      const twin = publishers.find(other => other.name === name)
      if (twin !== undefined)
        diagnostics.push(document.atKey(path, `the publisher "${name}" stands in ${twin.document.file} too`))
      const { data } = publisherSchema.safeParse(value)
      const publisher =
        data === undefined ? undefined : compilePublisher(name, data, document, path, roots, diagnostics)
      publishers.push({ name, value, document, path, publisher })
    }
  }
  return publishers
}

/** A section that may stand in one file of several; a mode that is the same in all is no conflict. */
function onlyAt(
  documents: readonly YamlDocument[],
  key: 'defaults' | 'mode' | 'limits',
  diagnostics: Diagnostic[],
): Placed<unknown> | undefined {
  const [first, ...others] = documents.filter(document => sectionAt(document, key) !== undefined)
  if (first === undefined) return undefined
  const { file, line } = first.atKey([key], '')
  for (const document of others)
    if (key !== 'mode' || sectionAt(document, key) !== sectionAt(first, key))
      diagnostics.push(document.atKey([key], `"${key}" stands in ${file}:${line} already`))
  return { value: sectionAt(first, key), document: first, path: [key] }
}

function readDefaults(documents: readonly YamlDocument[], diagnostics: Diagnostic[]): Placed<DefaultsText> | undefined {
  const placed = onlyAt(documents, 'defaults', diagnostics)
  if (placed === undefined) return undefined
  return { ...placed, value: defaultsSchema.safeParse(placed.value).data ?? {} }
}

function readRule(
  { value, document, path }: Placed<RuleText>,
  defaults: DefaultsText,
  publishers: readonly NamedPublisher[],
  roots: NamedRoots,
  diagnostics: Diagnostic[],
): ReadRule | undefined {
  const match = parseMatch(value.match)
  if (typeof match !== 'string') diagnostics.push(document.at([...path, 'match'], match.wrong))
  const resolved = (value.publishers ?? []).flatMap((entry, index): readonly Publisher[] => {
    const at = [...path, 'publishers', index]
    if (typeof entry !== 'string') {
      const publisher = compilePublisher(undefined, entry, document, at, roots, diagnostics)
      return publisher === undefined ? [] : [publisher]
    }
    const named = publishers.find(({ name }) => name === entry)
    return named?.publisher === undefined ? [] : [named.publisher]
  })
  if (typeof match !== 'string') return undefined
  const { line } = document.at(path, '')
  const rule = {
    ref: { id: `projects[${path.at(-1)}] ${value.match}`, file: document.file, line },
    match,
    // a rule whose publishers could not be read never becomes a policy: there are diagnostics
    publishers: nonEmpty(resolved),
    deny: value.deny,
    ...inherited(value, defaults),
  }
  return { rule, value, document, path }
}

/** What a rule does not say comes from `defaults`, key by key; what these do not say is the strict choice. */
function inherited(
  rule: Omit<DefaultsText, 'unmatched'>,
  defaults: DefaultsText,
): Omit<Rule, 'ref' | 'match' | 'publishers' | 'deny'> {
  const allow = rule.predicates?.allow ?? defaults.predicates?.allow ?? []
  const slsa = rule.slsa ?? defaults.slsa
  const builders = nonEmpty((slsa?.builders ?? []).map(workflowRefOf))
  const regression = { ...defaults.regression, ...defined(rule.regression) }
  return {
    attestation: rule.attestation ?? defaults.attestation ?? 'required',
    identity: rule.identity ?? defaults.identity ?? 'declared',
    // the schema has seen to it that there is a builder
    slsa: slsa === undefined || builders === undefined ? undefined : { minLevel: slsa.min_level ?? 1, builders },
    regression: {
      lost: regression.lost ?? 'deny',
      partial: regression.partial ?? 'deny',
      publisherChanged: regression.publisher_changed ?? 'deny',
      addedLate: regression.added_late ?? 'deny',
      releaseLine: regression.release_line ?? 'minor',
      ignorePrereleases: regression.ignore_prereleases ?? true,
    },
    cooldown: { minAge: rule.cooldown?.min_age ?? defaults.cooldown?.min_age ?? millis(0) },
    predicates: {
      require: rule.predicates?.require ?? defaults.predicates?.require ?? [],
      allow: nonEmpty(allow) ?? ['publish/v1', 'slsa-provenance/v1'],
    },
    yanked: rule.yanked ?? defaults.yanked ?? 'allow',
    status: {
      archived: rule.status?.archived ?? defaults.status?.archived ?? 'allow',
      deprecated: rule.status?.deprecated ?? defaults.status?.deprecated ?? 'allow',
    },
  }
}

function defined<Text extends object>(text: Text | undefined): Partial<Text> {
  return Object.fromEntries(Object.entries(text ?? {}).filter(([, value]) => value !== undefined)) as Partial<Text>
}

/** `apply-defaults` is a rule for everybody only where it asks for nothing that has to be named. */
function unmatchedRule(defaults: Placed<DefaultsText> | undefined): Rule | undefined {
  if (defaults?.value.unmatched !== 'apply-defaults') return undefined
  const judging = inherited({}, defaults.value)
  if (judging.attestation === 'required' && judging.identity === 'declared') return undefined
  const { document, path } = defaults
  const { line } = document.atKey(path, '')
  return {
    ref: { id: 'defaults', file: document.file, line },
    match: undefined,
    publishers: undefined,
    deny: undefined,
    ...judging,
  }
}

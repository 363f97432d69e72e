import { isDeepStrictEqual } from 'node:util'
import type { Instant, Millis } from '../../domain/base/instant.ts'
import { createPolicy, type Exemption, type Policy, type PolicyMode, type Rule } from '../../domain/policy/policy.ts'
import type { Revocation } from '../../domain/policy/revocation.ts'
import { compileExemption } from '../clauses/exemption.ts'
import { compileTest, type ReadTest } from '../clauses/policy-test.ts'
import { NamedRoots, type ReadRoot, type RootUse, readPublishers } from '../clauses/publisher.ts'
import { compileRevocation } from '../clauses/revocation.ts'
import { barestRule, compileRule, unmatchedRule } from '../clauses/rule.ts'
import {
  contactSchema,
  type DefaultsText,
  defaultsSchema,
  exemptionSchema,
  limitsSchema,
  revocationSchema,
  ruleSchema,
  testSchema,
} from '../clauses/schema.ts'
import { listAt, type Placed, readItems, sectionAt, textsAt } from '../clauses/sections.ts'
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
  /** where they are named, and what is in them */
  readonly rootUses: readonly RootUse[]
  /** things worth saying at load */
  readonly warnings: readonly Diagnostic[]
}

interface Compiled {
  readonly diagnostics: readonly Diagnostic[]
  readonly contents: PolicyContents
  /** Makes the policy; only where there are no diagnostics, here or from the schema. */
  readonly parts: (digest: string) => Policy
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
  const contact = contactSchema.safeParse(onlyAt(documents, 'contact', diagnostics)?.value).data
  const named = listAt(documents, 'projects').flatMap(item => textsAt(item, 'publishers'))
  const used = new Set(named.map(({ value }) => value))
  const rules = readItems(documents, 'projects', ruleSchema).flatMap(
    item => compileRule(item, defaults?.value ?? {}, publishers, roots, diagnostics) ?? [],
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
    files: [...new Set(documents.map(({ file }) => file))],
    rules: rules.map(({ rule }) => rule),
    unmatched,
    barest: barestRule(defaults?.value ?? {}),
    contact,
    exemptionMax: limits.exemption_max,
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
      rootUses: roots.uses,
      warnings,
    },
    parts: digest => createPolicy({ ...parts, digest, warnings: warnings.map(formatDiagnostic) }),
  }
}

/** The same in several files, these are no conflict. */
const REPEATABLE: ReadonlySet<string> = new Set(['mode', 'contact'])

/** A section that may stand in one file of several. */
function onlyAt(
  documents: readonly YamlDocument[],
  key: 'defaults' | 'mode' | 'limits' | 'contact',
  diagnostics: Diagnostic[],
): Placed<unknown> | undefined {
  const [first, ...others] = documents.filter(document => sectionAt(document, key) !== undefined)
  if (first === undefined) return undefined
  const { file, line } = first.atKey([key], '')
  for (const document of others)
    if (!REPEATABLE.has(key) || !isDeepStrictEqual(sectionAt(document, key), sectionAt(first, key)))
      diagnostics.push(document.atKey([key], `"${key}" stands in ${file}:${line} already`))
  return { value: sectionAt(first, key), document: first, path: [key] }
}

function readDefaults(documents: readonly YamlDocument[], diagnostics: Diagnostic[]): Placed<DefaultsText> | undefined {
  const placed = onlyAt(documents, 'defaults', diagnostics)
  if (placed === undefined) return undefined
  return { ...placed, value: defaultsSchema.safeParse(placed.value).data ?? {} }
}

import type { Instant, Millis } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import {
  createPolicy,
  type Exemption,
  type Policy,
  type PolicyMode,
  type Rule,
  type SourceDefaults,
} from '../../domain/policy/policy.ts'
import type { Revocation } from '../../domain/policy/revocation.ts'
import { compileExemption } from '../clauses/exemption.ts'
import { NamedPins, type ReadPinsFile } from '../clauses/named-pins.ts'
import { compileTest, type ReadTest } from '../clauses/policy-test.ts'
import { NamedRoots, type ReadRoot, type RootUse, readPublishers } from '../clauses/publisher.ts'
import { compileRevocation } from '../clauses/revocation.ts'
import {
  barestRule,
  compileRule,
  type Defaults,
  defaultsAt,
  type ReadRule,
  readDefaults,
  unmatchedRule,
} from '../clauses/rule.ts'
import {
  contactSchema,
  defaultsSchema,
  exemptionSchema,
  limitsSchema,
  policySchema,
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
  refuseUnknownPublishers,
  refuseUnknownSources,
  warnOfEnd,
  warnOfPredicates,
  warnOfRule,
} from './cross-checks.ts'
import { contentsOf, type FileContents, type PinsContents } from './file-contents.ts'
import { type Merged, mergeExemptions, mergePublishers, mergeRules, mergeSections } from './twins.ts'

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
  /** files that `pins` names, and by which exemptions */
  readonly pinsFiles: readonly PinsContents[]
  /** what stands in which file of the policy */
  readonly documents: readonly FileContents[]
  /** where they are named, and what is in them */
  readonly rootUses: readonly RootUse[]
  /** things worth saying at load */
  readonly warnings: readonly Diagnostic[]
}

/** How files beside the policy are read that it names. */
export interface ReadBeside {
  readonly root: ReadRoot
  readonly pins: ReadPinsFile
  /** names of the sources that are configured; `undefined` where no configuration is at hand */
  readonly sources?: readonly string[] | undefined
}

interface Compiled {
  readonly diagnostics: readonly Diagnostic[]
  readonly contents: PolicyContents
  /** Makes the policy; only where there are no diagnostics, here or from the schema. */
  readonly parts: (digest: string) => Policy
}

/**
 * What must hold between the parts of a policy. It reads whatever the schema has nothing against, so that one mistake
 * does not hide another, and says nothing that only follows from a part it could not read, or that contradicts another.
 */
export function compilePolicy(documents: readonly YamlDocument[], now: Instant, beside: ReadBeside): Compiled {
  const diagnostics: Diagnostic[] = []
  const read = readClauses(documents, now, beside, diagnostics)
  const { mode, limits, contact, publishers, defaults, rules, exemptions, revocations, roots } = read
  refuseUnknownPublishers(read.named, publishers, diagnostics)
  refuseManyRoots(documents, roots, diagnostics)
  refuseUnknownSources(documents, beside.sources, diagnostics)
  refuseTies(rules.kept, diagnostics)
  const said = read.inherited
  const unmatched = unmatchedRule(defaults && { ...defaults, value: said.all })
  const parts = {
    mode,
    files: [...new Set(documents.map(({ file }) => file))],
    rules: rules.kept.map(({ rule }) => rule),
    unmatched,
    barest: barestRule(said.all),
    ofSources: ofSources(said, defaults, rules.kept),
    contact,
    exemptionMax: limits.exemption_max,
    exemptions: exemptions.kept.map(({ exemption }) => exemption),
    revocations,
    roots: roots.roots,
  }
  const warnings = check(read, documents, createPolicy({ ...parts, digest: '', warnings: [] }), diagnostics)
  warnings.push(...exemptions.kept.flatMap(exemption => warnOfEnd(exemption, now, limits.exemption_warn)))
  return {
    diagnostics,
    contents: {
      mode,
      publishers: publishers.map(({ name }) => name),
      rules: parts.rules,
      unmatched,
      exemptions: parts.exemptions,
      revocations,
      limits: { exemptionMax: limits.exemption_max, exemptionWarn: limits.exemption_warn },
      tests: read.tests,
      rootFiles: roots.files,
      documents: documents.map(contentsOf),
      pinsFiles: read.pins.files.map(file => ({
        ...file,
        exemptions: read.exemptions.all.filter(({ pinsFile }) => pinsFile === file).map(it => it.exemption.id),
      })),
      rootUses: roots.uses,
      warnings,
    },
    parts: digest => createPolicy({ ...parts, digest, warnings: warnings.map(formatDiagnostic) }),
  }
}

/** What the defaults of each source come to, where it has some. */
function ofSources(
  inherited: Defaults,
  defaults: Placed<unknown> | undefined,
  rules: readonly ReadRule[],
): ReadonlyMap<SourceName, SourceDefaults> {
  return new Map(
    [...inherited.ofSources.keys()].map(source => {
      const value = defaultsAt(inherited, source)
      const own = rules.flatMap(({ rule, ofSources: its }) => {
        const variant = its.get(source)
        return variant === undefined ? [] : [[rule, variant] as const]
      })
      const unmatched = unmatchedRule(defaults && { ...defaults, value })
      return [source, { rules: new Map(own), unmatched, barest: barestRule(value) }]
    }),
  )
}

type Clauses = ReturnType<typeof readClauses>

/** Every clause of every file on its own; twins are one. */
function readClauses(documents: readonly YamlDocument[], now: Instant, beside: ReadBeside, diagnostics: Diagnostic[]) {
  const roots = new NamedRoots(beside.root)
  const pins = new NamedPins(beside.pins)
  const { kept: publishers } = mergePublishers(readPublishers(documents, roots, diagnostics), diagnostics)
  const sections = onlyAt(documents, 'defaults', diagnostics)
  const defaults = sections.kept.map(it => ({ ...it, value: defaultsSchema.safeParse(writtenAt(it)).data ?? {} }))[0]
  const inherited = readDefaults(defaults?.value ?? {})
  const limits = onlyAt(documents, 'limits', diagnostics).kept.map(it => limitsSchema.safeParse(writtenAt(it)).data)[0]
  const contact = onlyAt(documents, 'contact', diagnostics).kept.map(
    it => contactSchema.safeParse(writtenAt(it)).data,
  )[0]
  const mode: PolicyMode = onlyAt(documents, 'mode', diagnostics).kept[0]?.value === 'audit' ? 'audit' : 'enforce'
  const longest = { max: limits?.exemption_max, now }
  const rules = readItems(documents, 'projects', ruleSchema).flatMap(
    item => compileRule(item, inherited, publishers, roots, diagnostics) ?? [],
  )
  const exemptions = readItems(documents, 'exemptions', exemptionSchema).flatMap(
    item => compileExemption(item, longest, pins, diagnostics) ?? [],
  )
  return {
    mode,
    limits: limits ?? {},
    contact,
    publishers,
    defaults,
    inherited,
    roots,
    pins,
    /** the publishers that rules name */
    named: listAt(documents, 'projects').flatMap(item => textsAt(item, 'publishers')),
    rules: { all: rules, ...mergeRules(rules, diagnostics) },
    exemptions: { all: exemptions, ...mergeExemptions(exemptions, diagnostics) },
    revocations: readItems(documents, 'revocations', revocationSchema).flatMap(
      item => compileRevocation(item, diagnostics) ?? [],
    ),
    tests: readItems(documents, 'tests', testSchema).flatMap(
      item => compileTest(item, publishers, roots, diagnostics) ?? [],
    ),
    /** everything that rules depend on could be read, and says one thing */
    whole:
      rules.length === listAt(documents, 'projects').length &&
      exemptions.length === listAt(documents, 'exemptions').length &&
      sections.doubtful.size === 0 &&
      documents.every(document => defaultsSchema.optional().safeParse(sectionAt(document, 'defaults')).success),
  }
}

/** Whether rules and exemptions can do what they are there for. Answers what is only worth saying. */
function check(
  { publishers, named, rules, exemptions, defaults, whole }: Clauses,
  documents: readonly YamlDocument[],
  lookup: Policy,
  diagnostics: Diagnostic[],
): Diagnostic[] {
  const used = new Set(named.map(({ value }) => value))
  const clear = rules.kept.filter(read => !rules.doubtful.has(read))
  const warnings = [
    ...publishers
      .filter(({ name }) => !used.has(name))
      .map(({ document, path, name }) => document.atKey(path, `no rule uses the publisher "${name}"`)),
    ...clear.flatMap(warnOfPredicates),
    ...clear.flatMap(warnOfRule),
  ]
  if (!whole) return warnings
  refuseIdleRules(clear, exemptions.all, lookup, diagnostics)
  refuseEmpty(documents, rules.kept, lookup, diagnostics)
  const certain = exemptions.kept.filter(read => !exemptions.doubtful.has(read))
  judgeStrangers(certain, lookup, defaults, diagnostics, warnings)
  return warnings
}

/** A section that several files may have, as long as all say the same. */
function onlyAt(
  documents: readonly YamlDocument[],
  key: 'defaults' | 'mode' | 'limits' | 'contact',
  diagnostics: Diagnostic[],
): Merged<Placed<unknown>> {
  const schema = policySchema.shape[key]
  const sections = documents.flatMap(document => {
    const value = sectionAt(document, key)
    // what the schema has something against is told already, and compared as it stands
    return value === undefined ? [] : [{ value: schema.safeParse(value).data ?? value, document, path: [key] }]
  })
  return mergeSections(key, sections, diagnostics)
}

function writtenAt({ document, path }: Placed<unknown>): unknown {
  return sectionAt(document, String(path[0]))
}

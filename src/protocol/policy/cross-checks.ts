import { globsMeet, literalPrefix } from '../../domain/base/glob.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Policy, Rule } from '../../domain/policy/policy.ts'
import type { ReadExemption } from '../clauses/exemption.ts'
import type { NamedPublisher, NamedRoots } from '../clauses/publisher.ts'
import type { ReadRule } from '../clauses/rule.ts'
import type { DefaultsText } from '../clauses/schema.ts'
import { listAt, type Placed, sectionAt } from '../clauses/sections.ts'
import { type Diagnostic, didYouMean } from '../yaml/diagnostic.ts'
import type { YamlDocument } from '../yaml/yaml-document.ts'

/** Looked for in every rule, in those too that the schema has something against. */
export function refuseUnknownPublishers(
  references: readonly Placed<string>[],
  publishers: readonly NamedPublisher[],
  diagnostics: Diagnostic[],
): void {
  const names = publishers.map(({ name }) => name)
  for (const { value, document, path } of references)
    if (!names.includes(value))
      diagnostics.push(document.at(path, `no publisher is named "${value}"${didYouMean(value, names)}`))
}

/** Every attestation that Sigstore does not vouch for is held against each of them. */
const MOST_ROOTS = 8

export function refuseManyRoots(
  [first]: readonly YamlDocument[],
  { roots }: Pick<NamedRoots, 'roots'>,
  diagnostics: Diagnostic[],
): void {
  if (first === undefined || roots.length <= MOST_ROOTS) return
  diagnostics.push(
    first.at(
      ['publishers'],
      `custom publishers have ${roots.length} trusted roots; at most ${MOST_ROOTS} may be named`,
    ),
  )
}

/** Of two globs with an equally long literal prefix neither would be the one that decides. */
export function refuseTies(rules: readonly ReadRule[], diagnostics: Diagnostic[]): void {
  const globs = rules.filter(({ rule }) => rule.match.includes('*'))
  const alike = Map.groupBy(globs, ({ rule }) => `${literalPrefix(rule.match)} ${rule.source ?? ''}`)
  for (const group of alike.values()) {
    for (const [index, read] of group.entries()) {
      const tied = group.slice(0, index).find(other => {
        const prefix = literalPrefix(read.rule.match)
        const [left, right] = [other.rule.match.slice(prefix.length), read.rule.match.slice(prefix.length)]
        return left !== right && globsMeet(left, right)
      })
      if (tied !== undefined)
        diagnostics.push(
          read.document.at(
            [...read.path, 'match'],
            `ties with "${tied.rule.match}" of ${placeOf(tied)}: both could decide one name, and neither is the more exact`,
          ),
        )
    }
  }
}

/** `required` needs somebody to require it of, or an exemption (ended ones count), or nothing could ever pass. */
export function refuseIdleRules(
  rules: readonly ReadRule[],
  exemptions: readonly ReadExemption[],
  lookup: Policy,
  diagnostics: Diagnostic[],
): void {
  const exempted = new Set(
    exemptions.flatMap(({ exemption }) => [...exemption.pins.keys()].flatMap(project => rulesFor(project, lookup))),
  )
  const isIdle = (rule: Rule) =>
    rule.attestation === 'required' && rule.identity !== 'first-seen' && rule.deny === undefined && !exempted.has(rule)
  for (const { rule, ofSources, value, document, path } of rules) {
    // what a source has defaults for may pass there
    if (value.publishers !== undefined || ![rule, ...ofSources.values()].every(isIdle)) continue
    diagnostics.push(
      document.at(
        path,
        'an attestation is required, so the rule needs publishers, identity: first-seen, deny, or an exemption for a project that it decides',
      ),
    )
  }
}

/** Every rule that decides files of the project, from whatever source. */
function rulesFor(project: ProjectName, lookup: Policy): readonly Rule[] {
  return [undefined, ...lookup.sources].flatMap(source => lookup.ruleFor(project, source) ?? [])
}

/** A rule for a source that there is not would decide nothing, and what it denies would be decided by another. */
export function refuseUnknownSources(
  documents: readonly YamlDocument[],
  known: readonly string[] | undefined,
  diagnostics: Diagnostic[],
): void {
  if (known === undefined) return
  const say = (name: string) => `no source is named "${name}"${didYouMean(name, known)}; there are: ${known.join(', ')}`
  for (const key of ['projects', 'tests'] as const)
    for (const { value, document, path } of listAt(documents, key)) {
      const holder = key === 'tests' ? asMapping(asMapping(value)['given']) : asMapping(value)
      const { source } = holder
      if (typeof source === 'string' && !known.includes(source))
        diagnostics.push(document.at([...path, ...(key === 'tests' ? ['given'] : []), 'source'], say(source)))
    }
  for (const document of documents)
    for (const name of Object.keys(asMapping(asMapping(sectionAt(document, 'defaults'))['sources'])))
      if (!known.includes(name)) diagnostics.push(document.atKey(['defaults', 'sources', name], say(name)))
}

function asMapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

export function refuseEmpty(
  documents: readonly YamlDocument[],
  rules: readonly ReadRule[],
  lookup: Policy,
  diagnostics: Diagnostic[],
): void {
  const [first] = documents
  const unmatched = [undefined, ...lookup.sources].some(source => lookup.unmatchedFor(source) !== undefined)
  if (rules.length > 0 || unmatched || first === undefined) return
  if (documents.some(document => sectionAt(document, 'projects') !== undefined)) return // said already
  diagnostics.push(first.at([], 'the policy has no rule, so it would refuse everything: name projects'))
}

/** An exemption for a project that no rule decides could never help. */
export function judgeStrangers(
  exemptions: readonly ReadExemption[],
  lookup: Policy,
  defaults: Placed<DefaultsText> | undefined,
  diagnostics: Diagnostic[],
  warnings: Diagnostic[],
): void {
  const told = defaults?.value.unmatched === 'apply-defaults' ? warnings : diagnostics
  for (const { exemption, at } of exemptions)
    for (const project of exemption.pins.keys())
      if (rulesFor(project, lookup).length === 0)
        told.push(at(project, `no rule decides "${project}", so the exemption cannot help: add a rule for it`))
}

/** What must be there and may not be there: no attestation passes such a rule. */
export function warnOfPredicates({ rule, document, path }: ReadRule): readonly Diagnostic[] {
  const never = rule.predicates.require.filter(type => !rule.predicates.allow.includes(type))
  if (never.length === 0) return []
  const message = `${never.join(' and ')} must be there, but predicates.allow does not have it: nothing can pass`
  return [document.at(path, message)]
}

/** What a rule says and what has no effect, or more than one might think. */
export function warnOfRule({ rule, value, document, path }: ReadRule): readonly Diagnostic[] {
  const warnings: Diagnostic[] = []
  // whoever bounds a rule to files of one source, and asks nothing of them, has said what he means
  const isOfOneSource = value.source !== undefined && rule.attestation === 'optional'
  if (value.identity === 'first-seen' && rule.publishers !== undefined)
    warnings.push(document.at([...path, 'identity'], 'has no effect: the rule names publishers, and those decide'))
  if (
    rule.attestation !== 'required' &&
    rule.publishers === undefined &&
    rule.identity === 'declared' &&
    rule.deny === undefined &&
    !isOfOneSource
  )
    warnings.push(
      document.at(
        path,
        'names no publisher, so that anybody’s attestation passes: add publishers, or identity: first-seen; or source, for packages of your own index',
      ),
    )
  if (value.slsa !== undefined && rule.attestation !== 'required')
    warnings.push(
      document.at(
        [...path, 'slsa'],
        `is not asked of unattested files, which pass under attestation: ${rule.attestation}`,
      ),
    )
  return warnings
}

const SOON = 14 * 86_400_000

export function warnOfEnd(
  { exemption, document, path }: ReadExemption,
  now: Instant,
  soon: number = SOON,
): readonly Diagnostic[] {
  const { id, ends, owner } = exemption
  const at = [...path, 'expires']
  if (ends <= now) return [document.at(at, `the exemption ${id} has ended (owner ${owner})`)]
  if (ends - now > soon) return []
  return [
    document.at(at, `the exemption ${id} ends within ${Math.ceil((ends - now) / 86_400_000)} days (owner ${owner})`),
  ]
}

function placeOf({ document, rule }: ReadRule): string {
  return `${document.file}:${rule.ref.line}`
}

import { nonEmpty } from '../../domain/base/brand.ts'
import { millis } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { Publisher } from '../../domain/identity/publisher.ts'
import type { Rule } from '../../domain/policy/policy.ts'
import type { Diagnostic } from '../yaml/diagnostic.ts'
import { parseMatch } from './match.ts'
import { compilePublisher, type NamedPublisher, type NamedRoots, workflowRefOf } from './publisher.ts'
import type { DefaultsText, JudgingText, RuleText } from './schema.ts'
import type { Placed } from './sections.ts'

/** A rule of the file, and where it stands. */
export interface ReadRule extends Placed<RuleText> {
  readonly rule: Rule & { readonly match: string }
  /** what it is to files of a source that has defaults of its own; empty for a rule that names its source */
  readonly ofSources: ReadonlyMap<SourceName, Rule>
}

/** A rule of the file with what it inherits, or `undefined` when diagnostics were added. */
export function compileRule(
  { value, document, path }: Placed<RuleText>,
  defaults: Defaults,
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
  const source = value.source as SourceName | undefined
  const its = source === undefined ? '' : ` of ${source}`
  const said = {
    ref: { id: `projects[${path.at(-1)}] ${value.match}${its}`, file: document.file, line },
    match,
    source,
    // a rule whose publishers could not be read never becomes a policy: there are diagnostics
    publishers: nonEmpty(resolved),
    deny: value.deny,
    contact: value.contact,
  }
  const rule = { ...said, ...inherited(value, source === undefined ? defaults.all : defaultsAt(defaults, source)) }
  const others = source === undefined ? [...defaults.ofSources.keys()] : []
  const ofSources = new Map(others.map(name => [name, { ...said, ...inherited(value, defaultsAt(defaults, name)) }]))
  return { rule, ofSources, value, document, path }
}

/** `defaults` as they hold for every file, and what is said besides for files of some sources. */
export interface Defaults {
  readonly all: JudgingText
  readonly ofSources: ReadonlyMap<SourceName, JudgingText>
}

export function readDefaults({ sources, ...all }: DefaultsText): Defaults {
  return { all, ofSources: new Map(Object.entries(sources ?? {}).map(([name, own]) => [name as SourceName, own])) }
}

/** What a source has no defaults of its own for, key by key, it has from those of all. */
export function defaultsAt({ all, ofSources }: Defaults, source: SourceName): JudgingText {
  const own = ofSources.get(source)
  if (own === undefined) return all
  return {
    ...all,
    ...defined(own),
    regression: { ...all.regression, ...defined(own.regression) },
    predicates: { ...all.predicates, ...defined(own.predicates) },
    status: { ...all.status, ...defined(own.status) },
  }
}

/** What a rule does not say comes from `defaults`, key by key; what these do not say is the strict choice. */
function inherited(
  rule: Omit<JudgingText, 'unmatched'>,
  defaults: JudgingText,
): Omit<Rule, 'ref' | 'match' | 'source' | 'publishers' | 'deny' | 'contact'> {
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
    confusable: (rule.confusable ?? defaults.confusable) === 'deny' ? 'deny' : 'allow',
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
export function unmatchedRule(defaults: Placed<JudgingText> | undefined): Rule | undefined {
  if (defaults?.value.unmatched !== 'apply-defaults') return undefined
  const judging = inherited({}, defaults.value)
  if (judging.attestation === 'required' && judging.identity === 'declared') return undefined
  const { document, path } = defaults
  const { line } = document.atKey(path, '')
  return {
    ref: { id: 'defaults', file: document.file, line },
    match: undefined,
    source: undefined,
    publishers: undefined,
    deny: undefined,
    contact: undefined,
    ...judging,
  }
}

/** What a rule would come to that says of a project only that what it exempts may pass. */
export function barestRule(defaults: JudgingText): Rule {
  return {
    ref: { id: 'a rule that names nobody', file: '', line: 0 },
    match: undefined,
    source: undefined,
    publishers: undefined,
    deny: undefined,
    contact: undefined,
    ...inherited({ attestation: 'required', identity: 'declared' }, defaults),
  }
}

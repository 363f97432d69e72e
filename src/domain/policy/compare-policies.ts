import { literalPrefix, matchesName } from '../base/glob.ts'
import { formatInstant, type Instant, type Millis } from '../base/instant.ts'
import type { SourceName } from '../base/source-name.ts'
import { type ProjectName, tryProjectName } from '../packaging/name.ts'
import { type Change, compareSets, type Effect } from './change.ts'
import { compareRules, describeDemands } from './compare-rules.ts'
import { countPins } from './exemptions.ts'
import type { Exemption, Policy, Rule } from './policy.ts'
import type { Revocation } from './revocation.ts'
import { describeRule } from './rule-ref.ts'

export interface PolicyChange {
  readonly effect: Effect
  /** project, glob, `exemption EX-7`, `mode` */
  readonly about: string
  readonly text: string
}

/** The parts of a policy that two are compared by. */
export interface Comparable {
  readonly policy: Policy
  readonly rules: readonly Rule[]
  readonly exemptions: readonly Exemption[]
  readonly limits: { readonly exemptionMax: Millis | undefined; readonly exemptionWarn: Millis | undefined }
}

/** A policy that was read, as far as it is compared. */
export function comparable({
  policy,
  contents: { rules, exemptions, limits },
}: {
  readonly policy: Policy
  readonly contents: Omit<Comparable, 'policy'>
}): Comparable {
  return { policy, rules, exemptions, limits }
}

/** Names of one change that are told one by one. */
const MOST_NAMED = 5

/**
 * What differs in meaning, not in writing: project by project, over every name and glob of either policy and the names that
 * a gate has seen.
 */
export function comparePolicies(
  before: Comparable,
  after: Comparable,
  { seen, now }: { readonly seen: readonly ProjectName[]; readonly now: Instant },
): readonly PolicyChange[] {
  return [
    ...about('mode', compareModes(before, after)),
    ...compareSubjects(subjectsOf(before, after), seenApart(before, after, seen)),
    ...compareExemptions(before.exemptions, after.exemptions, now),
    ...about('revocations', compareRevocations(before.policy.revocations, after.policy.revocations)),
    ...about('limits', compareLimits(before.limits, after.limits)),
  ]
}

function about(subject: string, changes: readonly Change[]): readonly PolicyChange[] {
  return changes.map(change => ({ about: subject, ...change }))
}

function compareModes({ policy: before }: Comparable, { policy: after }: Comparable): readonly Change[] {
  if (before.mode === after.mode) return []
  return [{ effect: after.mode === 'audit' ? 'wider' : 'stricter', text: `${before.mode} became ${after.mode}` }]
}

/** What is decided by one rule in the one policy and by one in the other. */
interface Subject {
  readonly name: string
  readonly old: Rule | undefined
  readonly fresh: Rule | undefined
}

/** As they are whatever source files come from, and for each source of which either policy says more what is otherwise there. */
function subjectsOf(before: Comparable, after: Comparable): readonly Subject[] {
  const anywhere = subjectsAt(before, after, undefined)
  const sources = [...new Set([...before.policy.sources, ...after.policy.sources])].sort()
  return [
    ...anywhere,
    ...sources.flatMap(source =>
      subjectsAt(before, after, source).flatMap(({ name, old, fresh }, index) =>
        old === anywhere[index]?.old && fresh === anywhere[index]?.fresh
          ? []
          : [{ name: `${name} of ${source}`, old, fresh }],
      ),
    ),
  ]
}

/** Projects without a rule, every glob and every name of either policy. */
function subjectsAt(before: Comparable, after: Comparable, source: SourceName | undefined): readonly Subject[] {
  const written = [...new Set([...before.rules, ...after.rules].flatMap(({ match }) => match ?? []))].sort()
  const isGlob = (match: string) => match.includes('*')
  return [
    {
      name: 'projects without a rule',
      old: before.policy.unmatchedFor(source),
      fresh: after.policy.unmatchedFor(source),
    },
    ...written
      .filter(isGlob)
      .map(glob => ({ name: glob, old: decidingGlob(before, glob, source), fresh: decidingGlob(after, glob, source) })),
    ...written
      .filter(match => !isGlob(match))
      .flatMap(match => tryProjectName(match) ?? [])
      .map(name => ({ name, old: before.policy.ruleFor(name, source), fresh: after.policy.ruleFor(name, source) })),
  ]
}

/** What decides the names of a glob that nothing more exact decides: itself, or the nearest that covers all of it. */
function decidingGlob({ rules, policy }: Comparable, glob: string, source: SourceName | undefined): Rule | undefined {
  const covering = rules
    .filter(rule => rule.source === undefined || rule.source === source)
    .filter(({ match = '' }) => match.includes('*') && matchesName(match, glob))
    .sort((a, b) => literalPrefix(b.match ?? '').length - literalPrefix(a.match ?? '').length || bound(b) - bound(a))
  const rule = covering.find(({ match }) => match === glob) ?? covering[0]
  return rule === undefined ? policy.unmatchedFor(source) : policy.ruleAt(rule, source)
}

function bound({ source }: Rule): number {
  return source === undefined ? 0 : 1
}

/** Names that a gate has seen and that change otherwise than the globs that either policy has for them; those that change alike together. */
function seenApart(before: Comparable, after: Comparable, seen: readonly ProjectName[]): readonly Subject[] {
  const known = new PairSet(subjectsOf(before, after))
  const groups = new Map<Rule | undefined, Map<Rule | undefined, ProjectName[]>>()
  const written = new Set([...before.rules, ...after.rules].map(({ match }) => match))
  for (const name of seen) {
    const [old, fresh] = [before.policy.ruleFor(name), after.policy.ruleFor(name)]
    if (written.has(name) || known.has(old, fresh)) continue
    const byFresh = groups.get(old) ?? new Map<Rule | undefined, ProjectName[]>()
    groups.set(old, byFresh.set(fresh, [...(byFresh.get(fresh) ?? []), name]))
  }
  return [...groups].flatMap(([old, byFresh]) =>
    [...byFresh].map(([fresh, names]) => ({ name: listNames(names), old, fresh })),
  )
}

class PairSet {
  readonly #pairs = new Map<Rule | undefined, Set<Rule | undefined>>()

  constructor(pairs: readonly Subject[]) {
    for (const { old, fresh } of pairs) this.#pairs.set(old, (this.#pairs.get(old) ?? new Set()).add(fresh))
  }

  has(old: Rule | undefined, fresh: Rule | undefined): boolean {
    return this.#pairs.get(old)?.has(fresh) === true
  }
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ')
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more that were seen` : shown
}

function compareSubjects(...lists: readonly (readonly Subject[])[]): readonly PolicyChange[] {
  return lists.flat().flatMap(subject => about(subject.name, compareSubject(subject)))
}

/** A name whose rule is gone may be decided by a wider glob now: that is called out. */
function compareSubject({ name, old, fresh }: Subject): readonly Change[] {
  if (old === undefined && fresh === undefined) return []
  if (fresh === undefined)
    return [{ effect: old?.deny === undefined ? 'stricter' : 'other', text: 'has no rule any more' }]
  const place = describeRule(fresh.ref)
  if (old === undefined)
    return [
      {
        effect: fresh.deny === undefined ? 'wider' : 'other',
        text: `has a rule: ${place}, ${describeDemands(fresh)}`,
      },
    ]
  const changes = compareRules(old, fresh)
  if (old.match === fresh.match || changes.length === 0) return changes
  const gone = old.match === name ? 'its own rule is gone: ' : ''
  return [{ effect: 'other', text: `${gone}decided by ${place} now, by ${describeRule(old.ref)} before` }, ...changes]
}

function compareExemptions(
  before: readonly Exemption[],
  after: readonly Exemption[],
  now: Instant,
): readonly PolicyChange[] {
  const ids = [...new Set([...before, ...after].map(({ id }) => id))].sort()
  return ids.flatMap(id => {
    const [old, fresh] = [before.find(it => it.id === id), after.find(it => it.id === id)]
    return about(`exemption ${id}`, compareExemption(old, fresh, now))
  })
}

/** One that has ended changes no outcome. */
function compareExemption(old: Exemption | undefined, fresh: Exemption | undefined, now: Instant): readonly Change[] {
  const [was, is] = [old !== undefined && old.ends > now, fresh !== undefined && fresh.ends > now]
  if (old === undefined)
    return fresh === undefined
      ? []
      : [{ effect: is ? 'wider' : 'other', text: `was added ${describeExemption(fresh)}` }]
  if (fresh === undefined)
    return [{ effect: was ? 'stricter' : 'other', text: `was removed, which was ${describeExemption(old)}` }]
  const changes = [
    ...compareEnds(old, fresh, was || is),
    ...compareSets('waive', old.waive, fresh.waive, 'wider'),
    ...compareSets('files', pinsIn(old), pinsIn(fresh), 'wider'),
    ...(old.owner === fresh.owner
      ? []
      : [{ effect: 'other' as const, text: `owner: ${old.owner} became ${fresh.owner}` }]),
  ]
  return was || is ? changes : changes.map(({ text }) => ({ effect: 'other', text: `${text} (it has ended)` }))
}

function compareEnds({ ends: old }: Exemption, { ends: fresh }: Exemption, inForce: boolean): readonly Change[] {
  if (old === fresh) return []
  const effect: Effect = inForce ? (fresh > old ? 'wider' : 'stricter') : 'other'
  return [{ effect, text: `ends ${formatInstant(fresh)}, before: ${formatInstant(old)}` }]
}

function describeExemption(exemption: Exemption): string {
  const { pins, waive, ends } = exemption
  const [first, ...others] = pins.keys()
  const projects = others.length === 0 ? first : `${pins.size} projects`
  const files = countPins(exemption)
  const count = files === 1 ? '1 file' : `${files} files`
  return `for ${projects}: waives ${waive.join(', ')} of ${count} until ${formatInstant(ends)}`
}

/** With the project: one that moves to another pins nothing of the first any more. */
function pinsIn({ pins }: Exemption): readonly string[] {
  return [...pins].flatMap(([project, own]) =>
    own.by === 'file'
      ? [...own.files].map(([filename, sha256]) => `${filename} of ${project}, sha256:${sha256}`)
      : [...own.releases].flatMap(([version, hashes]) =>
          [...hashes].map(sha256 => `${project}==${version}, sha256:${sha256}`),
        ),
  )
}

function compareRevocations(before: readonly Revocation[], after: readonly Revocation[]): readonly Change[] {
  return compareSets('', before.map(describeRevocation), after.map(describeRevocation), 'stricter')
}

function compareLimits(before: Comparable['limits'], after: Comparable['limits']): readonly Change[] {
  const days = (limit: Millis | undefined) => (limit === undefined ? 'none' : `${limit / 86_400_000} d`)
  const [old, fresh] = [before.exemptionMax, after.exemptionMax]
  const tightened = fresh !== undefined && (old === undefined || fresh < old)
  return [
    ...(old === fresh
      ? []
      : [
          {
            effect: tightened ? ('stricter' as const) : ('wider' as const),
            text: `exemption_max: ${days(old)} became ${days(fresh)}`,
          },
        ]),
    ...(before.exemptionWarn === after.exemptionWarn
      ? []
      : [
          {
            effect: 'other' as const,
            text: `exemption_warn: ${days(before.exemptionWarn)} became ${days(after.exemptionWarn)}`,
          },
        ]),
  ]
}

/** What is revoked and why, in one line. */
export function describeRevocation({ what, reason }: Revocation): string {
  return `${describeRevoked(what)} (${reason})`
}

/** What is revoked, without why. */
export function describeRevoked(what: Revocation['what']): string {
  switch (what.kind) {
    case 'sha256':
      return `sha256 ${what.sha256}`
    case 'run':
      return `run ${what.run}`
    case 'project':
      return `${what.project} ${what.versions}`
    case 'repository': {
      const { repository, commit, after, before } = what
      return [
        repository,
        commit === undefined ? '' : `commit ${commit}`,
        after === undefined ? '' : `signed from ${formatInstant(after)}`,
        before === undefined ? '' : `signed before ${formatInstant(before)}`,
      ]
        .filter(part => part !== '')
        .join(', ')
    }
    default:
      return what satisfies never
  }
}

import { formatInstant } from './instant.ts'
import type { ProjectName } from './name.ts'
import { tryProjectName } from './name.ts'
import type { AllowOrDeny, Exemption, Policy, PolicyMode, Rule } from './policy.ts'
import type { Publisher } from './publisher.ts'
import type { Revocation } from './revocation.ts'
import { describeRule } from './verdict.ts'

/** What a change does: more is admitted, less is, or something else. */
export type Effect = 'wider' | 'stricter' | 'other'

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
  readonly unmatched: Rule | undefined
  readonly exemptions: readonly Exemption[]
}

/**
 * What differs in meaning, not in writing: project by project, over every name and glob of either policy and the names that
 * a gate has seen.
 */
export function comparePolicies(
  before: Comparable,
  after: Comparable,
  seen: readonly ProjectName[],
): readonly PolicyChange[] {
  const written = [...before.rules, ...after.rules].flatMap(({ match }) => match ?? [])
  const globs = [...new Set(written.filter(match => match.includes('*')))].sort()
  const names = [...new Set([...written.flatMap(match => tryProjectName(match) ?? []), ...seen])].sort()
  return [
    ...compareModes(before.policy.mode, after.policy.mode),
    ...compareRules('projects without a rule', before.unmatched, after.unmatched),
    ...globs.flatMap(glob => compareRules(glob, ruleOf(before, glob), ruleOf(after, glob))),
    ...names.flatMap(name => compareNamed(name, before, after)),
    ...compareExemptions(before.exemptions, after.exemptions),
    ...compareRevocations(before.policy.revocations, after.policy.revocations),
  ]
}

function ruleOf({ rules }: Comparable, match: string): Rule | undefined {
  return rules.find(rule => rule.match === match)
}

function compareModes(before: PolicyMode, after: PolicyMode): readonly PolicyChange[] {
  if (before === after) return []
  return [{ effect: after === 'audit' ? 'wider' : 'stricter', about: 'mode', text: `${before} became ${after}` }]
}

/** A name whose rule is gone may be decided by a wider glob now: that is called out. */
function compareNamed(name: ProjectName, before: Comparable, after: Comparable): readonly PolicyChange[] {
  const [old, fresh] = [before.policy.ruleFor(name), after.policy.ruleFor(name)]
  const changes = compareRules(name, old, fresh)
  const moved = old !== undefined && fresh !== undefined && old.match !== fresh.match
  if (!moved || changes.length === 0) return changes
  const text = `decided by ${describeRule(fresh.ref)} now, by ${describeRule(old.ref)} before`
  return [{ effect: 'other', about: name, text }, ...changes]
}

function compareRules(about: string, old: Rule | undefined, fresh: Rule | undefined): readonly PolicyChange[] {
  if (old === undefined && fresh === undefined) return []
  if (old === undefined || fresh === undefined) {
    const effect = (fresh ?? old)?.deny === undefined ? (old === undefined ? 'wider' : 'stricter') : 'other'
    const text = fresh === undefined ? 'has no rule any more' : `has a rule: ${describeRule(fresh.ref)}`
    return [{ effect, about, text }]
  }
  const change = (effect: Effect, text: string): PolicyChange => ({ effect, about, text })
  return [
    ...compareDeny(old.deny, fresh.deny).map(([effect, text]) => change(effect, text)),
    ...compareRank('attestation', ['optional', 'when-seen', 'required'], old.attestation, fresh.attestation, change),
    ...(old.identity === fresh.identity ? [] : [change('other', `identity: ${old.identity} became ${fresh.identity}`)]),
    ...comparePublishers(old.publishers, fresh.publishers, change),
    ...compareSets('predicates.allow', old.predicates.allow, fresh.predicates.allow, 'wider', change),
    ...compareSets('predicates.require', old.predicates.require, fresh.predicates.require, 'stricter', change),
    ...compareSlsa(old, fresh, change),
    ...compareRegression(old, fresh, change),
    ...compareNumber('cooldown.min_age', old.cooldown.minAge, fresh.cooldown.minAge, change),
    ...compareSwitch('yanked', old.yanked, fresh.yanked, change),
    ...compareSwitch('status.archived', old.status.archived, fresh.status.archived, change),
    ...compareSwitch('status.deprecated', old.status.deprecated, fresh.status.deprecated, change),
  ]
}

type Change = (effect: Effect, text: string) => PolicyChange

function compareDeny(old: string | undefined, fresh: string | undefined): readonly (readonly [Effect, string])[] {
  if (old === fresh) return []
  if (old === undefined) return [['stricter', `is denied: ${fresh}`]]
  if (fresh === undefined) return [['wider', `is denied no more (${old})`]]
  return [['other', `is denied: ${fresh}, before: ${old}`]]
}

function compareRank(
  what: string,
  ranks: readonly string[],
  old: string,
  fresh: string,
  change: Change,
): readonly PolicyChange[] {
  if (old === fresh) return []
  const effect = ranks.indexOf(fresh) > ranks.indexOf(old) ? 'stricter' : 'wider'
  return [change(effect, `${what}: ${old} became ${fresh}`)]
}

function compareSwitch(what: string, old: AllowOrDeny, fresh: AllowOrDeny, change: Change): readonly PolicyChange[] {
  return compareRank(what, ['allow', 'deny'], old, fresh, change)
}

function compareNumber(what: string, old: number, fresh: number, change: Change): readonly PolicyChange[] {
  if (old === fresh) return []
  return [change(fresh > old ? 'stricter' : 'wider', `${what}: ${hours(old)} became ${hours(fresh)}`)]
}

function hours(millis: number): string {
  return `${millis / 3_600_000} h`
}

function compareSets(
  what: string,
  old: readonly string[],
  fresh: readonly string[],
  adding: 'wider' | 'stricter',
  change: Change,
): readonly PolicyChange[] {
  const removing = adding === 'wider' ? 'stricter' : 'wider'
  return [
    ...fresh.filter(item => !old.includes(item)).map(item => change(adding, `${what}: ${item} was added`)),
    ...old.filter(item => !fresh.includes(item)).map(item => change(removing, `${what}: ${item} was removed`)),
  ]
}

function comparePublishers(
  old: Rule['publishers'],
  fresh: Rule['publishers'],
  change: Change,
): readonly PolicyChange[] {
  if (old === undefined && fresh === undefined) return []
  if (old === undefined) return [change('other', `publishers are named: ${labels(fresh)}`)]
  if (fresh === undefined) return [change('other', `publishers are named no more: ${labels(old)}`)]
  return compareSets('publishers', old.map(describePublisher), fresh.map(describePublisher), 'wider', change)
}

function labels(publishers: Rule['publishers']): string {
  return (publishers ?? []).map(({ label }) => label).join(', ')
}

/** Everything that it demands; not how the policy calls it. */
function describePublisher(publisher: Publisher): string {
  const told = Object.entries(publisher).flatMap(([key, value]) =>
    value === undefined || key === 'label'
      ? []
      : [`${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`],
  )
  return told.join(', ')
}

function compareSlsa(old: Rule, fresh: Rule, change: Change): readonly PolicyChange[] {
  if (old.slsa === undefined && fresh.slsa === undefined) return []
  if (old.slsa === undefined) return [change('stricter', 'slsa is demanded')]
  if (fresh.slsa === undefined) return [change('wider', 'slsa is demanded no more')]
  const builders = (rule: Rule) => (rule.slsa?.builders ?? []).map(builder => JSON.stringify(builder))
  return [
    ...(old.slsa.minLevel === fresh.slsa.minLevel
      ? []
      : [
          change(
            fresh.slsa.minLevel > old.slsa.minLevel ? 'stricter' : 'wider',
            `slsa.min_level: ${old.slsa.minLevel} became ${fresh.slsa.minLevel}`,
          ),
        ]),
    ...compareSets('slsa.builders', builders(old), builders(fresh), 'wider', change),
  ]
}

function compareRegression(
  { regression: old }: Rule,
  { regression: fresh }: Rule,
  change: Change,
): readonly PolicyChange[] {
  return [
    ...compareSwitch('regression.lost', old.lost, fresh.lost, change),
    ...compareSwitch('regression.partial', old.partial, fresh.partial, change),
    ...compareSwitch('regression.publisher_changed', old.publisherChanged, fresh.publisherChanged, change),
    ...compareSwitch('regression.added_late', old.addedLate, fresh.addedLate, change),
    ...compareRank(
      'regression.release_line',
      ['minor', 'major', 'project'],
      old.releaseLine,
      fresh.releaseLine,
      change,
    ),
    ...(old.ignorePrereleases === fresh.ignorePrereleases
      ? []
      : [
          change(
            fresh.ignorePrereleases ? 'wider' : 'stricter',
            `regression.ignore_prereleases became ${fresh.ignorePrereleases}`,
          ),
        ]),
  ]
}

function compareExemptions(before: readonly Exemption[], after: readonly Exemption[]): readonly PolicyChange[] {
  const ids = [...new Set([...before, ...after].map(({ id }) => id))].sort()
  return ids.flatMap((id): readonly PolicyChange[] => {
    const [old, fresh] = [before.find(it => it.id === id), after.find(it => it.id === id)]
    const about = `exemption ${id}`
    if (old === undefined && fresh !== undefined)
      return [{ effect: 'wider', about, text: `was added for ${fresh.project}, until ${formatInstant(fresh.ends)}` }]
    if (old === undefined || fresh === undefined)
      return [{ effect: 'stricter', about, text: `was removed (${old?.project ?? ''})` }]
    const change = (effect: Effect, text: string): PolicyChange => ({ effect, about, text })
    return [
      ...(old.project === fresh.project ? [] : [change('other', `is for ${fresh.project}, was for ${old.project}`)]),
      ...(old.ends === fresh.ends
        ? []
        : [
            change(
              fresh.ends > old.ends ? 'wider' : 'stricter',
              `ends ${formatInstant(fresh.ends)}, before: ${formatInstant(old.ends)}`,
            ),
          ]),
      ...compareSets('waive', old.waive, fresh.waive, 'wider', change),
      ...compareSets('files', pins(old), pins(fresh), 'wider', change),
    ]
  })
}

function pins({ files }: Exemption): readonly string[] {
  return [...files].map(([filename, sha256]) => `${filename} sha256:${sha256}`)
}

function compareRevocations(before: readonly Revocation[], after: readonly Revocation[]): readonly PolicyChange[] {
  const told = (revocations: readonly Revocation[]) => revocations.map(describeRevocation)
  return compareSets('revocations', told(before), told(after), 'stricter', (effect, text) => ({
    effect,
    about: 'revocations',
    text: text.replace('revocations: ', ''),
  }))
}

/** What is revoked and why, in one line. */
export function describeRevocation({ what, reason }: Revocation): string {
  return `${describeRevoked(what)} (${reason})`
}

function describeRevoked(what: Revocation['what']): string {
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

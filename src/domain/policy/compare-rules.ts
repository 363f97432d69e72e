import { describeWorkflow } from '../identity/publisher.ts'
import { type Change, compareSets, type Effect } from './change.ts'
import { comparePublishers, describePublisher } from './compare-publishers.ts'
import type { AllowOrDeny, Rule } from './policy.ts'

/** What differs between two rules in meaning: keys that have no effect under a rule are not looked at. */
export function compareRules(old: Rule, fresh: Rule): readonly Change[] {
  if (old.deny !== undefined || fresh.deny !== undefined) return compareDeny(old, fresh)
  const ratchet = [old, fresh].some(({ attestation }) => attestation === 'when-seen')
  return [
    ...compareRank('attestation', ['optional', 'when-seen', 'required'], old.attestation, fresh.attestation),
    ...compareSigners(old, fresh),
    ...compareSets('predicates.allow', old.predicates.allow, fresh.predicates.allow, 'wider'),
    ...compareSets('predicates.require', old.predicates.require, fresh.predicates.require, 'stricter'),
    ...compareSlsa(old, fresh),
    ...(ratchet ? compareRatchet(old, fresh) : []),
    ...compareSwitch('regression.added_late', old.regression.addedLate, fresh.regression.addedLate),
    ...compareNumber('cooldown.min_age', hours, old.cooldown.minAge, fresh.cooldown.minAge),
    ...compareSwitch('yanked', old.yanked, fresh.yanked),
    ...compareSwitch('confusable', old.confusable, fresh.confusable),
    ...compareSwitch('status.archived', old.status.archived, fresh.status.archived),
    ...compareSwitch('status.deprecated', old.status.deprecated, fresh.status.deprecated),
  ]
}

/** What a rule lets pass, in a few words. */
export function describeDemands(rule: Rule): string {
  if (rule.deny !== undefined) return `denies: ${rule.deny}`
  return `attestation ${rule.attestation}, ${describeSigners(rule)}`
}

function compareDeny({ deny: old }: Rule, rule: Rule): readonly Change[] {
  const { deny: fresh } = rule
  if (old === fresh) return []
  if (old === undefined) return [{ effect: 'stricter', text: `is denied: ${fresh}` }]
  if (fresh === undefined) return [{ effect: 'wider', text: `is denied no more (${old}): ${describeDemands(rule)}` }]
  return [{ effect: 'other', text: `is denied: ${fresh}, before: ${old}` }]
}

/** Whose attestations a rule takes, the narrowest first; of those in the middle, neither is wider than the other. */
type Signers = 'nobody' | 'first-seen' | 'named' | 'anybody'

function signersOf({ publishers, identity, attestation }: Rule): Signers {
  if (publishers !== undefined) return 'named'
  if (identity === 'first-seen') return 'first-seen'
  return attestation === 'required' ? 'nobody' : 'anybody'
}

function describeSigners(rule: Rule): string {
  const who = signersOf(rule)
  if (who === 'named') return `signed by ${(rule.publishers ?? []).map(describePublisher).join(', or by ')}`
  return SIGNED_BY[who]
}

const SIGNED_BY = {
  nobody: 'signed by nobody, so that only exemptions admit',
  'first-seen': 'signed by whoever was proved first',
  anybody: 'signed by anybody',
} as const

function compareSigners(old: Rule, fresh: Rule): readonly Change[] {
  const [was, is] = [signersOf(old), signersOf(fresh)]
  if (old.publishers !== undefined && fresh.publishers !== undefined)
    return comparePublishers(old.publishers, fresh.publishers)
  if (was === is)
    return is === 'first-seen'
      ? compareSwitch(
          'regression.publisher_changed',
          old.regression.publisherChanged,
          fresh.regression.publisherChanged,
        )
      : []
  const effect: Effect =
    was === 'nobody' || is === 'anybody' ? 'wider' : was === 'anybody' || is === 'nobody' ? 'stricter' : 'other'
  return [{ effect, text: `${describeSigners(fresh)}; before: ${describeSigners(old)}` }]
}

function compareSlsa({ slsa: old }: Rule, { slsa: fresh }: Rule): readonly Change[] {
  if (old === undefined && fresh === undefined) return []
  if (old === undefined) return [{ effect: 'stricter', text: 'slsa is demanded' }]
  if (fresh === undefined) return [{ effect: 'wider', text: 'slsa is demanded no more' }]
  return [
    ...compareNumber('slsa.min_level', String, old.minLevel, fresh.minLevel),
    ...compareSets('slsa.builders', old.builders.map(describeWorkflow), fresh.builders.map(describeWorkflow), 'wider'),
  ]
}

function compareRatchet({ regression: old }: Rule, { regression: fresh }: Rule): readonly Change[] {
  const apart = (ignore: boolean) => String(ignore)
  return [
    ...compareSwitch('regression.lost', old.lost, fresh.lost),
    ...compareSwitch('regression.partial', old.partial, fresh.partial),
    ...compareRank('regression.release_line', ['minor', 'major', 'project'], old.releaseLine, fresh.releaseLine),
    ...compareRank(
      'regression.ignore_prereleases',
      ['true', 'false'],
      apart(old.ignorePrereleases),
      apart(fresh.ignorePrereleases),
    ),
  ]
}

function compareSwitch(what: string, old: AllowOrDeny, fresh: AllowOrDeny): readonly Change[] {
  return compareRank(what, ['allow', 'deny'], old, fresh)
}

/** The widest first. */
function compareRank(what: string, ranks: readonly string[], old: string, fresh: string): readonly Change[] {
  if (old === fresh) return []
  const effect = ranks.indexOf(fresh) > ranks.indexOf(old) ? 'stricter' : 'wider'
  return [{ effect, text: `${what}: ${old} became ${fresh}` }]
}

function compareNumber(what: string, tell: (count: number) => string, old: number, fresh: number): readonly Change[] {
  if (old === fresh) return []
  return [{ effect: fresh > old ? 'stricter' : 'wider', text: `${what}: ${tell(old)} became ${tell(fresh)}` }]
}

function hours(millis: number): string {
  return `${millis / 3_600_000} h`
}

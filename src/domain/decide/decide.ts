import { GateError } from '../base/errors.ts'
import { formatInstant, type Instant } from '../base/instant.ts'
import type { Step } from '../base/step.ts'
import type { Finding, Identity } from '../identity/attestation.ts'
import { identityOf, isKnownKind } from '../identity/identity.ts'
import type { History } from '../memory/history.ts'
import type { Artifact } from '../packaging/artifact.ts'
import { type Pins, pinsOf, waiverIn } from '../policy/exemptions.ts'
import type { Exemption, Policy, Rule } from '../policy/policy.ts'
import { type Revocation, revokedByName, revokedByProvenance } from '../policy/revocation.ts'
import { describeRule, type RuleRef } from '../policy/rule-ref.ts'
import { strangerRule } from '../policy/stranger-rule.ts'
import { admitWith } from './admit-with.ts'
import { lookAtAge, lookAtLateness } from './age.ts'
import { lookAtNone } from './look-at-none.ts'
import { type Appraisal, isHard, type Look, type Objection, object, objectionsIn, pass, waiverOf } from './objection.ts'
import { tellLookalike, tellMoved, tellUnnamed } from './story.ts'
import { Admitted, type RefusalWords, type Refused, type Verdict } from './verdict.ts'
import { weighBundles } from './weigh-bundles.ts'

type Bundles = Extract<Finding, { kind: 'attested' }>['bundles']

interface Scene {
  readonly artifact: Artifact
  readonly policy: Policy
  readonly rule: Rule | undefined
  readonly pins: Pins
  readonly history: History
  readonly now: Instant
}

/**
 * Finding, policy, history and time in, verdict out: no clock, no disk, no network. Everything that speaks against the
 * file is collected, exemptions in force take away what they waive, and what stands refuses; in `audit` mode, only what is
 * hard among it.
 *
 * @throws GateError `unknown-upstream` for an `unasked` finding without an exemption in force that waives attestation:
 * "cannot tell" is neither yes nor no, so there is no verdict to return.
 */
export function decide(artifact: Artifact, finding: Finding, policy: Policy, history: History, now: Instant): Verdict {
  const scene = setScene(artifact, policy, history, now)
  const { appraisal, standing, outcome } = weighUp(scene, finding)
  const [first, ...others] = standing
  const refused = first === undefined ? undefined : refuse(scene, finding, appraisal, [first, ...others])
  if (refused !== undefined && outcome === 'refused') return refused
  const { rule } = scene
  const leantOn = exemptionsUsed(scene, appraisal)
  const ref = leantOn[0]?.ref ?? rule?.ref ?? refused?.rule
  if (refused === undefined && ref === undefined)
    throw new GateError('unknown-bug', 'a file without a rule raised no objection')
  return Admitted.mint({
    artifact,
    by:
      refused !== undefined
        ? 'audit'
        : leantOn[0] !== undefined
          ? 'exemption'
          : isAttested(finding)
            ? 'attestation'
            : 'optional',
    rule: ref,
    identity: appraisal.identity,
    restsOnAttestation: isAttested(finding),
    policyDigest: policy.digest,
    steps: stepsOf(scene, appraisal),
    wouldRefuse: refused,
  })
}

/** What {@link decide} would come to, a refusal in the words that name it. It is no permission. */
export type Outlook = 'admitted' | RefusalWords

/** What is known of a file's provenance. */
interface Known {
  /** by which it is told where it is refused whatever provenance says: that it is forged is told all the same, where it is known */
  readonly anyhow: () => Finding
  /** by which it is decided elsewhere; `undefined`: not known */
  readonly found: () => Finding | undefined
}

/**
 * The verdict without all that it rests on, which is most of the work of {@link decide}: for pages, that foresee thousands of files
 * and tell of few. `undefined` where it takes a finding and none is known. Throws as `decide` does.
 */
export function outlook(
  artifact: Artifact,
  known: Known,
  policy: Policy,
  history: History,
  now: Instant,
): Outlook | undefined {
  const scene = setScene(artifact, policy, history, now)
  const beforehand = lookBeforehand(scene)
  const finding = isRefusedBy(beforehand, scene) ? known.anyhow() : known.found()
  if (finding === undefined) return undefined
  const { standing, outcome } = weighUp(scene, finding, beforehand)
  const [first] = standing
  return outcome === 'admitted' || first === undefined ? 'admitted' : wordsOf(scene, toldOf(scene, first))
}

interface WeighedUp {
  readonly appraisal: Appraisal
  /** what nobody waives */
  readonly standing: readonly Objection[]
  readonly outcome: Verdict['kind']
}

function weighUp(scene: Scene, finding: Finding, beforehand = lookBeforehand(scene)): WeighedUp {
  const { policy } = scene
  const appraisal = lookAtAll(scene, finding, beforehand)
  const standing = standingIn(appraisal.looks, scene)
  const isWatched = isOnlyWatched(policy, standing)
  // watching is no answer to "cannot tell" either
  const unknown = standing.find((objection, at) => objection.unknown === true && (isWatched || at === 0))
  if (unknown !== undefined) throw cannotTell(unknown)
  return { appraisal, standing, outcome: standing.length === 0 || isWatched ? 'admitted' : 'refused' }
}

/** False where the file is refused whatever its provenance says, so that nobody needs to fetch it. */
export function needsFinding(artifact: Artifact, policy: Policy, history: History, now: Instant): boolean {
  const scene = setScene(artifact, policy, history, now)
  return !isRefusedBy(lookBeforehand(scene), scene)
}

function isRefusedBy(looks: readonly Look[], scene: Scene): boolean {
  const standing = standingIn(looks, scene)
  return standing.length > 0 && !isOnlyWatched(scene.policy, standing)
}

/** What nobody waives. */
function standingIn(looks: readonly Look[], scene: Scene): readonly Objection[] {
  return objectionsIn(looks).filter(objection => waiverFor(scene, objection) === undefined)
}

/** True where an exemption in force waives attestation for exactly these bytes, so that unknown may become `unasked`. */
export function waivesAttestation(artifact: Artifact, policy: Policy, now: Instant): boolean {
  const rule = policy.ruleFor(artifact.project, artifact.source)
  return waiverIn(pinsOf(artifact, policy, now, rule).inForce, 'attestation') !== undefined
}

/** In `audit` mode what would be refused is admitted and told, except for what is hard. */
function isOnlyWatched({ mode }: Policy, standing: readonly Objection[]): boolean {
  return mode === 'audit' && !standing.some(isHard)
}

function isAttested(finding: Finding): boolean {
  return finding.kind === 'attested'
}

/** Who signed, as far as it was proved. */
export function identityOfVerdict(
  verdict: Refused | { readonly kind: 'admitted'; readonly facts: Pick<Admitted['facts'], 'identity'> },
): Identity | undefined {
  return verdict.kind === 'admitted' ? verdict.facts.identity : verdict.identity
}

function setScene(artifact: Artifact, policy: Policy, history: History, now: Instant): Scene {
  const rule = policy.ruleFor(artifact.project, artifact.source)
  return { artifact, policy, history, now, rule, pins: pinsOf(artifact, policy, now, rule) }
}

function waiverFor(scene: Scene, objection: Objection): Exemption | undefined {
  return waiverIn(scene.pins.inForce, waiverOf(objection))
}

/**
 * In the order in which a refusal is told: first what is hard, so that what is known to be forged is never told, and counted, as a file that
 * only lacks a rule or is too new; then what is known without provenance.
 */
function lookAtAll(scene: Scene, finding: Finding, beforehand: readonly Look[]): Appraisal {
  const { artifact, rule, policy, history, now } = scene
  const revoked = lookAtRevoked(revokedByProvenance(finding, policy.revocations), artifact)
  if (rule === undefined && policy.mode === 'enforce')
    return lookAtStranger(scene, finding, [...beforehand, ...revoked])
  const provenance = lookAtProvenance(scene, rule ?? strangerRule(artifact.project), finding)
  const { attestations } = provenance
  // signed times can make a file younger than the index says
  const age =
    rule === undefined || attestations === undefined ? [] : lookAtAge(artifact, rule, { attestations, history }, now)
  const looks = [
    ...beforehand.filter(({ step }) => age.length === 0 || step.check !== 'age'),
    ...revoked,
    ...age,
    ...provenance.looks,
  ]
  return { ...provenance, looks: hardFirst(looks) }
}

function hardFirst(looks: readonly Look[]): readonly Look[] {
  return [...looks.filter(isHardLook), ...looks.filter(look => !isHardLook(look))]
}

function isHardLook({ objection }: Look): boolean {
  return objection !== undefined && isHard(objection)
}

/**
 * A project without a rule: whoever signed is told, so that a rule can be written. Of the evidence itself only what is hard speaks against
 * the file.
 */
function lookAtStranger(scene: Scene, finding: Finding, beforehand: readonly Look[]): Appraisal {
  const evidence = lookAtProvenance(scene, strangerRule(scene.artifact.project), finding)
  const hard = evidence.looks.filter(isHardLook)
  return { ...signerOfStranger(finding), looks: hardFirst([...beforehand, ...hard]) }
}

function signerOfStranger(finding: Finding): Omit<Appraisal, 'looks'> {
  if (finding.kind !== 'attested') return { identity: undefined, attestations: undefined }
  const named = finding.bundles.find(({ publisher }) => isKnownKind(publisher))
  const { attestations } = named ?? finding.bundles[0]
  return { identity: identityOf(attestations[0].facts.claims), attestations }
}

/** Everything that is known without provenance. */
function lookBeforehand(scene: Scene): readonly Look[] {
  const { artifact, rule, history, now } = scene
  const standing = lookAtStanding(scene)
  if (rule === undefined) return [...standing, ...lookAtStrangersName(artifact)]
  return [
    ...standing,
    ...lookAtMarks(artifact, rule),
    ...lookAtAge(artifact, rule, { attestations: undefined, history }, now),
    ...lookAtLateness(artifact, rule, history),
  ]
}

function lookAtRevoked(revocation: Revocation | undefined, { filename }: Artifact): readonly Look[] {
  if (revocation === undefined) return []
  const { ref, reason } = revocation
  const detail = `${filename.text} is revoked by ${describeRule(ref)}: ${reason}.`
  const look = object('revoked', detail, { check: 'revocations', expected: 'not revoked', found: reason })
  return [{ ...look, objection: { code: 'revoked', detail, ref } }]
}

/** What the project's standing says: quarantine, revocations by name, the rule, and whether it denies. */
function lookAtStanding({ artifact, rule, policy }: Scene): readonly Look[] {
  const { project, status } = artifact
  const quarantine =
    status === 'quarantined'
      ? object('project-quarantined', `The index has quarantined ${project}.`, {
          check: 'project status',
          expected: 'not quarantined',
          found: status,
        })
      : pass('project status', status)
  const revoked = [...lookAtRevoked(revokedByName(artifact, policy.revocations), artifact), ...lookAtSource(artifact)]
  if (rule === undefined) {
    const none = object('no-rule', tellUnnamed(project), {
      check: 'rule',
      expected: `a rule for ${project}`,
      found: 'none',
    })
    return [quarantine, ...revoked, none]
  }
  const found = describeRule(rule.ref)
  if (rule.deny === undefined) return [quarantine, ...revoked, pass('rule', found)]
  return [
    quarantine,
    ...revoked,
    object('rule-denies', `${found} denies ${project}: ${rule.deny}.`, { check: 'rule', found: `${found} denies` }),
  ]
}

/** What author and index say of the file: yanked, archived, deprecated; and whom its name could be taken for. */
function lookAtMarks(artifact: Artifact, rule: Rule): readonly Look[] {
  const { project, filename, yanked, status } = artifact
  const why = typeof yanked === 'string' && yanked !== '' ? `: ${JSON.stringify(yanked)}` : ''
  const withdrawn = yanked !== false && rule.yanked === 'deny'
  const left = (status === 'archived' || status === 'deprecated') && rule.status[status] === 'deny'
  return [
    withdrawn
      ? object(
          'yanked',
          `The author of ${filename.text} has yanked it${why}, and ${rule.ref.id} denies yanked files.`,
          {
            check: 'yanked',
            expected: 'no',
            found: 'yes',
          },
        )
      : pass('yanked', yanked === false ? 'no' : 'yes, allowed'),
    ...lookAtName(artifact, rule),
    ...(left
      ? [
          object('project-status', `The index marks ${project} ${status}, and ${rule.ref.id} denies that.`, {
            check: 'project status',
            expected: `not ${status}`,
            found: status,
          }),
        ]
      : []),
  ]
}

/** A name belongs to one source; the file of another one is at best a file that somebody has looked at. */
function lookAtSource({ project, filename, source, belongsTo }: Artifact): readonly Look[] {
  if (belongsTo === undefined) return []
  const detail = tellMoved({ project, belongsTo, source, filename: filename.text })
  const found = source ?? 'another source'
  return [object('source-changed', detail, { check: 'source', expected: belongsTo, found })]
}

/** A name like one of ours is said in any case: it is the first thing to look at when an install surprises. */
function lookAtName({ project, source, lookalike }: Artifact, rule: Rule): readonly Look[] {
  if (lookalike === undefined) return []
  if (rule.confusable === 'allow') return [pass('name', `like ${lookalike}, which another source owns; allowed`)]
  const detail = `${project} of ${source} could be taken for ${lookalike}, which another source owns, and ${rule.ref.id} denies such names.`
  return [object('confusable', detail, { check: 'name', expected: `unlike ${lookalike}`, found: project })]
}

/** No rule says what becomes of it: the file is refused anyhow, and whoever writes one is to know. */
function lookAtStrangersName({ project, lookalike }: Artifact): readonly Look[] {
  if (lookalike === undefined) return []
  return [{ step: { mark: 'fail', check: 'name', expected: `unlike ${lookalike}`, found: project } }]
}

function lookAtProvenance(scene: Scene, rule: Rule, finding: Finding): Appraisal {
  const unproved = { identity: undefined, attestations: undefined }
  const { text } = scene.artifact.filename
  switch (finding.kind) {
    case 'invalid': {
      const { detail } = finding
      return {
        ...unproved,
        looks: [object(finding.why, detail, { check: 'attestation', expected: 'verifies', found: detail })],
      }
    }
    case 'unasked': {
      const detail = `Provenance of ${text} could not be fetched or checked.`
      const step: Step = { mark: 'fail', check: 'attestation', found: 'could not be fetched or checked' }
      return { ...unproved, looks: [{ step, objection: { code: 'unattested', detail, unknown: true } }] }
    }
    case 'unattested':
      return {
        ...unproved,
        looks: [lookAtNone(scene.artifact, rule, scene.history)],
      }
    case 'attested': {
      const appraisal = weigh(scene, rule, finding.bundles)
      return { ...appraisal, looks: [pass('attestation', 'verifies'), ...appraisal.looks] }
    }
    default:
      return finding satisfies never
  }
}

/**
 * What each proof is to each rule where neither an exemption nor history has a say. It depends on the two alone, and
 * neither is ever changed: another finding or another policy is another object. This is no permission: standing, marks,
 * exemptions and the time are looked at with every file.
 */
const weighed = new WeakMap<Bundles, WeakMap<Rule, Appraisal>>()

function weigh(scene: Scene, rule: Rule, bundles: Bundles): Appraisal {
  const { history } = scene
  const { mode } = scene.policy
  const waived = (code: Objection['code']) => waiverFor(scene, { code, detail: '' }) !== undefined
  const asksHistory = rule.publishers === undefined && rule.identity === 'first-seen'
  if (scene.pins.inForce.length > 0 || asksHistory || scene.rule !== rule)
    return weighBundles(bundles, { rule, history, waived, mode })
  let byRule = weighed.get(bundles)
  if (byRule === undefined) {
    byRule = new WeakMap()
    weighed.set(bundles, byRule)
  }
  let appraisal = byRule.get(rule)
  if (appraisal === undefined) {
    appraisal = weighBundles(bundles, { rule, history, waived: () => false, mode })
    byRule.set(rule, appraisal)
  }
  return appraisal
}

function refuse(
  scene: Scene,
  finding: Finding,
  appraisal: Appraisal,
  standing: readonly [Objection, ...Objection[]],
): Refused {
  const { artifact, policy, rule, history, now } = scene
  const { attestations, identity } = appraisal
  const told = toldOf(scene, standing[0])
  const against = rule === undefined ? standingUnder(scene, policy.barestFor(artifact.source), finding) : standing
  return {
    kind: 'refused',
    ...wordsOf(scene, told),
    identity,
    ...admitWith({ artifact, finding, policy, rule, told, attestations, standing: against, history, now }),
    steps: stepsOf(scene, appraisal),
    notes: [],
  }
}

/** What is told is what stands first, by the name of the exemption that covered the file until it ended. */
function toldOf({ pins }: Scene, first: Objection): Objection {
  const ended = waiverIn(pins.ended, waiverOf(first))
  return ended === undefined ? first : expired(first, ended)
}

function wordsOf({ artifact, policy, rule }: Scene, told: Objection): RefusalWords {
  const { project, source, lookalike, filename, sha256 } = artifact
  // whoever reads why a file is refused, and decides whether it stays so, is to know whose name it looks like
  const beside = lookalike === undefined || told.code === 'confusable' ? '' : ` ${tellLookalike(project, lookalike)}`
  return {
    code: told.code,
    file: {
      project,
      ...(source === undefined ? {} : { source }),
      ...(lookalike === undefined ? {} : { lookalike }),
      version: filename.version,
      filename: filename.text,
      sha256,
    },
    rule: told.ref ?? rule?.ref,
    detail: `${told.detail}${beside}`,
    policyDigest: policy.digest,
  }
}

/** What would stand against the file if this rule decided it. */
function standingUnder(scene: Scene, rule: Rule, finding: Finding): readonly Objection[] {
  const ruled = { ...scene, rule }
  return standingIn(lookAtAll(ruled, finding, lookBeforehand(ruled)).looks, scene)
}

function cannotTell({ detail }: Objection): GateError {
  return new GateError('unknown-upstream', `${detail} No exemption in force waives attestation for it.`)
}

/** An ended exemption changes no outcome, only the name of it. */
function expired({ detail }: Objection, { id, ref, ends, owner }: Exemption): Objection {
  return {
    code: 'exemption-expired',
    detail: `Exemption ${id} (${place(ref)}, owner ${owner}) ended at ${formatInstant(ends)}. Without it: ${detail}`,
  }
}

function place({ file, line }: RuleRef): string {
  return `${file}:${line}`
}

function exemptionsUsed(scene: Scene, appraisal: Appraisal): readonly Exemption[] {
  const used = objectionsIn(appraisal.looks).flatMap(objection => waiverFor(scene, objection) ?? [])
  return [...new Set(used)]
}

/** Steps as a person reads them: what was waived is skipped, and the exemption that did it stands below. */
function stepsOf(scene: Scene, { looks }: Appraisal): readonly Step[] {
  const waivers = objectionsIn(looks).flatMap((objection): readonly Step[] => {
    const exemption = waiverFor(scene, objection)
    if (exemption === undefined) return []
    const check = `exemption ${exemption.id} waives ${waiverOf(objection)}`
    return [{ mark: 'pass', check, found: exemption.reason }]
  })
  const steps = looks.map(({ step, objection }): Step => {
    const waived = objection !== undefined && waiverFor(scene, objection) !== undefined
    return waived ? { ...step, mark: 'skip' } : step
  })
  return [...steps, ...waivers]
}

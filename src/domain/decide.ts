import { admitWith } from './admit-with.ts'
import type { Artifact } from './artifact.ts'
import type { Finding, Identity } from './attestation.ts'
import { GateError } from './errors.ts'
import { type Pins, pinsOf, waiverIn } from './exemptions.ts'
import { identityOf } from './identity.ts'
import { formatInstant, type Instant } from './instant.ts'
import { type Look, type Objection, object, objectionsIn, pass, type Sight, waiverOf } from './objection.ts'
import type { Exemption, Policy, Rule } from './policy.ts'
import { Admitted, describeRule, type Refused, type RuleRef, type Step, type Verdict } from './verdict.ts'
import { weighBundles } from './weigh-bundles.ts'

type Bundles = Extract<Finding, { kind: 'attested' }>['bundles']

interface Scene {
  readonly artifact: Artifact
  readonly policy: Policy
  readonly rule: Rule | undefined
  readonly pins: Pins
  readonly now: Instant
}

/**
 * Finding and policy in, verdict out: no clock, no disk, no network. Everything that speaks against the file is
 * collected, exemptions in force take away what they waive, and what stands refuses.
 *
 * @throws GateError `unknown-upstream` for an `unasked` finding without an exemption in force that waives attestation:
 * "cannot tell" is neither yes nor no, so there is no verdict to return.
 */
export function decide(artifact: Artifact, finding: Finding, policy: Policy, now: Instant): Verdict {
  const scene = setScene(artifact, policy, now)
  const sight = lookAtAll(scene, finding)
  const [first, ...others] = objectionsIn(sight.looks).filter(objection => waiverFor(scene, objection) === undefined)
  if (first !== undefined) return refuse(scene, finding, sight, [first, ...others])
  const { rule } = scene
  if (rule === undefined) throw new GateError('unknown-bug', 'a file without a rule raised no objection')
  const leantOn = exemptionsUsed(scene, sight)
  return Admitted.mint({
    artifact,
    by: leantOn[0] !== undefined ? 'exemption' : finding.kind === 'attested' ? 'attestation' : 'optional',
    rule: leantOn[0]?.ref ?? rule.ref,
    identity: sight.identity,
    restsOnAttestation: finding.kind === 'attested',
    policyDigest: policy.digest,
    steps: stepsOf(scene, sight),
  })
}

/** False where the file is refused whatever its provenance says, so that nobody needs to fetch it. */
export function needsFinding(artifact: Artifact, policy: Policy, now: Instant): boolean {
  const scene = setScene(artifact, policy, now)
  const looks = [...lookAtStanding(scene), ...(scene.rule === undefined ? [] : lookAtMarks(artifact, scene.rule))]
  return objectionsIn(looks).every(objection => waiverFor(scene, objection) !== undefined)
}

/** True where an exemption in force waives attestation for exactly these bytes, so that unknown may become `unasked`. */
export function waivesAttestation(artifact: Artifact, policy: Policy, now: Instant): boolean {
  return waiverIn(pinsOf(artifact, policy, now).inForce, 'attestation') !== undefined
}

/** Who signed, as far as it was proved. */
export function identityOfVerdict(verdict: Verdict): Identity | undefined {
  return verdict.kind === 'admitted' ? verdict.facts.identity : verdict.identity
}

function setScene(artifact: Artifact, policy: Policy, now: Instant): Scene {
  return { artifact, policy, now, rule: policy.ruleFor(artifact.project), pins: pinsOf(artifact, policy, now) }
}

function waiverFor(scene: Scene, objection: Objection): Exemption | undefined {
  return waiverIn(scene.pins.inForce, waiverOf(objection))
}

/** In the order in which a refusal is told: what nothing can overcome first. */
function lookAtAll(scene: Scene, finding: Finding): Sight {
  const standing = lookAtStanding(scene)
  if (scene.rule === undefined) return { ...lookAtStranger(finding), looks: standing }
  const provenance = lookAtProvenance(scene, scene.rule, finding)
  const marks = lookAtMarks(scene.artifact, scene.rule)
  const looks =
    finding.kind === 'invalid'
      ? [...standing, ...provenance.looks, ...marks]
      : [...standing, ...marks, ...provenance.looks]
  return { ...provenance, looks }
}

/** A project without a rule: whoever signed is told, so that a rule can be written. */
function lookAtStranger(finding: Finding): Omit<Sight, 'looks'> {
  if (finding.kind !== 'attested') return { identity: undefined, attestations: undefined }
  const { attestations } = finding.bundles[0]
  return { identity: identityOf(attestations[0].facts.claims), attestations }
}

/** What the project's standing says: quarantine, the rule, and whether it denies. */
function lookAtStanding({ artifact, rule }: Scene): readonly Look[] {
  const { project, status } = artifact
  const quarantine =
    status === 'quarantined'
      ? object('project-quarantined', `The index has quarantined ${project}.`, {
          check: 'project status',
          expected: 'not quarantined',
          found: status,
        })
      : pass('project status', status)
  if (rule === undefined) {
    const detail = `No rule of the policy names ${project}, and it denies what it does not name.`
    return [quarantine, object('no-rule', detail, { check: 'rule', expected: `a rule for ${project}`, found: 'none' })]
  }
  const found = describeRule(rule.ref)
  if (rule.deny === undefined) return [quarantine, pass('rule', found)]
  return [
    quarantine,
    object('rule-denies', `${found} denies ${project}: ${rule.deny}.`, { check: 'rule', found: `${found} denies` }),
  ]
}

/** What author and index say of the file: yanked, archived, deprecated. */
function lookAtMarks({ project, filename, yanked, status }: Artifact, rule: Rule): readonly Look[] {
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

function lookAtProvenance(scene: Scene, rule: Rule, finding: Finding): Sight {
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
        looks: [rule.attestation === 'optional' ? pass('attestation', 'none, optional') : lookAtNone(rule, text)],
      }
    case 'attested': {
      const sight = weigh(scene, rule, finding.bundles)
      return { ...sight, looks: [pass('attestation', 'verifies'), ...sight.looks] }
    }
    default:
      return finding satisfies never
  }
}

/**
 * What each proof is to each rule where no exemption has a say. It depends on the two alone, and neither is ever changed:
 * another finding or another policy is another object. This is no permission: standing, marks, exemptions and the time
 * are looked at with every file.
 */
const weighed = new WeakMap<Bundles, WeakMap<Rule, Sight>>()

function weigh(scene: Scene, rule: Rule, bundles: Bundles): Sight {
  if (scene.pins.inForce.length > 0)
    return weighBundles(bundles, rule, code => waiverFor(scene, { code, detail: '' }) !== undefined)
  let byRule = weighed.get(bundles)
  if (byRule === undefined) {
    byRule = new WeakMap()
    weighed.set(bundles, byRule)
  }
  let sight = byRule.get(rule)
  if (sight === undefined) {
    sight = weighBundles(bundles, rule, () => false)
    byRule.set(rule, sight)
  }
  return sight
}

function lookAtNone({ ref }: Rule, filename: string): Look {
  return object('unattested', `${filename} has no attestation, and ${ref.id} requires one.`, {
    check: 'attestation',
    expected: 'one that verifies',
    found: 'none',
  })
}

function refuse(scene: Scene, finding: Finding, sight: Sight, standing: readonly [Objection, ...Objection[]]): Refused {
  const { artifact, policy, rule, pins, now } = scene
  const [first] = standing
  if (first.unknown === true) throw unknown(first)
  const ended = waiverIn(pins.ended, waiverOf(first))
  const told = ended === undefined ? first : expired(first, ended)
  return {
    kind: 'refused',
    code: told.code,
    file: {
      project: artifact.project,
      version: artifact.filename.version,
      filename: artifact.filename.text,
      sha256: artifact.sha256,
    },
    rule: rule?.ref,
    identity: sight.identity,
    detail: told.detail,
    admitWith: admitWith({ artifact, finding, rule, attestations: sight.attestations, standing, now }),
    policyDigest: policy.digest,
    steps: stepsOf(scene, sight),
  }
}

function unknown({ detail }: Objection): GateError {
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

function exemptionsUsed(scene: Scene, sight: Sight): readonly Exemption[] {
  const used = objectionsIn(sight.looks).flatMap(objection => waiverFor(scene, objection) ?? [])
  return [...new Set(used)]
}

/** Steps as a person reads them: what was waived is skipped, and the exemption that did it stands below. */
function stepsOf(scene: Scene, { looks }: Sight): readonly Step[] {
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

import type { Instant } from '../base/instant.ts'
import type { Waiver } from '../base/refusal.ts'
import type { Artifact } from '../packaging/artifact.ts'
import { canonicalVersion } from '../packaging/version.ts'
import { isApproval } from './approval-files.ts'
import type { Exemption, Policy, Rule } from './policy.ts'

/** The exemptions that pin exactly this file, those in force apart from those that have ended. */
export interface Pins {
  readonly inForce: readonly Exemption[]
  readonly ended: readonly Exemption[]
}

const NO_PINS: Pins = { inForce: [], ended: [] }

/**
 * What pins a file under the rule that decides it. A rule that an approval brought, for a project that the policy names nowhere, lets
 * nothing pass but what was approved: exemptions that the policy itself has of that project slept until then, and go on sleeping.
 * In `audit` mode they never slept, for nothing needs a rule there.
 */
export function pinsOf(artifact: Artifact, policy: Policy, now: Instant, rule: Rule | undefined): Pins {
  const exemptions = policy.exemptionsFor(artifact.project)
  if (exemptions.length === 0) return NO_PINS
  const isOfApproval = policy.mode === 'enforce' && rule !== undefined && isApproval(rule.ref.file)
  const pins = exemptions.filter(
    exemption => (!isOfApproval || isApproval(exemption.ref.file)) && pinsFile(exemption, artifact),
  )
  return { inForce: pins.filter(({ ends }) => now < ends), ended: pins.filter(({ ends }) => now >= ends) }
}

/** Whether an approval pins the file, one that has ended too. */
export function isApproved(artifact: Artifact, policy: Policy): boolean {
  return policy.exemptionsFor(artifact.project).some(one => isApproval(one.ref.file) && pinsFile(one, artifact))
}

function pinsFile({ pins }: Exemption, { project, filename, sha256 }: Artifact): boolean {
  const own = pins.get(project)
  if (own === undefined) return false
  if (own.by === 'release') return own.releases.get(canonicalVersion(filename.version))?.has(sha256) === true
  return own.files.get(filename.text) === sha256 && own.covers(filename.version)
}

/** How many files an exemption pins, by name or by hash. */
export function countPins({ pins }: Exemption): number {
  let count = 0
  for (const own of pins.values())
    if (own.by === 'file') count += own.files.size
    else for (const hashes of own.releases.values()) count += hashes.size
  return count
}

/** The first exemption that waives what is asked for. */
export function waiverIn(exemptions: readonly Exemption[], waiver: Waiver | undefined): Exemption | undefined {
  return waiver === undefined ? undefined : exemptions.find(({ waive }) => waive.includes(waiver))
}

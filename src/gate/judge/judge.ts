import { GateError } from '../../domain/base/errors.ts'
import type { Instant } from '../../domain/base/instant.ts'
import { decide, needsFinding, waivesAttestation } from '../../domain/decide/decide.ts'
import { Admitted, type Verdict } from '../../domain/decide/verdict.ts'
import type { Finding } from '../../domain/identity/attestation.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Histories } from '../../ports/memory.ts'
import type { Trust } from '../../ports/trust.ts'
import type { Policies } from '../policy/policies.ts'
import type { ClockGuard } from './clock-guard.ts'
import type { Examine } from './examine.ts'
import type { Pep740Watch } from './pep740-watch.ts'

interface Options {
  readonly clock: ClockGuard
  readonly examine: Examine
  readonly histories: Histories
  readonly policies: Policies
  readonly trust: Trust
  readonly watch: Pep740Watch
}

export interface Judge {
  /** Finding, then verdict: never "don't know, so yes". Throws unknown-…. */
  judge(artifact: Artifact): Promise<Verdict>
  /** The same where it is an admission and needs no waiting; `undefined` when it may be anything else. */
  atHand(artifact: Artifact): Admitted | undefined
  /** The verdict from what is known without waiting, or `undefined` when the file would have to be examined first. */
  foresee(artifact: Artifact, policy: Policy, now: Instant): Verdict | undefined
}

/** Unasked is unknown: it counts as a finding only for bytes that an exemption in force pins. */
export const UNASKED = { kind: 'unasked' } as const satisfies Finding

/** Failures that leave provenance unfetched or unchecked, as opposed to a gate that is itself in trouble. */
export const UNCHECKED: ReadonlySet<string> = new Set([
  'unknown-upstream',
  'unknown-upstream-timeout',
  'unknown-trust',
  'unknown-verifier',
])

export function createJudge(options: Options): Judge {
  const { clock, examine, histories, policies, trust, watch } = options

  function decideNow(artifact: Artifact, finding: Finding, policy: Policy, now: Instant): Verdict {
    return decide(artifact, finding, policy, histories.of(artifact.project), now)
  }

  async function judge(artifact: Artifact): Promise<Verdict> {
    const now = clock.now()
    const policy = policies.current()
    return decideUnexamined(artifact, policy, now) ?? nameTheUpstream(await weigh(artifact, policy, now))
  }

  /** The verdict on a file whose provenance makes no difference to it; `undefined` where it does. */
  function decideUnexamined(artifact: Artifact, policy: Policy, now: Instant): Verdict | undefined {
    const mismatch = examine.metadataMismatch(artifact)
    if (mismatch !== undefined) return decideNow(artifact, mismatch, policy, now)
    const needed = needsFinding(artifact, policy, histories.of(artifact.project), now)
    return needed ? undefined : decideNow(artifact, UNASKED, policy, now)
  }

  async function weigh(artifact: Artifact, policy: Policy, now: Instant): Promise<Verdict> {
    try {
      const remembered = examine.known(artifact, now)
      if (remembered !== undefined) {
        const verdict = decideNow(artifact, remembered.finding, policy, now)
        if (examine.lasting(remembered, now, verdict.kind)) return assertTrusted(verdict, remembered.finding, now)
      }
      const finding = await examine.anew(artifact, now)
      // asking takes time: what is in force when the answer is given decides
      const later = clock.now()
      return assertTrusted(decideNow(artifact, finding, policies.current(), later), finding, later)
    } catch (error) {
      if (!(error instanceof GateError) || !UNCHECKED.has(error.code)) throw error
      const later = clock.now()
      const inForce = policies.current()
      if (!waivesAttestation(artifact, inForce, later)) throw error
      // never against provenance that failed: a remembered failure counts until it is verified anew or found absent
      return decideNow(artifact, examine.failure(artifact) ?? UNASKED, inForce, later)
    }
  }

  /** A verdict that rests on cryptography, a refusal too, needs a root that is fresh at this moment. */
  function assertTrusted(verdict: Verdict, finding: Finding, now: Instant): Verdict {
    const rests = Admitted.is(verdict)
      ? verdict.facts.restsOnAttestation
      : finding.kind === 'attested' || finding.kind === 'invalid'
    if (rests) trust.fresh(now)
    return verdict
  }

  /** A developer must learn that the mirror behind the gate has no attestations at all. */
  function nameTheUpstream(verdict: Verdict): Verdict {
    if (verdict.kind === 'admitted' || verdict.code !== 'unattested') return verdict
    const notice = watch.notice()
    return notice === undefined ? verdict : { ...verdict, notes: [...verdict.notes, notice] }
  }

  function foresee(artifact: Artifact, policy: Policy, now: Instant): Verdict | undefined {
    const unexamined = decideUnexamined(artifact, policy, now)
    if (unexamined !== undefined) return unexamined
    const remembered = examine.known(artifact, now)
    if (remembered === undefined) return undefined
    const verdict = decideNow(artifact, remembered.finding, policy, now)
    return examine.lasting(remembered, now, verdict.kind) ? verdict : undefined
  }

  function atHand(artifact: Artifact): Admitted | undefined {
    const now = clock.now()
    if (examine.metadataMismatch(artifact) !== undefined) return undefined
    const remembered = examine.known(artifact, now)
    if (remembered === undefined) return undefined
    // what needs no finding to be refused is refused with one, too
    const verdict = decideNow(artifact, remembered.finding, policies.current(), now)
    if (!Admitted.is(verdict) || !examine.lasting(remembered, now, 'admitted')) return undefined
    return verdict.facts.restsOnAttestation && !isTrustFresh(now) ? undefined : verdict
  }

  function isTrustFresh(now: Instant): boolean {
    try {
      trust.fresh(now)
      return true
    } catch {
      return false // whoever waits for the verdict is told why
    }
  }

  return { judge, atHand, foresee }
}

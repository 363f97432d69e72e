import type { GateError } from '../../domain/base/errors.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Events } from '../../observe/events.ts'
import { type ApprovalDocument, type LayeredPolicy, layApprovals } from '../../protocol/policy/approval-layer.ts'
import type { Policies, ReloadingPolicies } from './policies.ts'

/** The policy of one index, with what was approved there beside it. */
export interface ApprovedPolicies extends Policies {
  /** What is approved from now on: all of it, and nothing else. */
  approve(approvals: readonly ApprovalDocument[]): void
  /** Who tells whether what was approved last is known to be so still. */
  heed(unread: () => GateError | undefined): void
  /** Approvals that do not load beside the policy as it is now, and why, by the id of their request. */
  leftOut(): ReadonlyMap<string, string>
  /** What the policy would be with one more; nothing changes. */
  rehearse(approval: ApprovalDocument): LayeredPolicy
}

interface Options {
  /** the policy of the files, which several indexes may have */
  readonly base: Pick<ReloadingPolicies, 'current' | 'lastError' | 'beside'>
  readonly events: Events
}

/**
 * A layer that is put together anew when either changes: the policy below it, or what is approved. Whatever does not load is left out, with
 * a warning, so that approvals never keep a policy from being reloaded.
 */
export function withApprovals({ base, events }: Options): ApprovedPolicies {
  let approvals: readonly ApprovalDocument[] = []
  let below: Policy | undefined
  let unread: () => GateError | undefined = () => undefined
  let layered: LayeredPolicy = { policy: base.current(), loaded: undefined, leftOut: NOTHING }

  function layer(): LayeredPolicy {
    const policy = base.current()
    if (policy === below) return layered
    const before = layered
    below = policy
    layered = layApprovals(policy, approvals, base.beside)
    announce(before)
    return layered
  }

  function announce(before: LayeredPolicy): void {
    for (const [id, why] of layered.leftOut)
      if (before.leftOut.get(id) !== why)
        events.emit({ type: 'policy-warning', detail: `the approval of request ${id} is left out: ${why}` })
    const { digest, files } = layered.policy
    if (digest === before.policy.digest) return
    events.emit({ type: 'policy', action: 'reloaded', digest, before: before.policy.digest, files, diagnostics: [] })
  }

  return {
    current: () => (approvals.length === 0 ? base.current() : layer().policy),
    lastError: base.lastError,
    unread: () => unread(),
    heed(given) {
      unread = given
    },
    approve(given) {
      if (given.length === approvals.length && given.every((one, at) => isSame(one, approvals[at]))) return
      const before = layered
      approvals = given
      below = undefined
      if (approvals.length > 0) return void layer()
      layered = { policy: base.current(), loaded: undefined, leftOut: NOTHING }
      announce(before)
    },
    leftOut: () => (approvals.length === 0 ? NOTHING : layer().leftOut),
    rehearse: approval => layApprovals(base.current(), [...approvals, approval], base.beside),
  }
}

const NOTHING: ReadonlyMap<string, string> = new Map()

function isSame(one: ApprovalDocument, other: ApprovalDocument | undefined): boolean {
  return one.id === other?.id && one.yaml === other.yaml
}

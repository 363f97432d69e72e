import { type Instant, instant } from '../../domain/base/instant.ts'
import { comparable, comparePolicies, type PolicyChange } from '../../domain/policy/compare-policies.ts'
import type { Records } from '../../ports/records.ts'
import type { LaidPolicy, loadLaid } from '../../protocol/policy/approval-layer.ts'
import type { Diagnostic } from '../../protocol/yaml/diagnostic.ts'
import { type Decidable, type LookBounds, oneLook } from './one-look.ts'
import { type Replay, replay } from './replay.ts'

/** What another policy would change; `diagnostics`: it does not load, and this is why. */
export type WhatIf =
  | { readonly diagnostics: readonly Diagnostic[] }
  | {
      readonly changes: readonly PolicyChange[]
      /** things that a load would say of it */
      readonly warnings: readonly string[]
      /** what was approved, beside the other policy */
      readonly approvals: Pick<LaidPolicy, 'taken' | 'leftOut'>
      readonly replay: Replay
      readonly since: Instant
      /** from here on rows were left out, because there are more than are looked at; `undefined`: all were */
      readonly brokeOff: Instant | undefined
    }

interface Compared {
  readonly before: ReturnType<typeof loadLaid>
  readonly after: ReturnType<typeof loadLaid>
  /** what the configuration calls it; without, all are looked at */
  readonly index: string | undefined
  readonly now: Instant
}

const MONTH = 30 * 86_400_000

/**
 * Compares what two policies mean, each with what was approved beside it, and decides the requests of the last 30 days by both. Nothing is put
 * in force, written down or asked of anybody. It breaks off where it would take too long.
 */
export async function whatIf(
  records: Decidable & Pick<Records, 'projects'>,
  { before, after, index, now }: Compared,
  bounds?: LookBounds,
): Promise<WhatIf> {
  if (!('policy' in after)) return { diagnostics: after.diagnostics }
  if (!('policy' in before)) return { diagnostics: before.diagnostics }
  const since = instant(now - MONTH)
  const seen = await records.projects()
  const changes = comparePolicies(comparable(before), comparable(after), { seen, now })
  const look = oneLook(records, index, bounds)
  const replayed = await replay(look.records, after.policy, { since, at: undefined, before: before.policy })
  const { taken, leftOut } = after
  return {
    changes,
    warnings: after.policy.warnings,
    approvals: { taken, leftOut },
    replay: replayed,
    since,
    brokeOff: look.brokeOff(),
  }
}

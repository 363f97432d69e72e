import type { Instant } from '../../domain/base/instant.ts'
import { comparable, comparePolicies, type PolicyChange } from '../../domain/policy/compare-policies.ts'
import type { Records } from '../../ports/records.ts'
import type { LaidPolicy } from '../../protocol/policy/approval-layer.ts'
import type { LoadedPolicy } from '../../protocol/policy/policy-yaml.ts'
import type { Diagnostic } from '../../protocol/yaml/diagnostic.ts'
import { oneLook } from './one-look.ts'
import { type Replay, replay } from './replay.ts'

/** What is asked about a policy that somebody brings. */
export type BroughtLook =
  | { readonly kind: 'check' }
  | { readonly kind: 'compare' }
  | { readonly kind: 'replay'; readonly since: Instant }

/** The policy that was brought, as far as it is told. */
export interface BroughtPolicy {
  readonly digest: string
  readonly mode: 'enforce' | 'audit'
  readonly rules: number
  readonly exemptions: number
  readonly revocations: number
  readonly warnings: readonly string[]
}

export interface BroughtReplay extends Replay {
  /** false: there are more rows than are decided again */
  readonly whole: boolean
}

/** `diagnostics`: it does not load, and this is why. */
export type BroughtFound =
  | { readonly diagnostics: readonly Diagnostic[] }
  | {
      /** as it would be in force, approvals included */
      readonly policy: BroughtPolicy
      readonly approvals: Pick<LaidPolicy, 'taken' | 'leftOut'>
      readonly changes: readonly PolicyChange[]
      readonly replayed: BroughtReplay | undefined
    }

interface Beside {
  /** the policy in force, approvals included */
  readonly before: () => LoadedPolicy
  /** what was written down for the index. Throws `unknown-store` */
  readonly ask: <Answer>(use: (records: Records) => Promise<Answer>) => Promise<Answer>
  /** what the configuration calls it; without, all are looked at */
  readonly index: string | undefined
  readonly now: Instant
}

/** Looks at a policy that somebody brings; nothing of it is put in force, or kept. Throws `unknown-store`. */
export async function lookAtBrought(
  look: BroughtLook,
  after: LaidPolicy | Objections,
  beside: Beside,
): Promise<BroughtFound> {
  if (!('policy' in after)) return { diagnostics: after.diagnostics }
  const { policy, contents, taken, leftOut } = after
  return {
    policy: {
      digest: policy.digest,
      mode: policy.mode,
      rules: contents.rules.length,
      exemptions: contents.exemptions.length,
      revocations: contents.revocations.length,
      warnings: policy.warnings,
    },
    approvals: { taken, leftOut },
    changes: look.kind === 'compare' ? await changesOf(after, beside) : [],
    replayed: look.kind === 'replay' ? await replayed(after, look.since, beside) : undefined,
  }
}

type Objections = Exclude<LoadedPolicy, { readonly policy: unknown }>

async function changesOf(after: LaidPolicy, { before, ask, now }: Beside): Promise<readonly PolicyChange[]> {
  const own = before()
  if (!('policy' in own)) throw new TypeError('what is in force loads')
  const seen = await ask(records => records.projects())
  return comparePolicies(comparable(own), comparable(after), { seen, now })
}

async function replayed({ policy }: LaidPolicy, since: Instant, { ask, index }: Beside): Promise<BroughtReplay> {
  return await ask(async records => {
    const look = oneLook(records, index)
    const found = await replay(look.records, policy, { since, at: undefined })
    return { ...found, whole: look.brokeOff() === undefined }
  })
}

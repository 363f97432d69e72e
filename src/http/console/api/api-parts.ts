import type { Clock } from '../../../domain/base/instant.ts'
import type { SourceName } from '../../../domain/base/source-name.ts'
import type { LetGo } from '../../../domain/memory/letting-go.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Explain } from '../../../gate/explain/explain.ts'
import type { Check, Gate } from '../../../gate/gate.ts'
import type { BroughtFound, BroughtLook } from '../../../gate/records/brought-policy.ts'
import type { Decisions } from '../../../gate/requests/decide.ts'
import type { RequestDesk } from '../../../gate/requests/desk.ts'
import type { AuditRecords, Doer } from '../../../ports/console/audit-log.ts'
import type { Ledger } from '../../../ports/console/ledger.ts'
import type { Requests } from '../../../ports/console/requests.ts'
import type { Records } from '../../../ports/records.ts'
import type { TokenKeeper } from '../../../ports/tokens.ts'
import type { LoadedPolicy } from '../../../protocol/policy/policy-yaml.ts'
import type { TextFile } from '../../../protocol/yaml/yaml-document.ts'
import type { ShownGates } from '../pages/data.ts'
import type { SessionDesk } from '../sign-in/session-desk.ts'

export type GoodPolicy = Extract<LoadedPolicy, { readonly policy: unknown }>

/** An index, as the API asks it. */
export interface ApiIndex {
  readonly name: string
  /** The policy in force, approvals included, with all that it says. Throws `unknown-store`. */
  policy(): Promise<GoodPolicy>
  /** What is approved for it, each as a document that loads beside the policy; what does not load any more is left out. Throws `unknown-store`. */
  approvals(): Promise<readonly string[]>
  /** why the policy that lies there now is not in force */
  lastError(): string | undefined
  /**
   * Looks at a policy that somebody brings, on a thread of its own: read as strictly as the gate reads its own; what it names lies among the
   * `pins` that come with it, or nowhere. Throws `unknown-store`, and `unknown-overloaded` where it takes too long or too much memory.
   */
  lookAt(
    look: BroughtLook,
    brought: { readonly files: readonly TextFile[]; readonly pins: ReadonlyMap<string, string> },
  ): Promise<BroughtFound>
  /** A look of its own; nothing that is learned of it is remembered. */
  explain(): Explain
  /** Whose a name is, once it was asked about; `undefined` where no sources are named. */
  sourceOf(project: ProjectName): SourceName | undefined
  readonly gate: Pick<Gate, 'explained'>
  /** What was written down for the index, read-only. Throws `unknown-store`. */
  askRecords<Answer>(ask: (records: Records) => Promise<Answer>): Promise<Answer>
}

export interface ForgetOrder {
  readonly what: LetGo
  readonly project: ProjectName | undefined
  readonly filename: string | undefined
  readonly source: 'upstream' | 'held'
  readonly reason: string
}

/** What the API shows and does. */
export interface ApiParts {
  /** of this product */
  readonly version: string
  readonly indexes: readonly [ApiIndex, ...ApiIndex[]]
  readonly ledger: Ledger
  readonly audit: AuditRecords
  readonly requests: Pick<Requests, 'get' | 'list'>
  readonly desk: Pick<RequestDesk, 'ask'>
  readonly decisions: Pick<Decisions, 'approve' | 'decline' | 'withdraw' | 'preview'>
  /** Beside the gate, as a command has them. Throws `unknown-store`. */
  keepTokens<Result>(use: (tokens: TokenKeeper) => Result | Promise<Result>): Promise<Result>
  readonly sessions: SessionDesk
  /** False where there was nothing to let go of. Throws `unknown-store`. */
  forget(order: ForgetOrder, by: Doer): Promise<boolean>
  readiness(): Promise<readonly Check[]>
  /** `undefined`: the gate is alone */
  gates(): ShownGates | undefined
  readonly clock: Clock
}

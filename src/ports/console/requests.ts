import type { Sha256 } from '../../domain/base/digest.ts'
import type { Instant } from '../../domain/base/instant.ts'
import type { AuditEntry } from './audit-log.ts'

export type RequestState = 'open' | 'approved' | 'declined' | 'withdrawn'

/** Who asked that a refusal be looked at. */
export interface Requester {
  /** `token:ci`, `user:ada@acme.example`, `anonymous` */
  readonly subject: string
  /** what he signed in with, or typed where anonymous requests are allowed: one's own request is known by it */
  readonly email: string | undefined
  readonly address: string
  /** who stands behind the subject (`domain/access/standing.ts`); absent: nobody wrote that down */
  readonly also?: readonly string[] | undefined
}

/** Somebody asks that a refused file be let through, or that a held change of a publisher be approved. */
export interface AccessRequest {
  /** short, of letters and digits */
  readonly id: string
  /** id of the refusal that it is about */
  readonly refusal: string
  readonly kind: 'file' | 'change'
  /** what the configuration calls the index */
  readonly index: string
  readonly project: string
  readonly version: string | undefined
  readonly filename: string
  readonly sha256: Sha256 | undefined
  /** of the refusal */
  readonly code: string
  readonly reason: string
  readonly by: Requester
  readonly at: Instant
  readonly state: RequestState
  readonly decision: RequestDecision | undefined
}

export interface RequestDecision {
  /** `user:…` */
  readonly by: string
  readonly email: string | undefined
  readonly at: Instant
  /** what whoever asked is told */
  readonly words: string
  readonly ticket: string | undefined
  /** `undefined` where nothing was approved; stays when it is withdrawn */
  readonly approval: Approval | undefined
}

/** What an approval lets through: a layer of policy in the words of a policy file, read by the strict loader like any other. */
export interface Approval {
  /** the file alone, or every file of the release that is listed now, each pinned by its sha256 */
  readonly extent: 'file' | 'release'
  readonly ends: Instant
  /** a whole policy document */
  readonly yaml: string
}

/** What became of asking. */
export type Asked =
  | { readonly request: AccessRequest; readonly isNew: boolean }
  /** so many of whoever asks, or in all, are open that there is no room for another */
  | { readonly full: 'own' | 'all' }

export interface RequestFilter {
  readonly state?: RequestState | undefined
  readonly project?: string | undefined
  /** settled ones alone: all but the open */
  readonly decided?: true | undefined
}

/** Requests of all gates that share a store. Throws `unknown-store`. */
export interface Requests {
  /**
   * The latest for this refusal where that still says something, which is unless its approval was withdrawn or has ended; else this one, as
   * long as no more are open than `most` of its subject (of `anonymous`: of its address), and in all. A new one with its row in the audit
   * log: both, or neither.
   */
  ask(request: AccessRequest, most: { readonly own: number; readonly all: number }, entry?: AuditEntry): Promise<Asked>
  get(id: string): Promise<AccessRequest | undefined>
  /** The latest. */
  ofRefusal(refusal: string): Promise<AccessRequest | undefined>
  /** The newest first; `before`: those asked before the one of this id. */
  list(
    filter: RequestFilter,
    page: { readonly before?: string | undefined; readonly limit: number },
  ): Promise<readonly AccessRequest[]>
  /** With its row in the audit log: both, or neither. False where somebody else has decided meanwhile: then nothing has changed. */
  decide(
    id: string,
    from: RequestState,
    to: RequestState,
    decision: RequestDecision,
    entry?: AuditEntry,
  ): Promise<boolean>
  /** Every request whose approval was not withdrawn and has not ended at `now`, the oldest first. */
  inForce(now: Instant): Promise<readonly AccessRequest[]>
  /** Changes whenever a decision of any gate does; costs next to nothing. */
  revision(): Promise<string>
}

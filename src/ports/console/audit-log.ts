import type { Instant } from '../../domain/base/instant.ts'

/** What people did to a gate, and what a gate did that people answer for. */
export type AuditAction =
  | 'signed-in'
  | 'sign-in-refused'
  | 'signed-out'
  | 'sign-in-link'
  | 'sessions-ended'
  | 'requested'
  | 'approved'
  | 'declined'
  | 'withdrawn'
  | 'change-approved'
  | 'token-created'
  | 'token-revoked'
  | 'revocation'
  | 'forgotten'
  | 'imported'
  | 'configured'
  | 'policy-loaded'
  | 'policy-reloaded'
  | 'policy-kept'

export interface AuditEntry {
  readonly at: Instant
  readonly action: AuditAction
  /** `user:ada@acme.example`, `token:ci`, `anonymous`; `gate` for what it did by itself; `shell:ada` for a command */
  readonly actor: string
  /** an address, `command line`, or `gate` */
  readonly from: string
  /** what it was done to: a file, a project, the name of a token, a digest of a policy */
  readonly target: string
  /** the reason that was given */
  readonly why: string | undefined
  /** whatever else says what it was; words of outside are kept as they came, and escaped where they are shown */
  readonly detail: Readonly<Record<string, string>>
}

/** Who does something, from where, and why: what a row says besides what was done. */
export interface Doer extends Pick<AuditEntry, 'actor' | 'from' | 'why'> {
  /** what else is known of them */
  readonly detail?: AuditEntry['detail'] | undefined
}

/** A place in the chain. Whoever writes one down elsewhere can tell later that nothing up to it was changed or taken away. */
export interface AuditHead {
  /** 0 where there is no row */
  readonly sequence: number
  /** 64 hexadecimal digits, zeros where there is no row */
  readonly hash: string
}

/** An entry in its place in the chain. */
export interface AuditRow extends AuditEntry, AuditHead {
  /** from 1, without gaps */
  readonly sequence: number
  /** sha256 over this row and `previous` (`store/audit/chain.ts` says of which bytes), 64 hexadecimal digits */
  readonly hash: string
  /** `hash` of the row before it; 64 zeros for the first */
  readonly previous: string
}

/** Rows are added, by any process and any gate, and nothing changes one or takes one away: no limit of time or size, no command. */
export interface AuditLog {
  /**
   * Resolves when it is on disk, in its place behind whatever any process or gate wrote before. A text of more than 4,096 characters is
   * cut; NUL and halves of a character become U+FFFD. Throws `unknown-store`.
   */
  append(entry: AuditEntry): Promise<AuditRow>
}

export interface AuditFilter {
  readonly action?: AuditAction | undefined
  readonly actor?: string | undefined
  /** part of target, reason or actor, whichever case its ASCII letters are in */
  readonly text?: string | undefined
  readonly since?: Instant | undefined
  /** before this moment */
  readonly until?: Instant | undefined
}

/** What became of the chain. */
export interface AuditVerdict {
  /** how many rows hold together, from the first one on */
  readonly rows: number
  /** the last of them */
  readonly head: AuditHead
  /** the first place that is not as it was written, and why; `undefined` where the chain is whole */
  readonly wrong: { readonly sequence: number; readonly why: string } | undefined
}

/** Throws `unknown-store` when it cannot be read. */
export interface AuditRecords {
  /**
   * The newest first; `before`: only rows of a lower sequence. Quick at a million rows, but for a `text` that
   * is in few of them, which is looked for in all; holds a thread for milliseconds at a time.
   */
  rows(
    filter: AuditFilter,
    page: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<readonly AuditRow[]>
  /** Every row that is there when it begins, the oldest first. */
  all(): AsyncIterable<AuditRow>
  /**
   * Looks at every row that is there when it begins. `expected` is a place that somebody wrote down: without one, rows that were all
   * written anew cannot be told from those that were there.
   */
  verify(expected?: AuditHead): Promise<AuditVerdict>
}

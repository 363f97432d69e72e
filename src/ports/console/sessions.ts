import type { Sha256 } from '../../domain/base/digest.ts'
import type { Instant, Millis } from '../../domain/base/instant.ts'
import type { AuditEntry } from './audit-log.ts'

/** *viewer* sees, *approver* decides requests and held changes, *admin* forgets, prints sign-in links and sees tokens; each may what those before may. */
export type Role = 'viewer' | 'approver' | 'admin'

/** Somebody who is signed in. */
export interface Person {
  /** `user:ada@acme.example`, or `user:<sub>` where no address of his was verified */
  readonly subject: string
  readonly email: string | undefined
  readonly name: string | undefined
  readonly role: Role
  /** who stands behind him, or who else he may be (`domain/access/standing.ts`) */
  readonly also?: readonly string[] | undefined
}

export interface Session {
  readonly person: Person
  readonly began: Instant
  readonly ends: Instant
}

/** What lets somebody in now, as it may be shown: a session, or a link that nobody followed yet. */
export interface StandingSession {
  /** the beginning of its hash: good for nothing but to end it */
  readonly id: string
  readonly person: Person
  /** `undefined`: of a link */
  readonly began: Instant | undefined
  /** to the minute; likewise */
  readonly used: Instant | undefined
  readonly ends: Instant
}

/** One of them, or all of somebody's. */
export type Whose = { readonly id: string } | { readonly subject: string }

/**
 * Sessions, known by the sha256 of what the cookie says, and links that sign in once. On every replica. What has an entry is done with its row
 * in the audit log: both, or neither. Throws `unknown-store`.
 */
export interface Sessions {
  begin(hash: Sha256, session: Session, entry?: AuditEntry): Promise<void>
  /** One that has not ended, and that somebody used less than `idle` before `now`; from then on `now` is when it was used last, to the minute. */
  find(hash: Sha256, now: Instant, idle: Millis): Promise<Session | undefined>
  end(hash: Sha256, entry?: AuditEntry): Promise<void>
  /** A link that is good once, until `ends`. */
  offer(hash: Sha256, link: SignInLink, entry?: AuditEntry): Promise<void>
  /** Takes it away, and says whose it was, if it was still good; of several who come at once one has it. */
  take(hash: Sha256, now: Instant): Promise<Person | undefined>
}

/** The same, for whoever looks after them. Throws likewise. */
export interface SessionBook {
  /** All that let somebody in now; those that end last come first. */
  list(now: Instant, idle: Millis): Promise<readonly StandingSession[]>
  /**
   * Ends them, on every replica at once, with the row in the audit log that `entryOf` makes of those that let somebody in until now: both, or
   * neither. Answers with these; where there are none there is no row.
   */
  endOf(
    whose: Whose,
    until: { readonly now: Instant; readonly idle: Millis },
    entryOf: (ended: readonly StandingSession[]) => AuditEntry,
  ): Promise<readonly StandingSession[]>
}

export interface SignInLink {
  readonly person: Person
  readonly ends: Instant
}

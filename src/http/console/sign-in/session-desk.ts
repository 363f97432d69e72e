import { GateError } from '../../../domain/base/errors.ts'
import type { Clock, Instant } from '../../../domain/base/instant.ts'
import type { AuditEntry, Doer } from '../../../ports/console/audit-log.ts'
import type { SessionBook, StandingSession, Whose } from '../../../ports/console/sessions.ts'
import { IDLE } from './session-keeper.ts'

/** Who is signed in or could be by a link, and the end of that. */
export interface SessionDesk {
  /** Throws `unknown-store`. */
  list(): Promise<readonly StandingSession[]>
  /**
   * Ends one by its id, or all of somebody by subject or name: what he is shown next is the sign-in, on every gate. It stands in the audit log:
   * both, or neither. Answers with what was ended. Throws `not-found`, `unknown-store`.
   */
  end(whose: string, doer: Doer): Promise<readonly StandingSession[]>
}

interface Parts {
  readonly sessions: SessionBook
  readonly clock: Clock
}

export function createSessionDesk({ sessions, clock }: Parts): SessionDesk {
  return {
    list: async () => await sessions.list(clock(), IDLE),
    async end(text, doer) {
      const now = clock()
      const all = await sessions.list(now, IDLE)
      const one = all.find(({ id }) => id === text)
      const whose = one === undefined ? whoseIs(subjectOf(text, all)) : { id: one.id }
      const ended = whose && (await sessions.endOf(whose, { now, idle: IDLE }, all => entryOf(all, now, doer)))
      // somebody else may have ended them meanwhile
      if (ended === undefined || ended.length === 0)
        throw new GateError('not-found', `nobody is signed in whom ${JSON.stringify(text)} names`)
      return ended
    },
  }
}

function entryOf(ended: readonly StandingSession[], at: Instant, doer: Doer): AuditEntry {
  const target = ended[0]?.person.subject ?? ''
  const detail = { ...doer.detail, ended: ended.map(({ id }) => id).join(' ') }
  return { ...doer, at, action: 'sessions-ended', target, detail }
}

function whoseIs(subject: string | undefined): Whose | undefined {
  return subject === undefined ? undefined : { subject }
}

/** `user:ada@acme.example`, or without what all begin with. */
function subjectOf(text: string, all: readonly StandingSession[]): string | undefined {
  return all.find(({ person: { subject } }) => subject === text || subject === `user:${text}`)?.person.subject
}

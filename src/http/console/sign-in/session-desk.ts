import { GateError } from '../../../domain/base/errors.ts'
import type { Clock } from '../../../domain/base/instant.ts'
import type { AuditLog, Doer } from '../../../ports/console/audit-log.ts'
import type { SessionBook, StandingSession, Whose } from '../../../ports/console/sessions.ts'
import { IDLE } from './session-keeper.ts'

/** Who is signed in or could be by a link, and the end of that. */
export interface SessionDesk {
  /** Throws `unknown-store`. */
  list(): Promise<readonly StandingSession[]>
  /**
   * Ends one by its id, or all of somebody by subject or name: what he is shown next is the sign-in, on every gate. It stands in the audit log
   * before it is done. Answers with what was ended. Throws `not-found`, `unknown-store`.
   */
  end(whose: string, doer: Doer): Promise<readonly StandingSession[]>
}

interface Parts {
  readonly sessions: SessionBook
  readonly audit: AuditLog
  readonly clock: Clock
}

export function createSessionDesk({ sessions, audit, clock }: Parts): SessionDesk {
  return {
    list: async () => await sessions.list(clock(), IDLE),
    async end(text, doer) {
      const now = clock()
      const all = await sessions.list(now, IDLE)
      const one = all.find(({ id }) => id === text)
      const subject = one?.person.subject ?? subjectOf(text, all)
      if (subject === undefined)
        throw new GateError('not-found', `nobody is signed in whom ${JSON.stringify(text)} names`)
      const whose: Whose = one === undefined ? { subject } : { id: one.id }
      const ended = one === undefined ? all.filter(({ person }) => person.subject === subject) : [one]
      const detail = { ...doer.detail, ended: ended.map(({ id }) => id).join(' ') }
      await audit.append({ ...doer, at: now, action: 'sessions-ended', target: subject, detail })
      await sessions.endOf(whose)
      return ended
    },
  }
}

/** `user:ada@acme.example`, or without what all begin with. */
function subjectOf(text: string, all: readonly StandingSession[]): string | undefined {
  return all.find(({ person: { subject } }) => subject === text || subject === `user:${text}`)?.person.subject
}

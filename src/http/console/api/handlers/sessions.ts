import { formatInstant } from '../../../../domain/base/instant.ts'
import type { StandingSession } from '../../../../ports/console/sessions.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Handlers } from '../call.ts'
import { assertEveryIndex } from '../caller.ts'
import { timeOr } from './as-told.ts'

/** Who is signed in to the console, and the end of that. */
export function sessionHandlers({ sessions }: Pick<ApiParts, 'sessions'>): Handlers<'listSessions' | 'endSessions'> {
  return {
    async listSessions({ caller }) {
      assertEveryIndex(caller)
      return { items: (await sessions.list()).map(tellSession) }
    },
    async endSessions({ body: { whose, reason }, caller }) {
      assertEveryIndex(caller)
      const { person, address } = caller
      const ended = await sessions.end(whose, { actor: person.subject, from: address, why: reason })
      return { items: ended.map(tellSession) }
    },
  }
}

function tellSession({ id, person: { subject, email, name, role }, began, used, ends }: StandingSession) {
  return {
    id,
    subject,
    email: email ?? null,
    name: name ?? null,
    role,
    began: timeOr(began),
    used: timeOr(used),
    ends: formatInstant(ends),
  }
}

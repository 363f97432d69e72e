import { formatInstant } from '../../domain/base/instant.ts'
import type { StandingSession } from '../../ports/console/sessions.ts'
import type { Told } from '../../protocol/api/operation.ts'
import type { OPERATIONS } from '../../protocol/api/operations.ts'

/** A session as the API tells it. */
export type ToldSession = Told<(typeof OPERATIONS)['listSessions']>['items'][number]

export function toldSession({ id, person, began, used, ends }: StandingSession): ToldSession {
  const { subject, email, name, role } = person
  return {
    id,
    subject,
    email: email ?? null,
    name: name ?? null,
    role,
    began: began === undefined ? null : formatInstant(began),
    used: used === undefined ? null : formatInstant(used),
    ends: formatInstant(ends),
  }
}

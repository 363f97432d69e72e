import { parseSha256 } from '../../domain/base/digest.ts'
import { instant } from '../../domain/base/instant.ts'
import type { AccessRequest } from '../../ports/console/requests.ts'
import type { Told } from '../../protocol/api/operation.ts'
import type { OPERATIONS } from '../../protocol/api/operations.ts'

/** A request as a gate tells it that is asked from afar. */
export function readRequest({
  version,
  sha256,
  by,
  at,
  decision,
  ...rest
}: Told<(typeof OPERATIONS)['getRequest']>): AccessRequest {
  return {
    ...rest,
    version: version ?? undefined,
    sha256: parseSha256(sha256 ?? ''),
    by: { ...by, email: by.email ?? undefined },
    at: instant(Date.parse(at)),
    decision: decision === null ? undefined : readDecision(decision),
  }
}

function readDecision({
  email,
  at,
  ticket,
  approval,
  ...rest
}: NonNullable<Told<(typeof OPERATIONS)['getRequest']>['decision']>): NonNullable<AccessRequest['decision']> {
  return {
    ...rest,
    email: email ?? undefined,
    at: instant(Date.parse(at)),
    ticket: ticket ?? undefined,
    approval: approval === null ? undefined : { ...approval, ends: instant(Date.parse(approval.ends)) },
  }
}

import type { GateError } from '../../domain/base/errors.ts'
import { stillStands } from '../../domain/requests/request.ts'
import type { AccessRequest, Requests } from '../../ports/console/requests.ts'
import { type Asker, type AskOptions, type AskOrder, askerObjection, createAsk } from './ask.ts'

/** Where people ask that a refused file be let through, and see what came of it. */
export interface RequestDesk {
  /** Why somebody may not ask, whatever it is about; `undefined` where he may. */
  objection(asker: Asker): GateError | undefined
  /** @throws GateError `unauthenticated`, `request-invalid`, `request-pointless`, `too-many-requests`, `unknown-store` */
  ask(order: AskOrder): Promise<AccessRequest>
  /** What was asked last about a refusal. Throws `unknown-store`. */
  ofRefusal(refusal: string): Promise<AccessRequest | undefined>
  /** Whether somebody has to decide about it yet, or what was approved is in force: until then nobody asks again. */
  stands(request: AccessRequest): boolean
}

export function createRequestDesk(options: AskOptions & { readonly requests: Requests }): RequestDesk {
  const { requests, clock } = options
  return {
    objection: asker => askerObjection(asker, options),
    ask: createAsk(options),
    ofRefusal: refusal => requests.ofRefusal(refusal),
    stands: ({ state, decision }) => stillStands({ state, ends: decision?.approval?.ends ?? 0 }, clock()),
  }
}

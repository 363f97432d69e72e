import { stillStands } from '../../domain/requests/request.ts'
import type { AccessRequest, Requests } from '../../ports/console/requests.ts'
import { type AskOptions, type AskOrder, createAsk } from './ask.ts'

/** Where people ask that a refused file be let through, and see what came of it. */
export interface RequestDesk {
  /** whoever nobody knows may ask, with an address */
  readonly anonymous: boolean
  /** @throws GateError `unauthenticated`, `request-invalid`, `request-pointless`, `too-many-requests`, `unknown-store` */
  ask(order: AskOrder): Promise<AccessRequest>
  /** What was asked last about a refusal. Throws `unknown-store`. */
  ofRefusal(refusal: string): Promise<AccessRequest | undefined>
  /** Whether somebody has to decide about it yet, or what was approved is in force: until then nobody asks again. */
  stands(request: AccessRequest): boolean
}

export function createRequestDesk(options: AskOptions & { readonly requests: Requests }): RequestDesk {
  const { requests, anonymous, clock } = options
  return {
    anonymous,
    ask: createAsk(options),
    ofRefusal: refusal => requests.ofRefusal(refusal),
    stands: ({ state, decision }) => stillStands({ state, ends: decision?.approval?.ends ?? 0 }, clock()),
  }
}

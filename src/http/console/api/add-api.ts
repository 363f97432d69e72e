import { GateError } from '../../../domain/base/errors.ts'
import type { Asker } from '../../../flow/asker.ts'
import { API_BASE, type Operation, type Said } from '../../../protocol/api/operation.ts'
import { OPERATIONS, type OperationId } from '../../../protocol/api/operations.ts'
import type { ConsoleAnswer } from '../answer.ts'
import type { ConsoleRouter } from '../router.ts'
import type { Visit } from '../visit.ts'
import type { ApiParts } from './api-parts.ts'
import type { Bearers } from './bearers.ts'
import type { Handlers } from './call.ts'
import { assertScope, type Caller, callerOf } from './caller.ts'
import { explainHandlers } from './handlers/explain.ts'
import { listHandlers } from './handlers/lists.ts'
import { overviewHandlers } from './handlers/overview.ts'
import { policyHandlers } from './handlers/policy.ts'
import { projectHandlers } from './handlers/projects.ts'
import { requestHandlers } from './handlers/requests.ts'
import { sessionHandlers } from './handlers/sessions.ts'
import { standingHandlers } from './handlers/standing.ts'
import { tokenHandlers } from './handlers/tokens.ts'
import { readCall } from './read-call.ts'

/** Every call of the API, for whoever is signed in and for tokens. */
export function addApi(router: ConsoleRouter, parts: ApiParts, tokenOf: Bearers['tokenOf']): void {
  const handlers: Handlers = {
    ...overviewHandlers(parts),
    ...listHandlers(parts),
    ...projectHandlers(parts),
    ...explainHandlers(parts),
    ...standingHandlers(parts),
    ...requestHandlers(parts),
    ...policyHandlers(parts),
    ...tokenHandlers(parts),
    ...sessionHandlers(parts),
  }
  for (const [id, told] of Object.entries<Operation>(OPERATIONS)) {
    const handle = handlers[id as OperationId] as (
      call: Said<Operation> & { caller: Caller; asker: Asker },
    ) => Promise<unknown>
    const path = `${API_BASE}${told.path.replace(/\{([a-z_]+)\}/g, ':$1')}`
    // who may is a matter of scopes, which roles are told in: the router lets in whoever is known
    router.api(told.method, path, 'viewer', async visit => {
      const caller = callerFor(visit, tokenOf(visit.person))
      assertScope(caller, told.need)
      const said = await readCall(told, visit)
      return answerOf(told, await handle({ ...said, caller, asker: visit.exchange.asker }).catch(asOfCall), visit)
    })
  }
}

function callerFor(visit: Visit, token: ReturnType<Bearers['tokenOf']>): Caller {
  const caller = callerOf(visit.person, token, visit.address)
  // the router gives a session something to prove itself with, and a token nothing
  if ((visit.csrf === '') !== (token !== undefined)) throw new GateError('not-signed-in', 'nobody knows who asks')
  return caller
}

/** What makes no sense below is told as what makes no sense here. */
function asOfCall(error: unknown): never {
  if (error instanceof GateError && error.code === 'bad-request')
    throw new GateError('bad-call', error.detail, { cause: error })
  throw error
}

function answerOf({ status, type, paged }: Operation, told: unknown, visit: Visit): ConsoleAnswer {
  if (type !== undefined && typeof told === 'string')
    return { status, headers: ['Content-Type', `${type}; charset=utf-8`], body: Buffer.from(told) }
  const next = paged === true ? (told as { readonly next: string | null }).next : null
  const headers = ['Content-Type', 'application/json', ...(next === null ? [] : ['Link', nextLink(visit, next)])]
  return { status, headers, body: Buffer.from(`${JSON.stringify(told)}\n`) }
}

/** RFC 8288: the same list, from where this page ended. */
function nextLink({ origin, path, query }: Visit, cursor: string): string {
  const next = new URLSearchParams(query)
  next.set('cursor', cursor)
  return `<${origin}${path}?${next.toString()}>; rel="next"`
}

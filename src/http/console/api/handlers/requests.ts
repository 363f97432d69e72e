import { mayDo } from '../../../../domain/access/scope.ts'
import { GateError } from '../../../../domain/base/errors.ts'
import { parseProjectName } from '../../../../domain/packaging/name.ts'
import type { Decider } from '../../../../gate/requests/decide.ts'
import type { AccessRequest } from '../../../../ports/console/requests.ts'
import { NO_APPROVALS } from '../../../../protocol/policy/approval-layer.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Handlers } from '../call.ts'
import { type Caller, hasAsked, indexToList, maySee } from '../caller.ts'
import { cursorOf, readCursor } from '../cursor.ts'
import { momentOf, tellRequest } from './as-told.ts'
import { indexAsked } from './index-of.ts'

type OfRequests =
  | 'listRequests'
  | 'createRequest'
  | 'getRequest'
  | 'previewApproval'
  | 'approveRequest'
  | 'declineRequest'
  | 'withdrawRequest'
  | 'exportApprovals'

/** rows that are looked at for one page, where few of them are whoever asks' own */
const MOST_SEEN = 2_000
const PIECE = 200

/** Requests that a refusal be looked at, and what people decide about them. */
export function requestHandlers(parts: ApiParts): Handlers<OfRequests> {
  const { requests, desk, decisions } = parts

  /** Somebody else's is not there for whoever may not see it. */
  async function requestFor(id: string, caller: Caller): Promise<AccessRequest> {
    const request = await requests.get(id)
    if (request !== undefined && isSeen(request, caller)) return request
    throw new GateError('not-found', 'there is no such request')
  }

  return {
    async listRequests({ query, caller }) {
      const { state, project, limit } = query
      const index = indexToListRequests(caller, query.index)
      const filter = { state, project: project === undefined ? undefined : parseProjectName(project) }
      const found: AccessRequest[] = []
      let before = readCursor('requests', query.cursor)
      for (let looked = 0; looked < MOST_SEEN; looked += PIECE) {
        const rows = await requests.list(filter, { before, limit: PIECE })
        for (const row of rows) {
          before = row.id
          if (!isSeen(row, caller) || (index !== undefined && row.index !== index)) continue
          found.push(row)
          if (found.length === limit) return { items: found.map(tellRequest), next: cursorOf('requests', row.id) }
        }
        if (rows.length < PIECE) return { items: found.map(tellRequest), next: null }
      }
      return { items: found.map(tellRequest), next: before === undefined ? null : cursorOf('requests', before) }
    },
    async createRequest({ body: { refusal, reason, email = '' }, caller }) {
      const { person, address, token } = caller
      for (const index of parts.indexes) {
        const kept = await index.gate.explained(refusal)
        const refusing = kept?.refused.index ?? index.name
        if (kept === undefined || !maySee(caller, refusing)) continue
        const { refused } = kept
        const typed = email === '' ? (person.email ?? '') : email
        const client = { subject: person.subject, address, also: person.also, holder: token?.holder }
        return tellRequest(await desk.ask({ refusal, refused, index: refusing, client, reason, email: typed }))
      }
      throw new GateError('not-found', 'no refusal has this id')
    },
    getRequest: async ({ params, caller }) => tellRequest(await requestFor(params.id, caller)),
    async previewApproval({ params, query: { ends, extent }, caller }) {
      const request = await requestFor(params.id, caller)
      if (request.state !== 'open') throw new GateError('request-decided', `the request is ${request.state}`)
      return await decisions.preview(request, extent, momentOf(ends))
    },
    async approveRequest({ params, body, caller }) {
      const { id } = await requestFor(params.id, caller)
      const { ends, extent, ticket = '', words = '', seen } = body
      if (extent === 'release' && seen === undefined)
        throw new GateError(
          'invalid-body',
          'seen: is missing: a release is approved as it was looked at; GET /requests/{id}/preview?extent=release shows it, and has the digest',
        )
      return tellRequest(
        await decisions.approve(id, deciderOf(caller), { ends: momentOf(ends), extent, ticket, words, seen }),
      )
    },
    async declineRequest({ params, body, caller }) {
      const { id } = await requestFor(params.id, caller)
      return tellRequest(await decisions.decline(id, deciderOf(caller), body.words))
    },
    async withdrawRequest({ params, body, caller }) {
      const { id } = await requestFor(params.id, caller)
      return tellRequest(await decisions.withdraw(id, deciderOf(caller), body.words ?? ''))
    },
    async exportApprovals({ query, caller }) {
      const index = indexAsked(parts, caller, query.index)
      const approved = await index.approvals()
      return approved.length === 0 ? NO_APPROVALS : approved.join('')
    },
  }
}

/** Whoever is for several indexes sees the requests of all of them. */
function indexToListRequests(caller: Caller, asked: string | undefined): string | undefined {
  return asked === undefined ? undefined : indexToList(caller, asked)
}

function isSeen(request: AccessRequest, caller: Caller): boolean {
  return maySee(caller, request.index) && (mayDo(caller.scopes, 'read') || hasAsked(caller, request))
}

function deciderOf({ person, address, token }: Caller): Decider {
  return { person, from: address, holder: token?.holder }
}

import type { AccessRequest, Requests } from '../../../src/ports/console/requests.ts'

/** Requests without a disk, for tests. */
export function createMemoryRequests(): Requests {
  const all: AccessRequest[] = []
  let revision = 0

  function standsAt({ state, decision }: AccessRequest, now: number): boolean {
    return state === 'open' || (state === 'approved' && now < (decision?.approval?.ends ?? Number.POSITIVE_INFINITY))
  }

  return {
    async ask(request, most) {
      const known = all.findLast(({ refusal }) => refusal === request.refusal)
      if (known !== undefined && standsAt(known, request.at)) return { request: known, isNew: false }
      const open = all.filter(({ state }) => state === 'open')
      const { subject, address } = request.by
      const own = open.filter(({ by }) => by.subject === subject && (subject !== 'anonymous' || by.address === address))
      if (own.length >= most.own) return { full: 'own' }
      if (open.length >= most.all) return { full: 'all' }
      all.push(request)
      return { request, isNew: true }
    },
    get: async id => all.find(request => request.id === id),
    ofRefusal: async refusal => all.findLast(request => request.refusal === refusal),
    async list({ state, project, decided }, { before, limit }) {
      const end = before === undefined ? all.length : all.findIndex(({ id }) => id === before)
      return all
        .slice(0, Math.max(0, end))
        .filter(request => state === undefined || request.state === state)
        .filter(request => decided === undefined || request.state !== 'open')
        .filter(request => project === undefined || request.project === project)
        .toReversed()
        .slice(0, limit)
    },
    async decide(id, from, to, decision) {
      const at = all.findIndex(request => request.id === id && request.state === from)
      const request = all[at]
      if (request === undefined) return false
      all[at] = { ...request, state: to, decision }
      revision += 1
      return true
    },
    inForce: async now =>
      all.filter(({ state, decision }) => state === 'approved' && now < (decision?.approval?.ends ?? 0)),
    revision: async () => `${revision}`,
  }
}

import { formatInstant, instant } from '../../../../domain/base/instant.ts'
import type { Sum } from '../../../../ports/console/ledger.ts'
import { openApiDocument } from '../../../../protocol/api/openapi.ts'
import type { ShownGates } from '../../pages/data.ts'
import type { ApiParts } from '../api-parts.ts'
import type { Handlers } from '../call.ts'
import { assertEveryIndex } from '../caller.ts'
import { momentOf, timeOr } from './as-told.ts'
import { indexAsked, tellPolicy } from './index-of.ts'

const WEEK = 7 * 86_400_000
const LONGEST = 400 * 86_400_000
const TOP = 20

/** How the gate does, what its API is, and who asks. */
export function overviewHandlers(parts: ApiParts): Handlers<'getOverview' | 'listPolicies' | 'getDocument' | 'whoAmI'> {
  const { ledger, indexes, clock, version } = parts
  let document: ReturnType<typeof openApiDocument> | undefined

  return {
    async getOverview({ query, caller }) {
      assertEveryIndex(caller)
      const until = query.until === undefined ? clock() : momentOf(query.until)
      const asked = query.since === undefined ? until - WEEK : momentOf(query.since)
      const since = instant(Math.min(until, Math.max(asked, until - LONGEST, 0)))
      const [{ since: counted }, overTime, top, checks, policies] = await Promise.all([
        ledger.coverage(),
        ledger.overTime({ since, until }),
        ledger.top(since, TOP),
        parts.readiness(),
        Promise.all(indexes.map(async index => tellPolicy(index, await index.policy()))),
      ])
      const { attested, projects, rules, subjects, codes } = top
      return {
        since: formatInstant(since),
        until: formatInstant(until),
        counted_since: timeOr(counted),
        over_time: overTime.map(({ from, until: next, ...sums }) => ({
          ...sums,
          from: formatInstant(from),
          until: formatInstant(next),
        })),
        top: {
          projects: projects.map(tellSum),
          rules: rules.map(tellSum),
          subjects: subjects.map(tellSum),
          codes: codes.map(tellSum),
          attested: { projects: attested.projects, of_projects: attested.ofProjects },
        },
        checks: checks.map(({ name, ok, detail, warning = false }) => ({ name, ok, detail, warning })),
        policies,
        gates: tellGates(parts.gates()),
      }
    },
    async listPolicies({ query, caller }) {
      if (query.index !== undefined) {
        const index = indexAsked(parts, caller, query.index)
        return { items: [tellPolicy(index, await index.policy())] }
      }
      const seen = indexes.filter(({ name }) => caller.indexes === undefined || caller.indexes.includes(name))
      return { items: await Promise.all(seen.map(async index => tellPolicy(index, await index.policy()))) }
    },
    async getDocument() {
      document ??= openApiDocument(version)
      return document as { readonly openapi: string }
    },
    whoAmI: async ({ caller: { person, scopes, indexes: its } }) => ({
      subject: person.subject,
      email: person.email ?? null,
      scopes: [...scopes],
      indexes: its === undefined ? null : [...its],
    }),
  }
}

function tellGates(gates: ShownGates | undefined) {
  if (gates === undefined) return null
  const { own, others, apart, warnings } = gates
  return {
    apart,
    warnings: [...warnings],
    others: others.map(({ name, policies, trust, seen }) => ({
      name,
      policies: policies.split(' '),
      same_policies: policies === own?.policies,
      trust: trust ?? null,
      same_trust: trust === own?.trust,
      seen: formatInstant(seen),
    })),
  }
}

function tellSum({ name, refused }: Sum) {
  return { name, refused }
}

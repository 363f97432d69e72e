import type { Config } from '../../config/schema.ts'
import { indexNamed } from '../../config/sources.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock, Instant } from '../../domain/base/instant.ts'
import { documentsAt } from '../../gate/requests/approvals.ts'
import type { Decisions } from '../../gate/requests/decide.ts'
import type { RequestDesk } from '../../gate/requests/desk.ts'
import type { ApiIndex, ApiParts, GoodPolicy } from '../../http/console/api/api-parts.ts'
import type { Bearers } from '../../http/console/api/bearers.ts'
import type { ConsoleRouter } from '../../http/console/router.ts'
import { createSessionDesk } from '../../http/console/sign-in/session-desk.ts'
import type { Events } from '../../observe/events.ts'
import type { AuditLog, AuditRecords } from '../../ports/console/audit-log.ts'
import type { Ledger } from '../../ports/console/ledger.ts'
import type { Requests } from '../../ports/console/requests.ts'
import type { SessionBook } from '../../ports/console/sessions.ts'
import type { Store } from '../../ports/store.ts'
import type { Tokens } from '../../ports/tokens.ts'
import { type ApprovalDocument, documentBeside, layApprovals } from '../../protocol/policy/approval-layer.ts'
import type { LoadedPolicy } from '../../protocol/policy/policy-yaml.ts'
import { withTokenKeeper } from '../access.ts'
import { recordsOf } from '../commands.ts'
import { forgetInStore } from '../decided/forget.ts'
import { recordedIndex } from '../indexes.ts'
import type { GatedIndex } from '../served-indexes.ts'
import { shownGates } from './shown-gates.ts'
import { lookOnThread } from './try-policy.ts'

export interface OpenApiParts {
  readonly version: string
  readonly indexes: readonly GatedIndex[]
  readonly ledger: Ledger
  readonly audit: AuditLog & AuditRecords
  readonly sessions: SessionBook
  readonly store: Pick<Store, 'shared'>
  readonly requests: Requests
  readonly desk: RequestDesk
  readonly decisions: Decisions
  readonly tokens: Tokens
  readonly clock: Clock
  readonly events: Events
}

export interface OpenApi {
  readonly identify: Bearers['identify']
  addTo(router: ConsoleRouter): void
}

/** The API of the console, over what the gate has; loaded only where there is a console. */
export async function openApi(config: Config, parts: OpenApiParts): Promise<OpenApi> {
  const [{ addApi }, { createBearers }] = await Promise.all([
    import('../../http/console/api/add-api.ts'),
    import('../../http/console/api/bearers.ts'),
  ])
  const {
    indexes,
    tokens,
    sessions,
    clock,
    events,
    store: { shared },
  } = parts
  const [first, ...others] = indexes.map(index => apiIndexOf(config, index, parts))
  const [serving] = indexes
  if (first === undefined || serving === undefined) throw new TypeError('a configuration has an index')
  const bearers = createBearers({ tokens, clock, events })
  const api: ApiParts = {
    ...parts,
    indexes: [first, ...others],
    keepTokens: use => withTokenKeeper(config, use, clock),
    forget: (order, by) => forgetInStore(config, order, { by, clock }),
    sessions: createSessionDesk({ sessions, clock }),
    gates: () => shownGates(shared),
    readiness: () => serving.gate.readiness(),
  }
  return { identify: bearers.identify, addTo: router => addApi(router, api, bearers.tokenOf) }
}

function apiIndexOf(
  config: Config,
  { gate, served, policies, base, explain, sourceOf }: GatedIndex,
  parts: OpenApiParts,
): ApiIndex {
  const { requests, clock } = parts
  const { index: name } = served
  let known: GoodPolicy | undefined

  async function approvedAt(now: Instant): Promise<readonly ApprovalDocument[]> {
    return documentsAt(name, await requests.inForce(now))
  }

  async function layer() {
    const approved = await approvedAt(clock())
    const below = base.current()
    return { approved, below, ...layApprovals(below, approved, base.beside) }
  }

  async function policy(): Promise<GoodPolicy> {
    if (known?.policy.digest !== policies.current().digest) known = (await layer()).loaded ?? goodOf(base.beside([]))
    return known
  }

  async function approvals(): Promise<readonly string[]> {
    const { approved, below, leftOut } = await layer()
    return approved.filter(({ id }) => !leftOut.has(id)).map(one => documentBeside(one, below).text)
  }

  return {
    name,
    policy,
    approvals,
    lastError: () => policies.lastError(),
    lookAt: async (look, brought) => {
      const now = clock()
      const approved = await approvedAt(now)
      return await lookOnThread({ config, index: name, look, brought, texts: base.texts(), approved, now })
    },
    explain,
    sourceOf,
    gate,
    async askRecords(ask) {
      const records = await recordsOf(config, recordedIndex(config, indexNamed(config, name)))
      if (records === undefined) throw new GateError('unknown-store', 'the gate has no database yet')
      try {
        return await ask(records)
      } finally {
        await records.close()
      }
    },
  }
}

function goodOf(loaded: LoadedPolicy): GoodPolicy {
  if ('policy' in loaded) return loaded
  throw new GateError('unknown-store', 'the policy in force does not load any more as it was read')
}

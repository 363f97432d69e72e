import type { Config } from '../../config/schema.ts'
import { consoleBase, consoleListen } from '../../config/sections/console.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { type Approvals, createApprovals } from '../../gate/requests/approvals.ts'
import { createDecisions, type Decisions } from '../../gate/requests/decide.ts'
import { createRequestDesk, type RequestDesk } from '../../gate/requests/desk.ts'
import { createLooks, type LookingIndex, type Looks } from '../../gate/requests/look.ts'
import type { Events } from '../../observe/events.ts'
import type { AuditLog } from '../../ports/console/audit-log.ts'
import type { Notices } from '../../ports/console/notices.ts'
import type { Requests } from '../../ports/console/requests.ts'

interface Parts {
  readonly requests: Requests
  /** by what the configuration calls them */
  readonly indexes: ReadonlyMap<string, LookingIndex>
  readonly audit: AuditLog
  readonly notices: Notices
  readonly clock: Clock
  readonly events: Events
}

export interface OpenRequests {
  /** where people ask; `undefined` where there is no console in which somebody could decide */
  readonly desk: RequestDesk | undefined
  readonly decisions: Decisions
  readonly looks: Looks
  close(): void
}

/** What was approved is in force when this returns, whether there is a console or not: a replica without one goes by it too. Throws `unknown-store`. */
export async function openRequests(config: Pick<Config, 'console' | 'store'>, parts: Parts): Promise<OpenRequests> {
  const { requests, indexes, clock, events } = parts
  const hasConsole = consoleListen(config.console) !== undefined
  const approvals: Approvals = createApprovals({
    requests,
    indexes: new Map([...indexes].map(([name, { policies }]) => [name, policies])),
    clock,
    events,
    maxStale: config.store.maxStale,
    changes: hasConsole || config.store.database !== undefined,
  })
  const consoleUrl = () => consoleBase(config.console)
  const shared = { ...parts, approvals, consoleUrl }
  try {
    await approvals.refresh()
  } catch (error) {
    approvals.close()
    throw error
  }
  const { anonymous, requireHolder } = config.console.requests
  const decisions = createDecisions({ ...shared, requireHolder })
  return {
    desk: hasConsole ? createRequestDesk({ ...shared, anonymous, requireHolder }) : undefined,
    decisions,
    looks: createLooks({ requests, decisions, indexes, clock }),
    close: approvals.close,
  }
}

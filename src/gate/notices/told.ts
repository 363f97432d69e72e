import type { Clock, Millis } from '../../domain/base/instant.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Events } from '../../observe/events.ts'
import type { NoticeQueue, Notices, QueueState } from '../../ports/console/notices.ts'
import type { TrustStatus } from '../../ports/trust.ts'
import { createDeliveries, type Deliveries } from './deliveries.ts'
import { type Context, happened } from './happened.ts'
import type { Hook } from './hook.ts'
import { createInbox } from './inbox.ts'
import { soon } from './soon.ts'

/** ms between two looks at what will come to pass; at the trust root when a start has had time to refresh it */
const LOOK_AHEAD = 3_600_000
const FIRST_LOOK = 1_000
const FIRST_LOOK_AT_TRUST = 60_000

interface Options {
  readonly queue: NoticeQueue
  readonly hooks: readonly Hook[]
  readonly clock: Clock
  /** to be told what becomes of notices */
  readonly events: Events
  readonly source: () => string
  readonly explainUrl: Context['explainUrl']
  readonly inForceOver: Context['inForceOver']
  readonly policies: () => readonly Policy[]
  readonly trust: () => TrustStatus
  /** how old the trust root may be */
  readonly maxAge: Millis
  readonly random?: () => number
}

/** Whoever is told without looking: a reader of events, and of what others tell. */
export interface ToldHooks extends Notices, Events {
  begin(): void
  /** Writes down what came in, tries what is due. Throws `unknown-store`. */
  pass(): Promise<void>
  /** Looks at what will come to pass. */
  lookAhead(): void
  state(): readonly QueueState[]
  warning: Deliveries['warning']
  close(): Promise<void>
}

export function createToldHooks(options: Options): ToldHooks {
  const { queue, hooks, clock, events, source, explainUrl, inForceOver, policies, trust, maxAge } = options
  const deliveries = createDeliveries(options)
  const inbox = createInbox({ queue, hooks, clock, events, source, taken: deliveries.wake })
  const timers: NodeJS.Timeout[] = []

  function lookAt(status: TrustStatus | undefined): void {
    for (const notice of soon({ policies: policies(), trust: status, maxAge, now: clock() })) inbox.tell(notice)
  }
  const lookAtPolicies = (): void => lookAt(undefined)
  const lookAhead = (): void => lookAt(trust())

  return {
    tell: inbox.tell,
    emit(event) {
      const notice = happened(event, clock(), { explainUrl, inForceOver })
      if (notice !== undefined) inbox.tell(notice)
      // an exemption that came with it may end soon
      if (event.type === 'policy' && event.action === 'reloaded') setImmediate(lookAtPolicies)
    },
    begin() {
      timers.push(
        setTimeout(lookAtPolicies, FIRST_LOOK).unref(),
        setTimeout(lookAhead, FIRST_LOOK_AT_TRUST).unref(),
        setInterval(lookAhead, LOOK_AHEAD).unref(),
      )
      deliveries.begin()
    },
    async pass() {
      await inbox.flush()
      await deliveries.pass()
    },
    lookAhead,
    state: deliveries.state,
    warning: deliveries.warning,
    async close() {
      for (const timer of timers) clearTimeout(timer)
      await inbox.close()
      await deliveries.close()
    },
  }
}

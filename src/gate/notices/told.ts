import type { Clock, Millis } from '../../domain/base/instant.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Revocation } from '../../domain/policy/revocation.ts'
import type { Events } from '../../observe/events.ts'
import type { NoticeQueue, Notices, QueueState } from '../../ports/console/notices.ts'
import type { TrustStatus } from '../../ports/trust.ts'
import type { RevokedFiles } from '../revoked/revoked-downloads.ts'
import { createDeliveries, type Deliveries } from './deliveries.ts'
import { type Context, happened } from './happened.ts'
import type { Hook } from './hook.ts'
import { createInbox } from './inbox.ts'
import { claimOf, type Revoking, revoked } from './revoked.ts'
import { soon } from './soon.ts'
import { LAST_MS, within } from './within.ts'

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
  /** what each index revokes, and who has got it; default: nobody is told of that */
  readonly revoking?: RevokingIndexes | undefined
  readonly trust: () => TrustStatus
  /** how old the trust root may be */
  readonly maxAge: Millis
  readonly random?: () => number
}

interface RevokingIndexes {
  all(): readonly Revoking[]
  /** Throws `unknown-store`. */
  count(revoking: Revoking): Promise<readonly RevokedFiles[]>
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
    void lookAtRevoked()
  }
  const lookAtPolicies = (): void => lookAt(undefined)
  const lookAhead = (): void => lookAt(trust())
  const known = new Set<string>()
  let looking: Promise<void> = Promise.resolve()

  /** One look after another; who has got what takes a while to count, and is counted once. */
  function lookAtRevoked(): Promise<void> {
    if (options.revoking === undefined || !hooks.some(({ wants }) => wants('revoked'))) return looking
    const { all, count } = options.revoking
    looking = looking.then(async () => {
      for (const { index, revocations } of all()) {
        const revoking = { index, revocations: await fresh(index, revocations) }
        if (revoking.revocations.length === 0) continue
        inbox.tell(revoked(revoking, await count(revoking).catch(() => undefined), clock()))
      }
    })
    looking = looking.catch(() => {}) // the store tells itself that it cannot be asked; the next look tries again
    return looking
  }

  /** Those that nobody has told of. */
  async function fresh(index: string, revocations: readonly Revocation[]): Promise<readonly Revocation[]> {
    const claims = revocations.map(revocation => ({ revocation, story: claimOf(index, revocation, clock()) }))
    const unknown = claims.filter(({ story }) => !known.has(story.key))
    if (unknown.length === 0) return []
    const answers = await queue.take(
      unknown.map(({ story }) => story),
      clock(),
    )
    for (const [place, { story }] of unknown.entries()) if (answers[place] !== 'no-room') known.add(story.key)
    return unknown.filter((_, place) => answers[place] === 'taken').map(({ revocation }) => revocation)
  }

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
      await looking
      await inbox.flush()
      await deliveries.pass()
    },
    lookAhead,
    state: deliveries.state,
    warning: deliveries.warning,
    async close() {
      for (const timer of timers) clearTimeout(timer)
      await within(looking, LAST_MS)
      await inbox.close()
      await deliveries.close()
    },
  }
}

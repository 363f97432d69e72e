import { type Clock, type Instant, instant } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { LeasedDelivery, NoticeQueue, Outcome, QueueState, WebhookAnswer } from '../../ports/console/notices.ts'
import type { Hook } from './hook.ts'
import { nextWait, pauseAfter } from './waits.ts'
import { LAST_MS, within } from './within.ts'

/** ms between two looks for what is due: a command, or another gate, may have put something there */
const LOOK = 2_000
const TIDY = 60_000
/** Leased at once: they are all tried before the lease of a minute ends, however slow the receiver. */
const AT_ONCE = 5
/** ms that a notice may wait before whoever runs the gate is warned */
const LONG = 3_600_000

interface Options {
  readonly queue: NoticeQueue
  readonly hooks: readonly Hook[]
  readonly clock: Clock
  readonly events: Events
  /** from 0 to 1 */
  readonly random?: () => number
}

export interface Deliveries {
  /** Looks from now on. */
  begin(): void
  /** Something may be due. */
  wake(): void
  /** Tries all that is due, each once. Throws nothing. */
  pass(): Promise<void>
  /** as of the last look */
  state(): readonly QueueState[]
  /** What somebody must know, though the gate may go on. */
  warning(): string | undefined
  close(): Promise<void>
}

/** A receiver that fails is left alone for a while, whatever waits for it. */
interface Pause {
  failures: number
  until: number
}

/** Sends what waits: of one hook one at a time, of several beside each other. */
export function createDeliveries({ queue, hooks, clock, events, random = Math.random }: Options): Deliveries {
  const stopping = new AbortController()
  const pauses = new Map(hooks.map(({ key }) => [key, { failures: 0, until: 0 } satisfies Pause]))
  const sending = new Map<string, Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let tidied = Number.NEGATIVE_INFINITY
  let known: readonly QueueState[] = []

  function passOf(hook: Hook): Promise<void> {
    const under = sending.get(hook.key)
    if (under !== undefined) return under
    const pass = sendDue(hook)
      .catch(() => {}) // the store tells itself that it cannot be asked; what was leased is anybody's in a minute
      .finally(() => sending.delete(hook.key))
    sending.set(hook.key, pass)
    return pass
  }

  async function sendDue(hook: Hook): Promise<void> {
    const pause = pauses.get(hook.key)
    while (pause !== undefined && !stopping.signal.aborted && pause.until <= clock()) {
      const leased = await queue.lease(hook.key, clock(), AT_ONCE)
      if (leased.length === 0) return
      for (const delivery of leased) {
        if (stopping.signal.aborted || pause.until > clock())
          await queue.settle(delivery, { kind: 'released', due: clock() })
        else if ((await attempt(hook, delivery, pause)) === 'gone') break
      }
    }
  }

  async function attempt(hook: Hook, delivery: LeasedDelivery, pause: Pause): Promise<WebhookAnswer['kind']> {
    const answer = await hook.sender.send({ ...delivery, at: clock() }, stopping.signal)
    if (answer.kind === 'failed' && stopping.signal.aborted) {
      await queue.settle(delivery, { kind: 'released', due: clock() })
      return answer.kind
    }
    const now = clock()
    takeRest(pause, answer, now)
    const outcome = outcomeOf(delivery, answer, { now, random: random() })
    await queue.settle(delivery, outcome)
    tell(hook, delivery, outcome)
    if (answer.kind === 'gone') await stop(hook, now)
    return answer.kind
  }

  async function stop({ key, host }: Hook, now: Instant): Promise<void> {
    const count = await queue.stop(key, now, GONE)
    const detail = `${GONE}; ${count} more that waited are kept`
    events.emit({ type: 'notice', action: 'stopped', host, notice: undefined, detail })
  }

  function tell({ host }: Hook, { type: notice, id, attempts }: LeasedDelivery, outcome: Outcome): void {
    const about = { type: 'notice', host, notice } as const
    const detail = 'why' in outcome ? `${id}, attempt ${attempts}: ${outcome.why}` : `${id}, attempt ${attempts}`
    if (outcome.kind === 'delivered') events.emit({ ...about, action: 'sent', detail })
    else events.emit({ ...about, action: 'failed', detail })
    if (outcome.kind === 'dead') events.emit({ ...about, action: 'dead', detail })
  }

  async function look(): Promise<void> {
    await Promise.all(hooks.map(passOf))
    try {
      if (clock() - tidied >= TIDY) {
        await queue.tidy(clock())
        tidied = clock()
      }
      known = await queue.state()
    } catch {
      // as it was
    }
  }

  let looking: Promise<void> | undefined
  let again = false
  /** One look at a time; what is woken meanwhile is looked at afterwards. */
  function pass(): Promise<void> {
    if (looking !== undefined) {
      again = true
      return looking
    }
    looking = (async () => {
      do {
        again = false
        await look()
      } while (again && !stopping.signal.aborted)
    })().finally(() => {
      looking = undefined
    })
    return looking
  }

  return {
    begin() {
      timer = setInterval(() => void pass(), LOOK).unref()
      void pass()
    },
    wake: () => void pass(),
    pass,
    state() {
      const hosts = [...new Set([...hooks.map(({ host }) => host), ...known.map(({ host }) => host)])]
      return hosts.map(host => known.find(one => one.host === host) ?? { host, waiting: 0, dead: 0, oldest: undefined })
    },
    warning() {
      const waits = known.flatMap(({ oldest }) => (oldest === undefined ? [] : [clock() - oldest]))
      const longest = Math.max(0, ...waits)
      if (longest <= LONG) return undefined
      // anybody may ask: not whom it is for
      const count = known.reduce((sum, { waiting }) => sum + waiting, 0)
      return `${count} wait to be told, one of them for ${(longest / LONG).toFixed(1)} hours; portcullis notify list has them`
    },
    async close() {
      clearInterval(timer)
      stopping.abort()
      await within(looking, LAST_MS)
      await Promise.all(hooks.map(({ sender }) => sender.close()))
    },
  }
}

const GONE = 'the receiver answered 410: it is gone'

function outcomeOf(
  { attempts }: LeasedDelivery,
  answer: WebhookAnswer,
  { now, random }: { readonly now: Instant; readonly random: number },
): Outcome {
  if (answer.kind !== 'failed')
    return answer.kind === 'taken' ? { kind: 'delivered' } : { kind: 'dead', at: now, why: GONE }
  const wait = nextWait(attempts, answer.retryAfter, random)
  if (wait === undefined) return { kind: 'dead', at: now, why: answer.why }
  return { kind: 'again', due: instant(now + wait), why: answer.why }
}

/** A receiver that answers, and does not like what it is told (4xx), is not away. */
function takeRest(pause: Pause, answer: WebhookAnswer, now: Instant): void {
  if (answer.kind !== 'failed' || (answer.status !== undefined && answer.status < 500 && answer.status !== 429)) {
    pause.failures = 0
    return
  }
  pause.failures += 1
  pause.until = now + pauseAfter(pause.failures, answer.retryAfter)
}

import type { Test } from 'tap'
import { type Instant, instant, millis, systemClock } from '../../../src/domain/base/instant.ts'
import type { Hook } from '../../../src/gate/notices/hook.ts'
import { createToldHooks, type ToldHooks } from '../../../src/gate/notices/told.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { Notice, NoticeKeeper, NoticeQueue, NoticeType } from '../../../src/ports/console/notices.ts'
import { withNotices } from '../../../src/store/notices.ts'
import { openStore } from '../../../src/store/open.ts'
import { createWebhookSender } from '../../../src/upstream/webhooks/webhook-sender.ts'
import type { Receiver } from '../../world/network/receiver.ts'

export const HOUR = 3_600_000

/** Somebody who is told, over a data folder and a real sender, with a clock on a string. */
export interface NoticeDesk {
  readonly told: ToldHooks
  readonly queue: NoticeQueue
  readonly events: readonly GateEvent[]
  readonly clock: { now: number }
  /** what became of notices so far, each as `sent` or `failed` */
  actions(): readonly string[]
  /** tells it, writes it down and tries what is due */
  tell(...notices: readonly Notice[]): Promise<void>
  /** goes on, and tries what is due then */
  after(ms: number): Promise<void>
  keep<Result>(use: (keeper: NoticeKeeper) => Result | Promise<Result>): Promise<Result>
  close(): Promise<void>
}

interface Changes {
  readonly folder?: string
  readonly clock?: { now: number }
  readonly queue?: NoticeQueue
  readonly wants?: readonly NoticeType[]
  readonly timeoutMs?: number
}

export async function openDesk(
  t: Test,
  receivers: readonly Receiver[],
  changes: Changes = {},
): Promise<NoticeDesk & { readonly folder: string }> {
  const { folder = t.testdir({}), wants, timeoutMs = 10_000 } = changes
  const clock = changes.clock ?? { now: Date.now() }
  const read = (): Instant => instant(clock.now)
  const log: GateEvent[] = []
  const events = { emit: (event: GateEvent) => void log.push(event) }
  const opened = changes.queue === undefined ? await openFolder(folder) : undefined
  const queue = changes.queue ?? (await opened?.notices())
  if (queue === undefined) throw new TypeError('no queue')
  const hooks = receivers.map(
    ({ url, secret }, place): Hook => ({
      key: `hook-${place}`,
      host: `receiver-${place}.example`,
      template: 'standard',
      wants: type => wants?.includes(type) ?? true,
      sender: createWebhookSender({
        url,
        secrets: () => [secret],
        ca: undefined,
        environment: {},
        version: '0',
        timeout: millis(timeoutMs),
      }),
    }),
  )
  const told = createToldHooks({
    queue,
    hooks,
    clock: read,
    events,
    source: () => 'https://gate.example',
    explainUrl: id => `https://gate.example/x/${id}`,
    policies: () => [],
    trust: () => {
      throw new Error('nobody looks ahead here')
    },
    maxAge: millis(HOUR),
    random: () => 0.5,
  })
  // what works behind holds no process up, and a receiver that is away does not either
  const awake = setInterval(() => {}, 1_000)
  let closed = false
  async function close(): Promise<void> {
    if (closed) return
    closed = true
    clearInterval(awake)
    await told.close()
    await opened?.store.close()
    await opened?.blobs.close()
  }
  t.teardown(close)
  return {
    folder,
    told,
    queue,
    events: log,
    clock,
    actions: () => log.flatMap(event => (event.type === 'notice' ? [event.action] : [])),
    async tell(...notices) {
      for (const notice of notices) told.tell(notice)
      await told.pass()
    },
    async after(ms) {
      clock.now += ms
      await told.pass()
    },
    keep: use => withNotices(folder, systemClock, use),
    close,
  }
}

async function openFolder(folder: string) {
  return await openStore({
    folder,
    cacheBytes: 1_000_000,
    journal: { keep: millis(86_400_000), maxSize: 1_000_000 },
    events: { emit() {} },
    clock: systemClock,
  })
}

export function notice(story: string, changes: Partial<Notice> = {}): Notice {
  return {
    type: 'alarm',
    story,
    at: instant(Date.UTC(2027, 0, 1)),
    subject: story,
    title: `about ${story}`,
    text: 'words',
    data: { story },
    ...changes,
  }
}

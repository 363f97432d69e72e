import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { sha256Of } from '../../domain/base/digest.ts'
import { type Clock, type Instant, instant, millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { NewStory, Notice, NoticeQueue, Notices, Taken } from '../../ports/console/notices.ts'
import { messageOf } from '../../protocol/webhooks/message.ts'
import { plainLine } from '../../protocol/webhooks/plain-text.ts'
import type { Hook } from './hook.ts'
import { LAST_MS, within } from './within.ts'

/** How long a story is not told again, ms. */
const WINDOW = millis(24 * 3_600_000)
/** notices in memory, which is for moments */
const MOST = 1_000
/** of them, those that clients make */
const MOST_MANY = 500
/** stories that are known to have been told: a refusal that comes again costs a look */
const KNOWN = 10_000
const BATCH = 50
/** ms until what came in is written down, until that is tried again, and until what found no room is */
const SOON = 20
const AGAIN = 1_000
const NO_ROOM = 60_000

interface Options {
  readonly queue: Pick<NoticeQueue, 'take'>
  readonly hooks: readonly Hook[]
  readonly clock: Clock
  readonly events: Events
  /** where the gate is, a URL */
  readonly source: () => string
  /** told when there is something to send */
  readonly taken: () => void
}

export interface Inbox extends Notices {
  /** Writes down all that came in. Throws `unknown-store`. */
  flush(): Promise<void>
  /** Writes it down, if that can be done in a moment; else it is dropped, and that is told. */
  close(): Promise<void>
}

interface Waiting {
  readonly notice: Notice
  readonly key: string
}

/** What is told, on its way to the queue: a bounded memory, written down behind whoever told it. */
export function createInbox({ queue, hooks, clock, events, source, taken }: Options): Inbox {
  const known = new LRUCache<string, Instant>({ max: KNOWN })
  const waiting: Waiting[] = []
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined
  let closed = false

  function schedule(ms: number): void {
    if (timer !== undefined || closed) return
    timer = setTimeout(() => {
      timer = undefined
      flush().catch(() => schedule(AGAIN)) // the store tells itself that it cannot be written to
    }, ms).unref()
  }

  function drop({ type, subject }: Notice): void {
    for (const { host, wants } of hooks)
      if (wants(type))
        events.emit({ type: 'notice', action: 'dropped', host, notice: type, detail: `about ${subject}` })
  }

  function flush(): Promise<void> {
    flushing ??= writeAll().finally(() => {
      flushing = undefined
    })
    return flushing
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH)
      const now = clock()
      const answers = await queue.take(
        batch.map(({ notice, key }) => storyOf(notice, key, now)),
        now,
      )
      waiting.splice(0, batch.length)
      for (const [place, one] of batch.entries()) settle(one, answers[place])
      taken()
    }
  }

  function settle({ notice, key }: Waiting, answer: Taken | undefined): void {
    if (answer !== 'no-room') return
    known.set(key, instant(clock() + NO_ROOM))
    drop(notice)
  }

  function storyOf(notice: Notice, key: string, now: Instant): NewStory {
    const { type, subject, title, url, window = WINDOW } = notice
    const told = { ...notice, url, source: source() }
    return {
      key: sha256Of(key),
      until: instant(now + window),
      kind: isMany(notice) ? 'many' : 'rare',
      deliveries: hooks
        .filter(({ wants }) => wants(type))
        .map(({ key: hook, host, template }) => {
          const id = `msg_${randomUUID().replaceAll('-', '')}`
          return { id, hook, host, type, ...shown(subject, title), ...messageOf({ ...told, id }, template) }
        }),
    }
  }

  return {
    tell(notice) {
      if (!hooks.some(({ wants }) => wants(notice.type))) return
      const now = clock()
      const key = `${notice.type} ${notice.story}`
      if ((known.get(key) ?? 0) > now) return
      const isFull = waiting.length >= (isMany(notice) ? MOST_MANY : MOST)
      known.set(key, instant(now + (isFull ? NO_ROOM : (notice.window ?? WINDOW))))
      if (isFull) return drop(notice)
      waiting.push({ notice, key })
      schedule(SOON)
    },
    flush,
    async close() {
      closed = true
      clearTimeout(timer)
      await within(flush(), LAST_MS)
      for (const { notice } of waiting.splice(0)) drop(notice)
    },
  }
}

/** Whoever asks for a project that is refused makes one. */
function isMany({ type }: Notice): boolean {
  return type === 'refused' || type === 'held'
}

/** As commands list it. */
function shown(subject: string, title: string): { readonly subject: string; readonly title: string } {
  return { subject: plainLine(subject, 200), title: plainLine(title, 200) }
}

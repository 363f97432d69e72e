import type { Instant, Millis } from '../../domain/base/instant.ts'

/** What is told without anybody looking. */
export type NoticeType =
  | 'refused'
  | 'alarm'
  | 'held'
  | 'requested'
  | 'approved'
  | 'declined'
  | 'withdrawn'
  | 'revoked'
  | 'expiring'
  | 'reload-failed'
  | 'trust-ageing'

export interface Notice {
  readonly type: NoticeType
  /** What makes it one story with others: it is not told again within a window. */
  readonly story: string
  readonly at: Instant
  /** what it is about: a project, a file, a digest */
  readonly subject: string
  /** one line for people, without markup */
  readonly title: string
  /** a few lines for people, without markup */
  readonly text: string
  /** where a person sees more */
  readonly url?: string | undefined
  /** for programs */
  readonly data: Readonly<Record<string, string | number | boolean | null>>
  /** how long the story is not told again; default: a day */
  readonly window?: Millis | undefined
}

export interface Notices {
  /** Takes it in, so that it is told; never throws, never waits, and keeps nobody waiting. */
  tell(notice: Notice): void
}

/** A notice as one hook is given it. Its bytes are made once: whatever is tried again under an id says the same. */
export interface NewDelivery {
  /** `msg_…` */
  readonly id: string
  /** tells hooks apart without saying where they are, because addresses hold secrets */
  readonly hook: string
  /** of the hook, for people */
  readonly host: string
  readonly type: NoticeType
  readonly subject: string
  readonly title: string
  readonly contentType: string
  readonly body: string
}

/** Something that is told once within its window, to every hook that wants it. */
export interface NewStory {
  readonly key: string
  /** not told again before */
  readonly until: Instant
  /** `many`: clients could make any number of it, so it leaves room for what is `rare` and goes after it */
  readonly kind: 'rare' | 'many'
  readonly deliveries: readonly NewDelivery[]
}

/** `told`: within its window, by whichever gate. `no-room`: nothing of it was kept, and it may be told later. */
export type Taken = 'taken' | 'told' | 'no-room'

/** A delivery that somebody has to try now, for a minute: then it is anybody's again. */
export interface LeasedDelivery extends NewDelivery {
  /** this one included; tells it from those that others lease later */
  readonly attempts: number
}

/** What became of an attempt. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly due: Instant; readonly why: string }
  | { readonly kind: 'dead'; readonly at: Instant; readonly why: string }
  /** it was not tried after all */
  | { readonly kind: 'released'; readonly due: Instant }

/** How much there is for the hooks of one host. */
export interface QueueState {
  readonly host: string
  readonly waiting: number
  readonly dead: number
  /** when the one came in that has waited longest */
  readonly oldest: Instant | undefined
}

/** Deliveries on their way, over restarts, and of all gates that share a store. Throws `unknown-store`. */
export interface NoticeQueue {
  /** Answers for each story in its place. What is for a hook that is stopped is dead at once. */
  take(stories: readonly NewStory[], now: Instant): Promise<readonly Taken[]>
  /** Those of the hook whose time has come, the rare before the many; each is given to one who asks. */
  lease(hook: string, now: Instant, limit: number): Promise<readonly LeasedDelivery[]>
  /** Does nothing where somebody else leased it meanwhile, but for `delivered`. */
  settle(delivery: Pick<LeasedDelivery, 'id' | 'attempts'>, outcome: Outcome): Promise<void>
  /** The receiver wants no more: all that waits for it is dead. Answers with how many those were. */
  stop(hook: string, now: Instant, why: string): Promise<number>
  /** Lets go of stories whose window is over, and of what is too old or too much: the oldest of the dead go first. */
  tidy(now: Instant): Promise<void>
  state(): Promise<readonly QueueState[]>
}

/** A delivery that waits or is dead, as people see it. */
export interface KeptDelivery extends Pick<NewDelivery, 'id' | 'host' | 'type' | 'subject' | 'title'> {
  readonly state: 'waiting' | 'dead'
  readonly attempts: number
  readonly queued: Instant
  /** when it is tried next; of the dead: since when they are */
  readonly at: Instant
  /** what the last attempt came to */
  readonly why: string | undefined
}

/** For commands. Throws `unknown-store`. */
export interface NoticeKeeper {
  /** The oldest first. */
  list(): Promise<readonly KeptDelivery[]> | readonly KeptDelivery[]
  /** Those of them that are dead wait again, as if they had never been tried, and their hooks are not stopped any more. Answers with their ids. */
  retry(ids: readonly string[] | 'all', now: Instant): Promise<readonly string[]> | readonly string[]
}

/** One attempt. */
export interface WebhookCall extends Pick<NewDelivery, 'id' | 'contentType' | 'body'> {
  /** of the attempt */
  readonly at: Instant
}

/** `taken`: a whole answer of 2xx. `gone`: the receiver wants no more (410). */
export type WebhookAnswer =
  | { readonly kind: 'taken' | 'gone'; readonly status: number }
  | {
      readonly kind: 'failed'
      /** `undefined`: there was no answer, or none in time */
      readonly status: number | undefined
      readonly why: string
      /** what the answer asked for */
      readonly retryAfter: Millis | undefined
    }

/** What went to a receiver and came from it at one attempt; `line` is the first that the answer's body has, or as much of it as there is room for. */
export type WebhookHeard =
  | { readonly kind: 'sent'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'answered'; readonly status: number; readonly line: string }

/** The way to one receiver. */
export interface WebhookSender {
  /** Throws nothing. `hear` is told of what goes over the wire, also where it came to nothing. */
  send(call: WebhookCall, signal: AbortSignal, hear?: (heard: WebhookHeard) => void): Promise<WebhookAnswer>
  close(): Promise<void>
}

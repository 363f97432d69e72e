import type { Instant } from '../domain/base/instant.ts'
import type { Refused } from '../domain/decide/verdict.ts'
import type { Identity } from '../domain/identity/attestation.ts'
import type { Source } from '../domain/memory/source.ts'
import type { Belongings } from './belongings.ts'
import type { Memory } from './memory.ts'

/** Who asked, for the journal. */
export interface Asked {
  readonly address: string
  /** `token:ci`, `workload:…`, `user:…`, `anonymous` */
  readonly subject: string
}

export interface JournalEntry {
  readonly at: Instant
  readonly filename: string
  readonly project: string
  readonly sha256: string | undefined
  /** `forgotten`: no request, but somebody let go of something that was remembered */
  readonly outcome: 'admitted' | 'refused' | 'forgotten'
  /** refusal code, or what an admission rests on, or what was let go of */
  readonly code: string
  /** id of the rule that decided; of `forgotten`: the reason that was given */
  readonly rule: string | undefined
  readonly identity: Identity | undefined
  readonly policyDigest: string
  readonly trustDigest: string | undefined
  /** its address */
  readonly client: string
  /** who it was: `token:ci`, `anonymous`; absent in what was written before anybody was asked */
  readonly subject?: string | undefined
  /** what the configuration calls the index; absent as `subject` is */
  readonly index?: string | undefined
  /** where there are several: the one that the project was of; absent in what was written before it was told */
  readonly source?: string | undefined
}

/**
 * Append-only. On disk within a second and at `close`; equal entries share a row with a count: admissions of one second, refusals of
 * one minute. Bounded by age and size, the oldest go first.
 */
export interface Journal {
  /** Throws `unknown-store` while nothing can be written. */
  record(entry: JournalEntry): void
  flush(): Promise<void>
}

/** A refusal as it was told, and when. */
export interface KeptRefusal {
  readonly refused: Refused
  readonly at: Instant
}

/** Refusals by their short id, for explain pages that survive a restart. Bounded by age and number, the oldest go first. */
export interface Refusals {
  put(id: string, refused: Refused, at: Instant): void
  get(id: string): Promise<KeptRefusal | undefined>
  /** Tells from now on which are gone, whenever some were too old or too many. */
  watch(gone: (ids: readonly string[]) => void): void
}

/** The newest time ever recorded: a clock that falls behind it by more than five minutes decides nothing. Kept at hand. */
export interface Watermark {
  newest(): Instant
  raise(at: Instant): void
}

/** What a gate decides by, as far as gates that share a store must agree on it: digests. */
export interface GoesBy {
  /** of every index, in order */
  readonly policies: string
  readonly trust: string | undefined
}

/** Another gate that shares the store, as it said of itself last. */
export interface OtherGate extends GoesBy {
  /** of its machine, or whatever its container is called */
  readonly name: string
  readonly seen: Instant
}

/** A store that several gates share, as one of them sees it. */
export interface SharedState {
  /** Says to the others from now on what this gate goes by. */
  goBy(state: () => GoesBy): void
  /** The same; `undefined`: it has not said anything yet. */
  own(): GoesBy | undefined
  /** Those that said something within the last twenty seconds, by name. */
  others(): readonly OtherGate[]
  /** How many others have gone by something else for longer than a roll-out takes. */
  /** Since when it cannot be asked, and why, a sentence; `undefined`: it can. Absent: that is never so for long. */
  away?(): string | undefined
  apart(): number
  /** A sentence each: what somebody must know, though the gate may go on. */
  warnings(): readonly string[]
}

/** The database as a whole. */
export interface Store {
  /**
   * What is remembered of one source. What was written down before sources were told apart counts against every source, project by
   * project, until a source's page lists a file of the project with the sha256 that is remembered: from then on it is that source's.
   */
  memory(source: Source): Promise<Memory>
  /** Whom names belong to at an index of several sources, by the path that the index is at: `/`, `/ml`. */
  belongings(index: string): Belongings
  readonly journal: Journal
  readonly refusals: Refusals
  readonly watermark: Watermark
  /** where several gates share it */
  readonly shared?: SharedState
  /** of the journal, about */
  journalBytes(): number
  /** Throws `unknown-store` when a write does not go through. */
  probe(): Promise<void>
  close(): Promise<void>
}

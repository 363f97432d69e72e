import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import type { Finding } from '../domain/identity/attestation.ts'
import type { RememberedFinding } from '../domain/memory/findings.ts'
import type { ProjectMemory } from '../domain/memory/project-memory.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { AccessRequest } from './console/requests.ts'
import type { JournalEntry, Refusals } from './store.ts'

/** A row of the journal as it is read back; equal entries of one time are counted. */
export interface JournalRow extends JournalEntry {
  readonly count: number
}

/** What left the journal before its time, because it was full. */
export interface DroppedVerdicts {
  /** each as often as it was given out */
  readonly verdicts: number
  /** the latest of them */
  readonly until: Instant
}

/**
 * What a gate has written down of one source, read-only, while it may be writing: for commands. Throws `unknown-store` when it
 * cannot be read.
 */
export interface Records {
  /** Entries from `since` on, oldest first. */
  journal(since: Instant): AsyncIterable<JournalRow>
  /** `undefined` where nothing was dropped for want of room. */
  dropped(): Promise<DroppedVerdicts | undefined>
  /** The verdict that was written down last: when, and by which policy; `undefined` where there is none. */
  lastDecision(): Promise<Pick<JournalRow, 'at' | 'policyDigest'> | undefined>
  /** Every project whose page was ever read, by name. */
  projects(): Promise<readonly ProjectName[]>
  /** Without findings; empty where nothing is known. */
  project(name: ProjectName): Promise<ProjectMemory>
  /** The latest finding of exactly these bytes under this name, whatever root it was made under. */
  finding(file: {
    readonly project: ProjectName
    readonly sha256: Sha256
    readonly filename: string
  }): Promise<RememberedFinding | undefined>
  /** Every finding that proved something. */
  attested(): AsyncIterable<{ readonly sha256: Sha256; readonly filename: string; readonly finding: Finding }>
  /** Whether the gate keeps these bytes. */
  holds(sha256: Sha256): Promise<boolean>
  /** What was asked of a mirror in vain, by project and file name. */
  misses(): Promise<readonly Miss[]>
  readonly refusals: Pick<Refusals, 'get'>
  /** Requests whose approval holds at `now`, at whichever index, the oldest first. */
  approvals(now: Instant): Promise<readonly AccessRequest[]>
  /** The source that the name belongs to at this index: the only one, the owner, or the one at which it was found. */
  belonging(project: ProjectName): SourceName | undefined
  close(): Promise<void>
}

/** What somebody asked a mirror for and did not get. */
export interface Miss {
  readonly project: ProjectName
  /** `undefined`: the project's page */
  readonly filename: string | undefined
  /** `undefined`: the only index, or the first */
  readonly index?: string | undefined
  readonly times: number
  readonly last: Instant
}

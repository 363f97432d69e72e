import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant } from '../domain/base/instant.ts'
import type { Finding } from '../domain/identity/attestation.ts'
import type { SeenFile } from '../domain/memory/history.ts'
import type { ProjectStatus } from '../domain/packaging/artifact.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { JournalEntry, Refusals, RememberedFinding } from './memory.ts'

/** A row of the journal as it is read back; equal entries of one second are counted. */
export interface JournalRow extends JournalEntry {
  readonly count: number
}

/** What a project's page said when it was read last, for reports. */
export interface SeenProject {
  readonly project: ProjectName
  readonly status: ProjectStatus
  readonly statusSince: Instant
  readonly lastRead: Instant
  /** `yanked`: when it was first read as yanked */
  readonly files: readonly (SeenFile & { readonly sha256: Sha256 | undefined; readonly yanked: Instant | undefined })[]
}

/**
 * What a gate has written down, read-only, while it may be writing: for commands. Throws `unknown-store` when it cannot be
 * read.
 */
export interface Records {
  /** Entries from `since` on, oldest first. */
  journal(since: Instant): IterableIterator<JournalRow>
  /** Every project whose page was ever read, by name. */
  projects(): readonly ProjectName[]
  project(name: ProjectName): SeenProject | undefined
  /** The latest finding of exactly these bytes under this name, whatever root it was made under. */
  finding(file: { readonly sha256: Sha256; readonly filename: string }): RememberedFinding | undefined
  /** Every finding that proved something. */
  attested(): IterableIterator<{ readonly sha256: Sha256; readonly filename: string; readonly finding: Finding }>
  /** Whether the gate keeps these bytes. */
  holds(sha256: Sha256): boolean
  /** What was asked of a mirror in vain, by project and file name. */
  misses(): readonly Miss[]
  readonly refusals: Pick<Refusals, 'get'>
  close(): void
}

/** What somebody asked a mirror for and did not get. */
export interface Miss {
  readonly project: ProjectName
  /** `undefined`: the project's page */
  readonly filename: string | undefined
  readonly times: number
  readonly last: Instant
}

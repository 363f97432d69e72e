import type { Sha256 } from '../domain/base/digest.ts'
import type { Instant } from '../domain/base/instant.ts'
import type { Refused } from '../domain/decide/verdict.ts'
import type { Finding, Identity } from '../domain/identity/attestation.ts'
import type { History, Proof, SeenFile } from '../domain/memory/history.ts'
import type { FilePath, ProjectStatus } from '../domain/packaging/artifact.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Version } from '../domain/packaging/version.ts'

export interface FindingKey {
  readonly sha256: Sha256
  readonly filename: string
  readonly trustDigest: string
}

export interface RememberedFinding {
  readonly finding: Exclude<Finding, { kind: 'unasked' }>
  readonly found: Instant
}

/** What cryptography proved. A row that cannot be decoded is absent. `get` may be served from memory. */
export interface Findings {
  get(key: FindingKey): RememberedFinding | undefined
  put(key: FindingKey, remembered: RememberedFinding): void
}

/** A file as a page lists it. */
export interface ListedFile {
  readonly path: FilePath
  readonly filename: string
  readonly sha256: Sha256 | undefined
  /** `undefined` for what is neither wheel nor sdist */
  readonly version: Version | undefined
  readonly uploaded: Instant | undefined
  /** the page offers provenance for it */
  readonly offered: boolean
  readonly yanked: boolean
}

/** Which project a path belongs to, and what a file name's sha256 was when first seen. */
export interface Sightings {
  projectOf(path: FilePath): ProjectName | undefined
  /** Whether the project's page ever listed a file of this name, under whatever path. */
  hasListed(project: ProjectName, filename: string): boolean
  /**
   * Records every file of a page that was read whole. Returns those whose name was seen before with another sha256. The
   * first sight stays; so does it that provenance was ever offered. A file that is new on a page that was read before, or
   * that was missing from it since, was absent until that last reading.
   */
  record(
    project: ProjectName,
    files: readonly ListedFile[],
    page: { readonly at: Instant; readonly status: ProjectStatus },
  ): { readonly changed: readonly string[] }
  /** The page was read again and is the same. */
  reread(project: ProjectName, at: Instant): void
  lastSerial(project: ProjectName): number | undefined
  raiseSerial(project: ProjectName, serial: number): void
}

/** What is remembered of each project's files and of who signed them, without end. */
export interface Histories {
  /** Costs a lookup while nothing new was recorded of the project. */
  of(project: ProjectName): History
  /** What `of` is made from. */
  seen(project: ProjectName): readonly SeenFile[]
  /** The first proof of a file stays; repeating is harmless. */
  proved(project: ProjectName, file: { readonly filename: string; readonly version: Version }, proof: Proof): void
}

export interface JournalEntry {
  readonly at: Instant
  readonly filename: string
  readonly project: string
  readonly sha256: string | undefined
  readonly outcome: 'admitted' | 'refused'
  /** refusal code, or what an admission rests on */
  readonly code: string
  readonly rule: string | undefined
  readonly identity: Identity | undefined
  readonly policyDigest: string
  readonly trustDigest: string | undefined
  readonly client: string
}

/** Append-only. On disk within a second and at `close`; equal entries of one second may share a row with a count. */
export interface Journal {
  record(entry: JournalEntry): void
  flush(): void
}

/** Refusals by their short id, for explain pages that survive a restart. */
export interface Refusals {
  put(id: string, refused: Refused, at: Instant): void
  get(id: string): { readonly refused: Refused; readonly at: Instant } | undefined
}

/** The newest time ever recorded: a clock that falls behind it by more than five minutes decides nothing. */
export interface Watermark {
  newest(): Instant
  raise(at: Instant): void
}

/** The database as a whole. */
export interface Store {
  readonly findings: Findings
  readonly sightings: Sightings
  readonly histories: Histories
  readonly journal: Journal
  readonly refusals: Refusals
  readonly watermark: Watermark
  /** Throws `unknown-store` when a write does not go through. */
  probe(): void
  close(): void
}

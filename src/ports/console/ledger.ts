import type { Instant } from '../../domain/base/instant.ts'
import type { JournalRow } from '../records.ts'

/**
 * What was written down, as people look at it: pages of lists with cursors, and sums over time. Every method reads away from the thread that
 * serves packages, answers lists of ten million rows in a fifth of a second, and throws `unknown-store` when it cannot read, or when too many ask
 * at once. A cursor of another list, or one that nobody gave out, and a limit that is none are `bad-request`.
 *
 * Lists of sums stand still from their first page on: what comes in later is not in them. A page may have fewer rows than were asked for where
 * finding more would take too long; there is more as long as there is `next`.
 */
export interface Ledger {
  /** How far back the lists and sums go by now: after the first start over an old journal they are not complete yet. */
  coverage(): Promise<LedgerCoverage>
  /** Rows that match, the newest first. */
  journal(filter: JournalFilter, page: LedgerPage): Promise<LedgerRows<NumberedRow>>
  /** What was refused, put together so that one decision settles many: by index, project, code and rule; the latest first. */
  refusals(filter: GroupFilter, page: LedgerPage): Promise<LedgerRows<RefusalGroup>>
  /** The same of what was let through in audit mode and would be refused in `enforce`. */
  wouldRefuse(filter: GroupFilter, page: LedgerPage): Promise<LedgerRows<RefusalGroup>>
  /** Every project that the journal names, by name, with what became of it. */
  projects(filter: { readonly text?: string }, page: LedgerPage): Promise<LedgerRows<ProjectSums>>
  /** Who got what: admissions put together by subject, address, index and file, the latest first. */
  downloads(filter: JournalFilter, page: LedgerPage): Promise<LedgerRows<DownloadSums>>
  /** Verdicts by hour (of three days at most), else by day of UTC, oldest first, without gaps; whole ones, so the first may begin before `since`. */
  overTime(filter: {
    readonly since: Instant
    readonly until: Instant
    readonly index?: string
  }): Promise<readonly TimeSums[]>
  /** The most frequent since a time, at most `limit`, of each kind. */
  top(since: Instant, limit: number): Promise<TopSums>
  close(): Promise<void>
}

export interface LedgerCoverage {
  /** what was written down before is not counted; `undefined`: everything is */
  readonly since: Instant | undefined
}

/**
 * Each is compared equal, unless it says otherwise. `''` of `sha256`, `subject`, `index`, `source`, `rule`: rows that have none. From `since` on, and
 * before `until`.
 */
export interface JournalFilter {
  readonly project?: string
  readonly filename?: string
  readonly sha256?: string
  readonly subject?: string
  /** the address */
  readonly client?: string
  /** `attested`: admissions of files that somebody signed; `watched`: admissions that `enforce` would have refused */
  readonly kind?: 'attested' | 'watched'
  /** part of the identity that signed: issuer, repository, workflow, ref, SAN; upper and lower case are the same */
  readonly identity?: string
  /** that it was built from */
  readonly commit?: string
  readonly code?: string
  readonly outcome?: JournalRow['outcome']
  readonly index?: string
  readonly source?: string
  readonly rule?: string
  readonly since?: Instant
  readonly until?: Instant
}

/** As in a {@link JournalFilter}. */
export interface GroupFilter {
  readonly project?: string
  readonly code?: string
  readonly rule?: string
  readonly subject?: string
  readonly index?: string
  readonly since?: Instant
}

export interface LedgerPage {
  /** what the page before ended with; `undefined`: the first */
  readonly cursor?: string | undefined
  /** at most 500 */
  readonly limit: number
}

export interface LedgerRows<Row> {
  readonly rows: readonly Row[]
  /** of the next page; `undefined` where there is none */
  readonly next: string | undefined
}

export interface NumberedRow extends JournalRow {
  /** for the cursor, and as its address */
  readonly id: string
}

/** The rows behind it: its index, project, code and rule in a {@link JournalFilter}, with `outcome`. */
export interface RefusalGroup {
  readonly index: string | undefined
  readonly project: string
  readonly code: string
  readonly rule: string | undefined
  readonly requests: number
  readonly files: number
  /** that are known; those of no subject are none */
  readonly subjects: number
  readonly first: Instant
  readonly last: Instant
  /** the latest refused file */
  readonly filename: string
  readonly sha256: string | undefined
}

export interface ProjectSums {
  readonly project: string
  readonly admitted: number
  readonly refused: number
  readonly watched: number
  readonly last: Instant
}

export interface DownloadSums {
  readonly subject: string | undefined
  readonly client: string
  readonly index: string | undefined
  /** that the latest came from */
  readonly source: string | undefined
  readonly project: string
  readonly filename: string
  readonly sha256: string | undefined
  readonly code: string
  readonly rule: string | undefined
  readonly requests: number
  readonly first: Instant
  readonly last: Instant
}

export interface TimeSums {
  readonly from: Instant
  /** where the next begins */
  readonly until: Instant
  readonly admitted: number
  /** of the admitted, those whose files were attested */
  readonly attested: number
  readonly refused: number
  /** of the admitted, those that `enforce` would have refused */
  readonly watched: number
}

export interface TopSums {
  readonly projects: readonly Sum[]
  readonly rules: readonly Sum[]
  readonly subjects: readonly Sum[]
  readonly codes: readonly Sum[]
  /** distinct projects that something of was admitted, and of how many of them an attested file */
  readonly attested: { readonly projects: number; readonly ofProjects: number }
}

export interface Sum {
  /** `''`: of those that have none */
  readonly name: string
  readonly refused: number
}

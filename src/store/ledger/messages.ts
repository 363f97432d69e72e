import type { ErrorCode } from '../../domain/base/errors.ts'
import type { Ledger } from '../../ports/console/ledger.ts'

/** What the thread reads, and where it keeps its own. */
export interface LedgerPlace {
  /** the database of a data folder, or the URL of one that gates share */
  readonly journal: { readonly sqlite: string } | { readonly postgres: string }
  /** its own file */
  readonly file: string
}

export type Question = Exclude<keyof Ledger, 'close'>

export interface LedgerOrder {
  readonly id: number
  readonly question: Question | 'close'
  readonly words: readonly unknown[]
}

export type LedgerAnswer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly code: ErrorCode; readonly detail: string }

import type { JournalRow } from '../../../ports/records.ts'
import type { PlainRow } from '../columns/segment.ts'
import type { Alive } from '../columns/select.ts'

/** A journal that rows are read from, the words of them by number. Methods throw whatever the database says. */
export interface JournalSource {
  /** Differs from what it was before where something may have been written meanwhile. */
  version(): Promise<unknown>
  /** `undefined` where it has no rows. */
  extent(): Promise<(Alive & { readonly last: number }) | undefined>
  /** The last id up to which nothing changes any more but that rows go: to begin with. */
  settled(now: number): Promise<number>
  /** At most so many, after an id, by id. */
  rows(after: number, limit: number): Promise<readonly PlainRow[]>
  /** The last at most so many of those from an id to an id, by id. */
  rowsBefore(from: number, upTo: number, limit: number): Promise<readonly PlainRow[]>
  /** Rows after an id that stand for more than one request: id and count. */
  counts(after: number): Promise<readonly (readonly [id: number, count: number])[]>
  /** What tells a row from another under its id; `undefined` where it is not there. */
  mark(id: number): Promise<string | undefined>
  /** Whole rows, by id, as far as they are there. */
  told(ids: readonly number[]): Promise<ReadonlyMap<number, JournalRow>>
  number(word: string): number | undefined
  /** `''` where it is not there any more. */
  text(number: number): string
  close(): Promise<void>
}

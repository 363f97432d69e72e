import { relative } from 'node:path'

/** What is to be said of one kind of finding, wherever it turns up. */
export interface Rule {
  /** stable: people filter by it */
  readonly id: string
  readonly title: string
  readonly meaning?: string
  readonly help: string
}

export type Level = 'error' | 'warning' | 'note'

/** Something to be said at a line of a lock. Texts may be anybody's: each rendering makes them harmless. */
export interface Remark {
  readonly rule: Rule
  readonly level: Level
  readonly message: string
  /** path of the lock */
  readonly lock: string
  /** from 1 */
  readonly line: number
  /** what it is about, in words that stay the same while the lock moves and its lines do */
  readonly about: string
}

/** A lock as a repository names it: relative to `folder`, with slashes. */
export function placeIn(folder: string, lock: string): string {
  return relative(folder, lock).split('\\').join('/') || lock
}

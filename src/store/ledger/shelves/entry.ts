import type { WordColumn } from '../columns/segment.ts'

/** What a download is: of what, at which index, by whom and from where. Entries lie in the order of these words. */
export const KEY = ['filename', 'sha256', 'index', 'subject', 'client'] as const satisfies readonly WordColumn[]

/** What tells an entry from another of the same segment. */
export const ENTRY_WORDS = [
  ...KEY,
  'project',
  'identity',
  'code',
  'rule',
  'source',
] as const satisfies readonly WordColumn[]

/** What the admissions of one segment come to that have the same words. */
export interface Entry {
  /** in the order of {@link ENTRY_WORDS} */
  readonly words: ArrayLike<number>
  /** the first id of its segment */
  readonly segment: number
  readonly requests: number
  readonly first: number
  readonly last: number
  readonly lastId: number
}

/** A segment whose entries are somewhere: what their ids and times are counted from. */
export interface Shelved {
  /** its first id */
  readonly first: number
  /** its least time */
  readonly since: number
}

/** Less than 0, 0 or more: how words lie to each other, as far as {@link KEY} goes. */
export function compareKeys(one: ArrayLike<number>, other: ArrayLike<number>, otherAt = 0): number {
  for (let place = 0; place < KEY.length; place += 1) {
    const apart = (one[place] ?? 0) - (other[otherAt + place] ?? 0)
    if (apart !== 0) return apart
  }
  return 0
}

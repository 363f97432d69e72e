import type { Brand } from '../base/brand.ts'

/**
 * Whose word it was that something was learned by: an index, or what a mirror holds. Nothing that one source said is ever
 * held against another.
 */
export type Source = Brand<string, 'Source'>

/** What a mirror holds is a source of its own: it lists fewer files than the index they came from, and goes by its own clock. */
export const HELD: Source = 'held' as Source

/** An index, by the URL that it is asked at: scheme, host, port and path without a trailing slash. */
export function sourceAt(index: string): Source {
  return index.replace(/\/+$/, '') as Source
}

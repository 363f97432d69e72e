import type { Brand } from '../base/brand.ts'
import type { SourceName } from '../base/source-name.ts'

/**
 * Whose word it was that something was learned by: an index, or what a mirror holds. Nothing that one source said is ever
 * held against another.
 */
export type Source = Brand<string, 'Source'>

/** What a mirror holds is a source of its own: it lists fewer files than the index they came from, and goes by its own clock. */
export const HELD: Source = 'held' as Source

/** What a mirror holds of one of several sources, by the URL that it is asked at where there is a network: whatever it is called. */
export function heldAt(source: Source): Source {
  return `${HELD} ${source}` as Source
}

/** The same by what the source was called, as it was written down before URLs were. */
export function heldOf(name: SourceName): Source {
  return `${HELD} ${name}` as Source
}

/** An index, by the URL that it is asked at: scheme, host, port and path without a trailing slash. */
export function sourceAt(index: string): Source {
  return index.replace(/\/+$/, '') as Source
}

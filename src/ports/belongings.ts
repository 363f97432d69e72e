import type { Instant } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import type { ProjectName } from '../domain/packaging/name.ts'

/**
 * At which of its sources an index found a name, from the first time on. Throws `unknown-store` when it cannot be read or written:
 * then nobody is asked, and nothing was decided.
 */
export interface Belongings {
  of(project: ProjectName): SourceName | undefined
  /**
   * The first stays, at whatever gate it was found. Answers with whom it belongs to then; on disk within a second, as all that is learned
   * of the name.
   */
  remember(project: ProjectName, source: SourceName, at: Instant): SourceName | Promise<SourceName>
  /** Whether `begin` was called for this index, ever. */
  hasBegun(): boolean
  /**
   * What was known of names before the index had several sources, each with whose it is; of two the first counts, and nobody's that
   * has a row. Once for an index and for good, on disk when it returns: later it does nothing, for what is known then may be what
   * another index has learned. `name` is what the index is called.
   */
  begin(known: Iterable<readonly [ProjectName, SourceName]>, at: Instant, name?: string): void | Promise<void>
  /**
   * What was written down of an index that was called so at a place where none of `places` is any more, or before places were written,
   * is this one's, as long as it has begun nothing of its own.
   */
  takeOver(name: string, places: readonly string[]): void | Promise<void>
}

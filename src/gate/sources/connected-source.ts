import type { SourceRule } from '../../domain/sources/source-rule.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Index, Integrity, Origin } from '../../ports/outward.ts'

/** One upstream: what it may be asked, the ways to ask it, and what is remembered of it. */
export interface ConnectedSource<Files extends Origin = Origin> {
  readonly rule: SourceRule
  readonly index: Index
  readonly integrity: Integrity
  readonly origin: Files
  readonly memory: Memory
}

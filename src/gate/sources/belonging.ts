import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { Lookalikes } from '../../domain/sources/lookalikes.ts'
import { askable, isOwned, type SourceRule } from '../../domain/sources/source-rule.ts'
import type { Belongings } from '../../ports/belongings.ts'
import type { ConnectedSource } from './connected-source.ts'

/** Whose a name is at an index. */
export type Belonging<Source extends ConnectedSource> =
  /** it is asked of this source and of no other; `owned`: because the configuration says so */
  | { readonly kind: 'known'; readonly source: Source; readonly owned: boolean }
  /** nobody had it yet: it is the first's that has it. Nobody among them, where nobody may be asked. */
  | { readonly kind: 'open'; readonly sources: readonly Source[] }
  /** it was found at a source that may not be asked about it any more */
  | { readonly kind: 'gone'; readonly was: SourceName }

export interface Belonger<Source extends ConnectedSource> {
  /** What is known without asking anybody. Throws `internal` for a name that is owned by a source that the index lacks. */
  now(project: ProjectName): Belonging<Source>
  /** The source had the name, and nobody before it. Answers with whose it is. */
  found(project: ProjectName, source: Source): Promise<Source | undefined>
  /** The name of the source that a project belongs to, as far as it is known; nothing is thrown. */
  nameOf(project: ProjectName): SourceName | undefined
  /** The sources that may be asked about a name, and that it does not belong to; nobody for a name that is owned. */
  others(project: ProjectName): readonly Source[]
  /** A name that another source owns and that this one could be taken for. */
  lookalike(project: ProjectName): string | undefined
  /** Some source has a page of this name. */
  seen(project: ProjectName): void
  readonly sources: readonly Source[]
}

interface Options<Source extends ConnectedSource> {
  /** of the index, in its order */
  readonly sources: readonly Source[]
  /** of all sources that are configured */
  readonly everywhere: readonly SourceRule[]
  readonly belongings: Belongings
  readonly clock: Clock
  /** of names that are owned: one for all indexes, so that what one of them sees of an owner counts at each; default: its own */
  readonly lookalikes?: Lookalikes | undefined
}

/**
 * A name belongs to one source: to the one that owns it, else to the one it was found at first. Names never merge across sources,
 * and whoever cannot answer is not skipped.
 */
export function createBelonger<Source extends ConnectedSource>(options: Options<Source>): Belonger<Source> {
  const { sources, everywhere, belongings, clock, lookalikes: ours = new Lookalikes() } = options
  /** every file of a page is asked about, one after the other */
  let last: { readonly project: ProjectName; readonly size: number; readonly like: string | undefined } | undefined
  const here = sources.map(({ rule }) => rule)
  const byName = new Map(sources.map(source => [source.rule.name, source]))

  function named(names: readonly SourceName[]): readonly Source[] {
    return names.flatMap(name => byName.get(name) ?? [])
  }

  function now(project: ProjectName): Belonging<Source> {
    const whom = askable(project, { here, everywhere })
    if (whom.kind === 'elsewhere')
      throw new GateError('internal', `${project} is a name of ${whom.by}, which this index does not have`)
    if (whom.kind === 'owned') {
      const [source] = named([whom.by])
      if (source === undefined) throw new GateError('unknown-bug', `${whom.by} is no source of this index`)
      return { kind: 'known', source, owned: true }
    }
    const candidates = named(whom.sources)
    const [only] = candidates
    if (sources.length === 1 && only !== undefined) return { kind: 'known', source: only, owned: false }
    const was = belongings.of(project)
    if (was === undefined) return { kind: 'open', sources: candidates }
    const source = candidates.find(({ rule }) => rule.name === was)
    return source === undefined ? { kind: 'gone', was } : { kind: 'known', source, owned: false }
  }

  return {
    sources,
    now,
    nameOf(project) {
      const whom = askable(project, { here, everywhere })
      if (whom.kind === 'elsewhere') return undefined
      const belonging = now(project)
      return belonging.kind === 'known' ? belonging.source.rule.name : undefined
    },
    others(project) {
      const whom = askable(project, { here, everywhere })
      if (whom.kind !== 'in-order') return []
      const was = belongings.of(project)
      return named(whom.sources.filter(name => name !== was))
    },
    lookalike(project) {
      if (last?.project !== project || last.size !== ours.size)
        last = { project, size: ours.size, like: isOwned(project, everywhere) ? undefined : ours.of(project) }
      return last.like
    },
    seen(project) {
      if (isOwned(project, everywhere)) ours.add(project)
    },
    async found(project, source) {
      return byName.get(await belongings.remember(project, source.rule.name, clock()))
    },
  }
}

import type { SourceName } from '../../domain/base/source-name.ts'
import { lastingName, nameNow, type PlacedSource } from '../../domain/sources/lasting-name.ts'
import type { Belongings } from '../../ports/belongings.ts'

/** Whom names belong to, by what the sources are called now: kept by what lasts of them, so that a new name is no new source. */
export function createLastingBelongings(kept: Belongings, sources: readonly PlacedSource[]): Belongings {
  const now = (written: SourceName): SourceName => nameNow(written, sources)

  function written(name: SourceName): SourceName {
    const source = sources.find(one => one.name === name)
    return source === undefined ? name : lastingName(source)
  }

  return {
    of(project) {
      const known = kept.of(project)
      return known && now(known)
    },
    async remember(project, source, at) {
      return now(await kept.remember(project, written(source), at))
    },
    hasBegun: () => kept.hasBegun(),
    takeOver: (name, places) => kept.takeOver(name, places),
    begin(known, at, name) {
      return kept.begin(
        Iterator.from(known).map(([project, source]) => [project, written(source)] as const),
        at,
        name,
      )
    },
  }
}

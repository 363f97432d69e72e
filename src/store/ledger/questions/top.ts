import type { Instant } from '../../../domain/base/instant.ts'
import type { Sum, TopSums } from '../../../ports/console/ledger.ts'
import { MOST_OF } from '../columns/segment.ts'
import { type Total, type TotalsInParts, totalOf, totalsIn } from './totals.ts'
import { type Asked, within } from './wanted.ts'

/** The most frequent of each kind. */
export async function topSums(asked: Asked, since: Instant, limit: number): Promise<TopSums> {
  const parts = totalsIn(asked, within(asked.scene, { since }), { isLastAsked: false })
  const [projects, rules, subjects, codes] = MOST_OF.map((_, kind) => most(asked, parts, kind, limit))
  return {
    projects: projects ?? [],
    rules: rules ?? [],
    subjects: subjects ?? [],
    codes: codes ?? [],
    attested: attestedIn(parts),
  }
}

/** Of how many projects something was admitted, and of how many of them something that somebody signed. */
function attestedIn(parts: TotalsInParts): TopSums['attested'] {
  const [whole, rest] = parts
  let [projects, ofProjects] = [0, 0]
  const look = ({ admitted, attested }: Readonly<Total>): void => {
    if (admitted > 0) ofProjects += 1
    if (admitted > 0 && attested > 0) projects += 1
  }
  for (const [project, total] of whole.projects) if (!rest.projects.has(project)) look(total)
  for (const project of rest.projects.keys()) {
    const total = totalOf(parts, project)
    if (total !== undefined) look(total)
  }
  return { projects, ofProjects }
}

/** Of equals the one first whose name is. */
function most({ source }: Asked, [whole, rest]: TotalsInParts, kind: number, limit: number): readonly Sum[] {
  const [summed, besides] = [
    whole.most[kind] ?? new Map<number, number>(),
    rest.most[kind] ?? new Map<number, number>(),
  ]
  const sums = [...summed].map(([word, refused]) => [word, refused + (besides.get(word) ?? 0)] as const)
  for (const [word, refused] of besides) if (!summed.has(word)) sums.push([word, refused])
  const least =
    Float64Array.from(sums, ([, refused]) => refused)
      .sort()
      .at(-Math.max(1, limit)) ?? 0
  return sums
    .filter(([, refused]) => refused >= least)
    .map(([word, refused]) => ({ name: word === 0 ? '' : source.text(word), refused }))
    .sort((one, other) => other.refused - one.refused || (one.name < other.name ? -1 : 1))
    .slice(0, Math.max(0, limit))
}

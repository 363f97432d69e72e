import type { Instant } from '../../../domain/base/instant.ts'
import type { Sum, TopSums } from '../../../ports/console/ledger.ts'
import { MOST, MOST_OF, type Segment, type Sums } from '../columns/segment.ts'
import { isOutside, isWhole, select, type Wanted } from '../columns/select.ts'
import { sumUp } from '../columns/sums.ts'
import { totalsOf } from './projects.ts'
import { type Asked, within } from './wanted.ts'

/** The most frequent of each kind. */
export async function topSums(asked: Asked, since: Instant, limit: number): Promise<TopSums> {
  const bounds = within(asked.scene, { since })
  const sums = MOST_OF.map(() => new Map<number, number>())
  for (const segment of asked.scene.segments) {
    if (isOutside(segment, bounds)) continue
    const { most: flat } = isWhole(segment, bounds) ? segment.sums() : sumsOfRefused(asked, segment, bounds)
    for (let at = 0; at < flat.length; at += MOST.length) {
      const [of, word] = [sums[flat[at] ?? 0], flat[at + 1] ?? 0]
      of?.set(word, (of.get(word) ?? 0) + (flat[at + 2] ?? 0))
    }
  }
  const [projects, rules, subjects, codes] = sums.map(its => most(asked, its, limit))
  const admitted = totalsOf(asked, bounds)
    .values()
    .filter(total => total.admitted > 0)
    .toArray()
  return {
    projects: projects ?? [],
    rules: rules ?? [],
    subjects: subjects ?? [],
    codes: codes ?? [],
    attested: { projects: admitted.filter(({ attested }) => attested > 0).length, ofProjects: admitted.length },
  }
}

function sumsOfRefused({ source }: Asked, segment: Segment, bounds: Omit<Wanted, 'conditions'>): Sums {
  const refused = source.number('refused')
  const rows = select(segment, { ...bounds, conditions: [{ column: 'outcome', accepts: its => its === refused }] })
  return sumUp(segment, its => source.text(its), rows)
}

/** Of equals the one first whose name is. */
function most({ source }: Asked, sums: ReadonlyMap<number, number>, limit: number): readonly Sum[] {
  const least = [...sums.values()].sort((one, other) => other - one)[limit - 1] ?? 0
  return [...sums]
    .filter(([, refused]) => refused >= least)
    .map(([word, refused]) => ({ name: word === 0 ? '' : source.text(word), refused }))
    .sort((one, other) => other.refused - one.refused || (one.name < other.name ? -1 : 1))
    .slice(0, Math.max(0, limit))
}

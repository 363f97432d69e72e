import { instant } from '../../../domain/base/instant.ts'
import type { LedgerPage, LedgerRows, ProjectSums } from '../../../ports/console/ledger.ts'
import { PROJECT } from '../columns/segment.ts'
import { isOutside, isWhole, select, type Wanted } from '../columns/select.ts'
import { sumUp } from '../columns/sums.ts'
import { nameCursor, readLimit, readName } from './cursor.ts'
import { type Asked, everything } from './wanted.ts'

const LIST = 'p'

/** What became of one project. */
interface Total {
  rows: number
  admitted: number
  refused: number
  watched: number
  attested: number
  last: number
}

/** Every project that the journal names, by name. */
export async function projectSums(
  asked: Asked,
  { text = '' }: { readonly text?: string },
  page: LedgerPage,
): Promise<LedgerRows<ProjectSums>> {
  const limit = readLimit(page)
  const rows: ProjectSums[] = []
  let after = readName(LIST, page.cursor) ?? ''
  for (;;) {
    const named = asked.file.projects(text.toLowerCase(), after, 2 * limit)
    const totals = totalsOf(asked, everything(asked.scene), new Set(named.map(({ word }) => word)))
    for (const { word, name } of named) {
      const total = totals.get(word)
      // the names of projects stay when their rows have gone
      if (total === undefined) continue
      if (rows.length === limit) return { rows, next: nameCursor(LIST, rows.at(-1)?.project ?? '') }
      const { admitted, refused, watched, last } = total
      rows.push({ project: name, admitted, refused, watched, last: instant(last) })
    }
    after = named.at(-1)?.name ?? after
    if (named.length < 2 * limit) return { rows, next: undefined }
    if (performance.now() > asked.deadline) return { rows, next: nameCursor(LIST, after) }
  }
}

/** By the words of projects. */
export function totalsOf(
  asked: Asked,
  bounds: Omit<Wanted, 'conditions'>,
  of?: ReadonlySet<number>,
): ReadonlyMap<number, Total> {
  const totals = new Map<number, Total>()
  for (const segment of asked.scene.segments) {
    if (isOutside(segment, bounds)) continue
    const flat = isWhole(segment, bounds)
      ? segment.sums().projects
      : sumUp(segment, its => asked.source.text(its), select(segment, { ...bounds, conditions: [] })).projects
    for (let at = 0; at < flat.length; at += PROJECT.length) {
      const project = flat[at] ?? 0
      if (of === undefined || of.has(project)) add(totals, project, flat, at)
    }
  }
  return totals
}

function add(totals: Map<number, Total>, project: number, flat: Float64Array, at: number): void {
  const number = (column: number): number => flat[at + column] ?? 0
  const total = totals.get(project)
  if (total === undefined) {
    const [rows, admitted, refused] = [number(1), number(2), number(3)]
    totals.set(project, { rows, admitted, refused, watched: number(4), attested: number(5), last: number(6) })
    return
  }
  total.rows += number(1)
  total.admitted += number(2)
  total.refused += number(3)
  total.watched += number(4)
  total.attested += number(5)
  total.last = Math.max(total.last, number(6))
}

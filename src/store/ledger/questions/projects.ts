import { instant } from '../../../domain/base/instant.ts'
import type { LedgerPage, LedgerRows, ProjectSums } from '../../../ports/console/ledger.ts'
import { nameCursor, readLimit, readName } from './cursor.ts'
import { totalOf, totalsIn } from './totals.ts'
import { type Asked, everything } from './wanted.ts'

const LIST = 'p'

/** Every project that the journal names, by name. */
export async function projectSums(
  asked: Asked,
  { text = '' }: { readonly text?: string },
  page: LedgerPage,
): Promise<LedgerRows<ProjectSums>> {
  const limit = readLimit(page)
  const rows: ProjectSums[] = []
  const totals = totalsIn(asked, everything(asked.scene), { isLastAsked: true })
  let after = readName(LIST, page.cursor) ?? ''
  for (;;) {
    const named = asked.file.projects(text.toLowerCase(), after, 2 * limit)
    for (const { word, name } of named) {
      const total = totalOf(totals, word)
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

import type { JournalFilter, LedgerPage, LedgerRows, NumberedRow } from '../../../ports/console/ledger.ts'
import { numberAt } from '../columns/segment.ts'
import { select } from '../columns/select.ts'
import { numbersCursor, readLimit, readNumbers } from './cursor.ts'
import { type Asked, conditionsOf, within } from './wanted.ts'

const LIST = 'j'

/** Rows that match, the newest first. */
export async function journalRows(
  asked: Asked,
  filter: JournalFilter,
  page: LedgerPage,
): Promise<LedgerRows<NumberedRow>> {
  const limit = readLimit(page)
  const [before = asked.scene.last + 1] = readNumbers(LIST, page.cursor, 1) ?? []
  const conditions = conditionsOf(asked, filter)
  if (conditions === undefined) return { rows: [], next: undefined }
  const { ids, rest } = idsBefore(asked, { ...within(asked.scene, filter), conditions, top: before - 1 }, limit)
  const told = await asked.source.told(ids)
  const rows = ids.flatMap(id => {
    const row = told.get(id)
    return row === undefined ? [] : [{ ...row, id: String(id) }]
  })
  return { rows, next: rest === undefined ? undefined : numbersCursor(LIST, rest) }
}

/** The last ones, and before which id there are more, or may be. */
function idsBefore(
  { scene, deadline }: Asked,
  wanted: Parameters<typeof select>[1],
  limit: number,
): { readonly ids: readonly number[]; readonly rest: number | undefined } {
  const ids: number[] = []
  for (const segment of scene.segments.toReversed()) {
    const rows = select(segment, wanted)
    if (rows.length === 0) {
      if (performance.now() > deadline) return { ids, rest: segment.first }
      continue
    }
    const numbers = segment.numbers('id')
    for (let place = rows.length - 1; place >= 0; place -= 1) {
      if (ids.length === limit) return { ids, rest: ids.at(-1) }
      ids.push(numberAt(numbers, rows[place] ?? 0))
    }
    if (performance.now() > deadline) return { ids, rest: segment.first }
  }
  return { ids, rest: undefined }
}

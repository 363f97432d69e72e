import type { Instant } from '../../domain/base/instant.ts'
import type { JournalRow, Records } from '../../ports/records.ts'

/** How far somebody's look at the journal goes. */
export interface LookBounds {
  /** of the journal, one for equal requests */
  readonly rows: number
  /** that it may take, ms */
  readonly lasts: number
}

/** What is asked of the records to decide requests again. */
export type Decidable = Pick<Records, 'journal' | 'project' | 'finding' | 'belonging'>

export interface OneLook {
  readonly records: Decidable
  /** from here on rows were left out, because there are more than are looked at; `undefined`: all were looked at */
  brokeOff(): Instant | undefined
}

const BOUNDS: LookBounds = { rows: 200_000, lasts: 15_000 }
const BOUNDLESS: LookBounds = { rows: Number.POSITIVE_INFINITY, lasts: Number.POSITIVE_INFINITY }

/** Without an index: the rows of every one. Those of before there were several belong to whichever is asked for. */
function isOfIndex(row: Pick<JournalRow, 'index'>, index: string | undefined): boolean {
  return index === undefined || row.index === undefined || row.index === index
}

/** The records of one index; without bounds, all of them. */
export function recordsOfIndex(records: Decidable, index: string | undefined): Decidable {
  return oneLook(records, index, BOUNDLESS).records
}

/** The records of one index, as far as one look goes: it breaks off where it would take too long. */
export function oneLook(records: Decidable, index: string | undefined, bounds: LookBounds = BOUNDS): OneLook {
  let brokeOff: Instant | undefined
  async function* journal(since: Instant): AsyncGenerator<JournalRow> {
    const end = performance.now() + bounds.lasts
    let seen = 0
    for await (const row of records.journal(since)) {
      const isOver = seen >= bounds.rows && isOfIndex(row, index)
      if (isOver || performance.now() >= end) {
        brokeOff = row.at
        return
      }
      if (!isOfIndex(row, index)) continue
      seen += 1
      yield row
    }
  }
  return {
    records: {
      journal,
      project: name => records.project(name),
      finding: file => records.finding(file),
      belonging: project => records.belonging(project),
    },
    brokeOff: () => brokeOff,
  }
}

import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { LedgerPage, LedgerRows } from '../../ports/console/ledger.ts'
import { type CsvCell, csvLine } from '../../protocol/text/csv-line.ts'

/** Rows that are asked for at once. */
const PIECE = 500

/** Every row of a list of the ledger, page after page: no more than one is held. */
export async function* everyRow<Row>(list: (page: LedgerPage) => Promise<LedgerRows<Row>>): AsyncGenerator<Row> {
  for (let cursor: string | undefined; ; ) {
    const { rows, next } = await list({ limit: PIECE, cursor })
    yield* rows
    if (next === undefined) return
    cursor = next
  }
}

/** A column: its name, and what a row has in it. */
export type Columns<Row> = readonly (readonly [name: string, cell: (row: Row) => CsvCell])[]

/** The lines of a CSV file, the names of its columns first. */
export async function* asCsv<Row>(rows: AsyncIterable<Row>, columns: Columns<Row>): AsyncGenerator<string> {
  yield csvLine(columns.map(([name]) => name))
  for await (const row of rows) yield csvLine(columns.map(([, cell]) => cell(row)))
}

/** JSON, a line for each row; what a row does not have is left out, and times are as RFC 3339 has them. */
export async function* asJsonLines<Row extends object>(rows: AsyncIterable<Row>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row, withTimes)}\n`
}

const TIMES = new Set(['at', 'first', 'last', 'from', 'until'])

function withTimes(key: string, value: unknown): unknown {
  return TIMES.has(key) && typeof value === 'number' ? formatInstant(value as Instant) : value
}

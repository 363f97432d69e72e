import { GateError } from '../../../../domain/base/errors.ts'
import type { LedgerPage, LedgerRows } from '../../../../ports/console/ledger.ts'
import { csvLine } from '../../../../protocol/text/csv-line.ts'
import { type ConsoleAnswer, downloadOf } from '../../answer.ts'

/** A row of a file: text and numbers by name, null for what is absent. */
export type Told = Readonly<Record<string, string | number | null>>

/** rows that are fetched at once */
const ROWS = 500

interface Exported<Row> {
  /** of the file, without its ending */
  readonly name: string
  readonly columns: readonly string[]
  readonly rows: AsyncIterable<Row>
  readonly tell: (row: Row) => Told
}

/** `csv` or `json` where the query asks for a file. Throws `bad-request` for another format. */
export function formatIn(query: URLSearchParams): 'csv' | 'json' | undefined {
  const format = query.get('format')
  if (format === null || format === '') return undefined
  if (format === 'csv' || format === 'json') return format
  throw new GateError('bad-request', 'format is csv or json')
}

/** Everything that a filter finds, as one file that is sent while it is read. */
export function exportOf<Row>(format: 'csv' | 'json', { name, columns, rows, tell }: Exported<Row>): ConsoleAnswer {
  const filename = `portcullis-${name}.${format}`
  if (format === 'csv') return downloadOf(filename, 'text/csv; charset=utf-8; header=present', csv(columns, rows, tell))
  return downloadOf(filename, 'application/json', json(columns, rows, tell))
}

async function* csv<Row>(
  columns: readonly string[],
  rows: AsyncIterable<Row>,
  tell: (row: Row) => Told,
): AsyncGenerator<string> {
  yield* inPieces(
    (async function* () {
      yield csvLine(columns)
      for await (const row of rows) {
        const told = tell(row)
        yield csvLine(columns.map(column => told[column]))
      }
    })(),
  )
}

async function* json<Row>(
  columns: readonly string[],
  rows: AsyncIterable<Row>,
  tell: (row: Row) => Told,
): AsyncGenerator<string> {
  yield* inPieces(
    (async function* () {
      let before = '[\n'
      for await (const row of rows) {
        const told = tell(row)
        yield `${before}${JSON.stringify(Object.fromEntries(columns.map(column => [column, told[column] ?? null])))}`
        before = ',\n'
      }
      yield before === '[\n' ? '[]\n' : '\n]\n'
    })(),
  )
}

/** characters */
const PIECE = 32 * 1024

async function* inPieces(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = ''
  for await (const line of lines) {
    piece += line
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

/** A list from its first page to its last. */
export async function* allRows<Row>(ask: (page: LedgerPage) => Promise<LedgerRows<Row>>): AsyncGenerator<Row> {
  let cursor: string | undefined
  do {
    const { rows, next } = await ask({ cursor, limit: ROWS })
    yield* rows
    cursor = next
  } while (cursor !== undefined)
}

export async function* each<Row>(rows: Iterable<Row>): AsyncGenerator<Row> {
  yield* rows
}

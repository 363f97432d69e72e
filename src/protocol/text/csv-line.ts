/** How a cell begins that a spreadsheet takes for a formula. */
const FORMULA = /^[=+\-@\t\r]/

export type CsvCell = string | number | null | undefined

/**
 * A record of RFC 4180, ended by CRLF: cells with a comma, a quote or a line break stand in quotes. What a spreadsheet would calculate
 * has an apostrophe in front, and is a text there.
 */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(cell => cellText(cell ?? '')).join(',')}\r\n`
}

function cellText(cell: string | number): string {
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

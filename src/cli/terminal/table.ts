import { inert, type Screen } from './screen.ts'

/**
 * Columns as wide as what stands in them; numbers stand at the right. The last one may be as long as it likes. `below` has
 * for each row what stands under it.
 */
export function renderTable(
  screen: Screen,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  below: readonly string[] = [],
): void {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map(row => inert(String(row[column] ?? '')).length)),
  )
  const line = (cells: readonly (string | number)[]): string =>
    cells
      .map((cell, column) => {
        const text = inert(String(cell))
        if (column === cells.length - 1) return text
        const width = widths[column] ?? 0
        return typeof cell === 'number' ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  screen.line(line(head))
  for (const [index, row] of rows.entries()) {
    screen.line(line(row))
    const more = below[index]
    if (more !== undefined) screen.prose(['  '], more)
  }
}

/** `1 file`, `2 files`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

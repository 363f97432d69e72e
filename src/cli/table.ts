import { inert, type Screen, type Style, styled } from './screen.ts'

export interface Column {
  readonly title: string
  /** default left; numbers stand right */
  readonly align?: 'right'
}

/** A text of a cell, or a text and how it is meant. */
export type Cell = string | readonly [style: Style, text: string]

/** A row, and lines that belong to it below. */
export interface Row {
  readonly cells: readonly Cell[]
  readonly below?: readonly Cell[]
}

const GAP = '  '

/** Columns as wide as their widest cell; the last one is not filled up. */
export function renderTable(screen: Screen, columns: readonly Column[], rows: readonly Row[]): void {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map(({ cells }) => inert(textOf(cells[index] ?? '')).length)),
  )
  const write = (cells: readonly Cell[]): void => {
    const last = cells.length - 1
    screen.line(
      ...cells.flatMap((cell, index) => {
        const text = padded(textOf(cell), widths[index] ?? 0, columns[index], index === last)
        const part = typeof cell === 'string' ? text : styled(cell[0], text)
        return index === 0 ? [part] : [GAP, part]
      }),
    )
  }
  write(columns.map(({ title }): Cell => ['dim', title]))
  for (const { cells, below = [] } of rows) {
    write(cells)
    for (const cell of below) screen.prose([GAP], textOf(cell))
  }
}

function padded(text: string, width: number, column: Column | undefined, isLast: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - inert(text).length))
  if (column?.align === 'right') return `${blanks}${text}`
  return isLast ? text : `${text}${blanks}`
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell[1]
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

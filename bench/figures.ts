/** One line of the table. */
export interface Row {
  readonly scenario: string
  /** as printed, with its unit */
  readonly gate: string
  readonly peer: string
  /** gate against peer, or the absolute figure where there is none */
  readonly figure: number
  readonly goal: Goal
  readonly note: string
}

export type Goal =
  | { readonly atLeast: number; readonly unit?: string }
  | { readonly atMost: number; readonly unit?: string }
  | { readonly exactly: number }
  | undefined

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** (max − min) ÷ median */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values)
}

export function isReached({ figure, goal }: Row): boolean | undefined {
  if (goal === undefined) return undefined
  if ('atLeast' in goal) return figure >= goal.atLeast
  if ('atMost' in goal) return figure <= goal.atMost
  return figure === goal.exactly
}

const HEADINGS = ['scenario', 'gate', 'peer', 'figure', 'goal', 'reached', 'note']

/** A Markdown table that is readable as it stands. */
export function renderTable(rows: readonly Row[]): string {
  const cells = rows.map(row => [
    row.scenario,
    row.gate,
    row.peer,
    formatFigure(row),
    formatGoal(row.goal),
    formatReached(isReached(row)),
    row.note,
  ])
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map(line => line[column]?.length ?? 0)),
  )
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(HEADINGS), line(widths.map(width => '-'.repeat(width))), ...cells.map(line)].join('\n')
}

function formatFigure({ figure, goal }: Row): string {
  const unit = goal !== undefined && 'unit' in goal ? ` ${goal.unit}` : ''
  return Number.isNaN(figure) ? '-' : `${Number.isInteger(figure) ? figure : figure.toFixed(2)}${unit}`
}

function formatGoal(goal: Goal): string {
  if (goal === undefined) return ''
  if ('atLeast' in goal) return `≥ ${goal.atLeast}`
  if ('atMost' in goal) return `≤ ${goal.atMost}`
  return `= ${goal.exactly}`
}

function formatReached(reached: boolean | undefined): string {
  return reached === undefined ? '' : reached ? 'yes' : 'no'
}

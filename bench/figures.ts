/** What one line of the table is made of. */
export interface Measured {
  readonly scenario: string
  readonly unit: Unit
  /** of each gate that is compared, this checkout's first: a value a round; empty where one cannot do it */
  readonly gates: readonly (readonly number[])[]
  /** the same without a gate, round by round */
  readonly peer?: { readonly name: string; readonly values: readonly number[] }
  readonly better: 'less' | 'more'
  /** what the goal is about: the gate's part of the peer (where there is one, unless it says so), or the value as it is */
  readonly judged?: 'value'
  readonly goal?: Goal
  /** CPU that each gate took, ms per what is said */
  readonly cpu?: { readonly per: string; readonly gates: readonly (readonly number[])[] }
  readonly note?: string
}

export type Unit = 's' | 'ms' | 'µs' | 'MB' | 'MB/s' | '/s' | ''

export type Goal = { readonly atLeast: number } | { readonly atMost: number } | { readonly exactly: number }

/** A peer that varies more than this says nothing about anybody else. */
const STEADY = 0.15
/** What no two runs agree on, however quiet the machine. */
const NOISE = 0.05

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** (max − min) ÷ median; 0 of a single value */
export function spread(values: readonly number[]): number {
  return values.length < 2 ? 0 : (Math.max(...values) - Math.min(...values)) / median(values)
}

/** Round by round: what both did in the same minute. */
export function ratios(values: readonly number[], others: readonly number[]): readonly number[] {
  return values.flatMap((value, round) => (others[round] === undefined ? [] : [value / others[round]]))
}

/** What the goal is held against, of the gate at this place; NaN where it was not measured. */
export function figureOf({ gates, peer, judged }: Measured, which = 0): number {
  const values = gates[which] ?? []
  return peer === undefined || judged === 'value' ? median(values) : median(ratios(values, peer.values))
}

export function isReached(row: Measured): boolean | undefined {
  const { goal } = row
  const figure = figureOf(row)
  if (goal === undefined || Number.isNaN(figure)) return undefined
  if ('atLeast' in goal) return figure >= goal.atLeast
  if ('atMost' in goal) return figure <= goal.atMost
  return figure === goal.exactly
}

/** Whether what the gate is compared with, or the gate itself where there is nothing, varied too much to be believed. */
export function isSteady({ gates, peer }: Measured): boolean {
  return spread(peer?.values ?? gates[0] ?? []) <= STEADY
}

export interface Change {
  /** this checkout ÷ the other; NaN where one was not measured */
  readonly ratio: number
  /** what lies between the lowest and the highest ratio of a round, as a part of their median; at least 5 % */
  readonly noise: number
  readonly verdict: 'worse' | 'better' | 'same'
}

/** This checkout beside the other one, of which `gates` has the values second. */
export function changeOf({ gates: [ours = [], theirs = []], better }: Measured): Change {
  const both = ratios(ours, theirs)
  const ratio = both.length === 0 ? Number.NaN : median(both)
  const noise = Math.max(NOISE, spread(both))
  const loss = better === 'less' ? ratio - 1 : 1 / ratio - 1
  // one round does not say how much rounds disagree
  const isKnown = both.length > 1
  return { ratio, noise, verdict: isKnown && loss > noise ? 'worse' : isKnown && loss < -noise ? 'better' : 'same' }
}

/** A Markdown table that is readable as it stands. `other` names the checkout that this one is compared with. */
export function renderTable(rows: readonly Measured[], other?: string): string {
  const beside = other === undefined ? [] : [other, `gate ÷ ${other}`]
  const headings = ['scenario', 'gate', ...beside, 'peer', 'figure', 'goal', 'reached', 'note']
  const cells = rows.map(row => [
    row.scenario,
    formatValues(row, row.gates[0] ?? []),
    ...(other === undefined ? [] : [formatValues(row, row.gates[1] ?? []), formatChange(changeOf(row))]),
    row.peer === undefined ? '' : `${formatValues(row, row.peer.values)} (${row.peer.name})`,
    formatFigure(row),
    formatGoal(row),
    formatReached(isReached(row)),
    noteOf(row),
  ])
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map(line => line[column]?.length ?? 0)),
  )
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(headings), line(widths.map(width => '-'.repeat(width))), ...cells.map(line)].join('\n')
}

function formatValues({ unit }: Measured, values: readonly number[]): string {
  return formatNumber(median(values), unit)
}

function formatNumber(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return '-'
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return `${value.toFixed(digits)}${unit === '/s' || unit === '' ? unit : ` ${unit}`}`
}

function unitOfFigure({ unit, peer, judged }: Measured): Unit {
  return peer === undefined || judged === 'value' ? unit : ''
}

function formatFigure(row: Measured): string {
  return formatNumber(figureOf(row), unitOfFigure(row))
}

function formatGoal(row: Measured): string {
  const { goal } = row
  if (goal === undefined) return ''
  const unit = unitOfFigure(row)
  if ('atLeast' in goal) return `≥ ${goal.atLeast}${unit === '' ? '' : ` ${unit}`}`
  if ('atMost' in goal) return `≤ ${goal.atMost}${unit === '' ? '' : ` ${unit}`}`
  return `= ${goal.exactly}`
}

function formatReached(reached: boolean | undefined): string {
  return reached === undefined ? '' : reached ? 'yes' : 'no'
}

function formatChange({ ratio, noise, verdict }: Change): string {
  if (Number.isNaN(ratio)) return '-'
  return `${ratio.toFixed(2)} ±${(noise * 100).toFixed(0)} %${verdict === 'same' ? '' : `, ${verdict}`}`
}

function noteOf(row: Measured): string {
  const { gates, peer, cpu, note } = row
  const used = cpu?.gates.filter(values => values.length > 0).map(values => formatNumber(median(values), 'ms')) ?? []
  const varied = (name: string, values: readonly number[]): string =>
    values.length < 2 ? '' : `${name} ±${(spread(values) * 50).toFixed(0)} %`
  const parts = [
    used.length === 0 ? '' : `${used.join(' and ')} CPU ${cpu?.per}`,
    note ?? '',
    varied('gate', gates[0] ?? []),
    peer === undefined ? '' : varied(peer.name, peer.values),
    isSteady(row) ? '' : '_unsteady_',
  ]
  return parts.filter(part => part !== '').join(', ')
}

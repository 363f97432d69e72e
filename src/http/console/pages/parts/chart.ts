import type { TimeSums } from '../../../../ports/console/ledger.ts'
import { type Html, html } from '../../../markup/html.ts'
import { journalPath } from './links.ts'
import { at, count, counted, day, table } from './table.ts'

const [WIDTH, HEIGHT] = [720, 180]
/** of what is not nought, however little it is beside the largest */
const LEAST = 1.5

/** When the first bar begins, and the last. */
function axis(sums: readonly TimeSums[]): Html | undefined {
  const [first, last] = [sums[0], sums.at(-1)]
  if (first === undefined || last === undefined) return undefined
  return html`<p class="axis"><span>${begins(first)}</span><span>${begins(last)}</span></p>\n`
}

/**
 * What was admitted stands above the line and what was refused below it, so that no colour has to be told from another; the same as a table
 * stands beside it. Both sides are on one scale, so that a bar twice as high is twice as many, whichever side it is on.
 */
export function verdictChart(sums: readonly TimeSums[]): Html {
  const [most, worst] = [largest(sums, 'admitted'), largest(sums, 'refused')]
  const unit = HEIGHT / Math.max(most + worst, 1)
  const line = most * unit
  const step = WIDTH / Math.max(sums.length, 1)
  const bars = sums.map(({ admitted, attested, refused }, index) => {
    const x = (index * step + step * 0.1).toFixed(1)
    const width = (step * 0.8).toFixed(1)
    const [high, solid, low] = [heightOf(admitted, unit), heightOf(attested, unit), heightOf(refused, unit)]
    return html`${bar('open', x, width, line - high, high)}${bar('attested', x, width, line - solid, solid)}${bar('refused', x, width, line + 2, low)}`
  })
  return html`<figure>
<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT + 2}" preserveAspectRatio="none" role="img" aria-label="Verdicts over time: admitted above the line, at most ${count(most)}; refused below it, at most ${count(worst)}. The table has the numbers.">
${bars}<rect class="line" x="0" y="${line.toFixed(1)}" width="${WIDTH}" height="1.5"/>
</svg>
${axis(sums)}<figcaption>Above the line: admitted, filled where the file was attested (at most ${count(most)}). Below it, on the same scale: refused (at most ${count(worst)}).</figcaption>
</figure>
<details><summary>The same as a table</summary>
${table({
  caption: 'Verdicts, the latest first',
  columns: [
    { name: 'From', isHead: true, cell: begins },
    { name: 'Admitted', isNumber: true, cell: row => linkedCount(row, 'admitted', { outcome: 'admitted' }) },
    { name: 'of them attested', isNumber: true, cell: row => linkedCount(row, 'attested', { kind: 'attested' }) },
    { name: 'of them only watched', isNumber: true, cell: row => linkedCount(row, 'watched', { kind: 'watched' }) },
    { name: 'Refused', isNumber: true, cell: row => linkedCount(row, 'refused', { outcome: 'refused' }) },
  ],
  rows: [...sums].reverse(),
  none: 'Nothing was asked for.',
})}</details>
`
}

const DAY = 86_400_000

/** Of whole days it is the day that people look for. */
function begins({ from, until }: TimeSums): Html {
  return until - from >= DAY && from % DAY === 0 ? day(from) : at(from)
}

type Counted = 'admitted' | 'attested' | 'watched' | 'refused'

function linkedCount(row: TimeSums, what: Counted, filter: Parameters<typeof journalPath>[0]): Html {
  const { from: since, until } = row
  return counted(row[what], journalPath({ ...filter, since, until }))
}

function bar(name: string, x: string, width: string, y: number, height: number): Html | undefined {
  if (height <= 0) return undefined
  return html`<rect class="${name}" x="${x}" width="${width}" y="${y.toFixed(1)}" height="${height.toFixed(1)}"/>`
}

function heightOf(number: number, unit: number): number {
  return number === 0 ? 0 : Math.max(number * unit, LEAST)
}

function largest(sums: readonly TimeSums[], what: Counted): number {
  return sums.reduce((most, row) => Math.max(most, row[what]), 0)
}

import { type Part, type Screen, type Style, styled } from '../terminal/screen.ts'
import type { Said, Section, Told, Weight } from './told.ts'

const MARKS: Readonly<Record<Weight, readonly [mark: string, style: Style]>> = {
  bad: ['✗', 'bad'],
  doubt: ['!', 'doubt'],
  good: ['✓', 'good'],
  note: ['·', 'dim'],
}

/** A report on a terminal, or in a file: whatever is somebody else's is made inert by the screen. */
export function renderText(screen: Screen, { headline, change, against, figures, sections, ended }: Told): void {
  screen.line(styled('strong', headline))
  if (change !== undefined) screen.prose([], `Against ${against.join(', ')}: ${change}`)
  for (const figure of figures) screen.prose(['  '], plain(figure))
  for (const section of sections) renderSection(screen, section)
  if (ended.length > 0) screen.line()
  for (const why of ended) screen.prose([styled('bad', '✗'), ' '], why)
}

function renderSection(screen: Screen, { title, weight, intro, rows, as }: Section): void {
  const [mark, style] = MARKS[weight]
  screen.line()
  screen.line(styled(style, mark), ' ', styled('strong', `${title} (${rows.length})`))
  if (intro !== '') screen.prose(['  '], intro)
  if (as === 'names') {
    for (const line of inLines(rows.map(({ head }) => textOf(head)))) screen.line('  ', line)
    return
  }
  for (const { head, said } of rows) {
    screen.line('  ', styled('strong', textOf(head)))
    if (said.length > 0) screen.prose(['    '], plain(said))
  }
}

/** So many as fit a narrow terminal and a log, with commas between. */
function inLines(names: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const [at, name] of names.entries()) {
    const word = at === names.length - 1 ? name : `${name},`
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

const WIDTH = 76

function plain(said: readonly Said[]): string {
  return said.map(textOf).join('')
}

function textOf(said: Said): Part & string {
  return typeof said === 'string' ? said : said.foreign
}

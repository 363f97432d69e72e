import { cut } from '../../domain/base/cut.ts'
import { inert } from '../terminal/screen.ts'
import type { Row, Said, Section, Told, Weight } from './told.ts'

/** GitHub takes 65,536 characters in a comment, GitLab a million. */
const MOST = 60_000
/** rows of one part */
const MOST_ROWS = 100
/** characters of one text that is somebody else's */
const LONGEST = 500

const MARKS: Readonly<Record<Weight, string>> = { bad: '❌', doubt: '⚠️', good: '✅', note: '▫️' }

/**
 * A report for a comment on a pull request. What is somebody else's stands in code spans, where nothing is markup, nobody is mentioned and nothing
 * is linked. What has no room in a comment is counted.
 */
export function renderMarkdown({ locks, against, headline, change, figures, sections, ended }: Told): string {
  const of = `of ${list(locks)}${against.length === 0 ? '' : ` against ${list(against)}`}`
  const head = [
    `### ${headline}`,
    ...(change === undefined ? [] : [`**${change}**`]),
    ...ended.map(why => `${MARKS.bad} ${inert(why)}`),
    figures.map(figure => `- ${markdown(figure)}`).join('\n'),
  ]
  const foot = `<sub>portcullis report ${of}</sub>`
  let room = MOST - [...head, foot].join('\n\n').length
  const parts: string[] = []
  let left = 0
  for (const section of sections) {
    const part = renderSection(section)
    if (part.length + 2 > room) left += 1
    else {
      parts.push(part)
      room -= part.length + 2
    }
  }
  const cut = left === 0 ? [] : [`${left} more parts have no room here: see \`--format html\`.`]
  return `${[...head, ...parts, ...cut, foot].join('\n\n')}\n`
}

function renderSection({ title, weight, intro, rows, as }: Section): string {
  const head = `${MARKS[weight]} ${title} (${rows.length})`
  const body = [...(intro === '' ? [] : [intro]), as === 'names' ? names(rows) : lines(rows)].join('\n\n')
  if (as === 'open') return `#### ${head}\n\n${body}`
  return `<details><summary>${head}</summary>\n\n${body}\n\n</details>`
}

function names(rows: readonly Row[]): string {
  return `${rows
    .slice(0, 4 * MOST_ROWS)
    .map(({ head }) => span(head))
    .join(', ')}${more(rows, 4 * MOST_ROWS)}`
}

function lines(rows: readonly Row[]): string {
  const shown = rows.slice(0, MOST_ROWS).map(({ head, said }) => {
    const text = markdown(said)
    return `- **${span(head)}**${text === '' ? '' : `: ${text}`}`
  })
  return `${shown.join('\n')}${more(rows, MOST_ROWS)}`
}

function more(rows: readonly Row[], most: number): string {
  return rows.length <= most ? '' : `\n\nand ${rows.length - most} more`
}

function markdown(said: readonly Said[]): string {
  return said.map(span).join('')
}

/** What is ours is Markdown already; what is not is code, in a fence of more ticks than it has in a row. */
function span(said: Said): string {
  if (typeof said === 'string') return said
  const text = cut(inert(said.foreign), LONGEST)
  if (text.trim() === '') return '` `'
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  const pad = longest > 0 ? ' ' : ''
  return `${fence}${pad}${text}${pad}${fence}`
}

function list(paths: readonly string[]): string {
  return paths.map(path => span({ foreign: path })).join(', ')
}

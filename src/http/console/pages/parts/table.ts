import { formatInstant, type Instant } from '../../../../domain/base/instant.ts'
import { lastDay } from '../../../../domain/base/last-moment.ts'
import { REFUSALS } from '../../../../domain/base/refusal.ts'
import { type Content, type Html, html } from '../../../markup/html.ts'
import { linked } from './links.ts'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => Content
  /** numbers stand to the right */
  readonly isNumber?: true
  /** it says what the row is about */
  readonly isHead?: true
}

interface Table<Row> {
  readonly caption: Content
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** in the place of a table without rows */
  readonly none: Content
}

/** A table, which on a phone is a list of cards that name each of their cells. */
export function table<Row>({ caption, columns, rows, none }: Table<Row>): Html {
  if (rows.length === 0) return html`<p class="soft">${none}</p>\n`
  return html`<table class="list">
<caption>${caption}</caption>
<thead><tr>${columns.map(({ name, isNumber }) => html`<th scope="col"${numeric(isNumber)}>${name}</th>`)}</tr></thead>
<tbody>
${rows.map(row => html`<tr>${columns.map(column => cellOf(column, row))}</tr>\n`)}</tbody>
</table>
`
}

function cellOf<Row>({ name, cell, isNumber, isHead }: Column<Row>, row: Row): Html {
  const content = cell(row)
  if (isHead) return html`<th scope="row" data-name="${name}"><div>${content}</div></th>`
  return html`<td data-name="${name}"${numeric(isNumber)}><div>${content}</div></td>`
}

function numeric(isNumber: true | undefined): Html | undefined {
  return isNumber && html` class="number"`
}

const COUNT = new Intl.NumberFormat('en', { useGrouping: true })

/** `12,345` */
export function count(number: number): string {
  return COUNT.format(number)
}

/** A number that leads to the rows behind it; nought has none. */
export function counted(number: number, path: string): Html {
  return number === 0 ? html`0` : linked(path, count(number))
}

/** `37 %`; `–` of nothing. Never 100 % or 0 % for what is not all or nothing. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–'
  const percent = (part / whole) * 100
  const rounded = Math.round(percent)
  const told = part < whole && rounded === 100 ? 99 : part > 0 && rounded === 0 ? 1 : rounded
  return `${told} %`
}

/** A moment in UTC, to the minute; {@link MOMENTS} writes it in the reader's zone. */
export function at(moment: Instant): Html {
  const iso = formatInstant(moment)
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`
}

/** A day of UTC, whatever zone its reader is in. */
export function day(moment: Instant): Html {
  return html`<time>${formatInstant(moment).slice(0, 10)}</time>`
}

/** An end, by the last day as policies and forms have it. */
export function until(ends: Instant): Html {
  const last = lastDay(ends)
  return last === undefined ? at(ends) : html`the end of <time title="${formatInstant(ends)}">${last}</time> (UTC)`
}

/** Where {@link MOMENTS} is. */
export const MOMENTS_PATH = '/assets/moments.js'

/** What runs in the console's pages: every moment is written as its reader is used to, zone and all. */
export const MOMENTS = `for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime)
  if (!Number.isNaN(at.getTime())) time.textContent = at.toLocaleString(undefined, {
    year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', timeZoneName: 'short',
  })
}
`

const OUTCOMES = {
  admitted: ['yes', 'admitted'],
  refused: ['no', 'refused'],
  watched: ['doubt', 'would be refused'],
  forgotten: ['', 'let go of'],
  unknown: ['', 'not looked at yet'],
} as const

export function badge(outcome: keyof typeof OUTCOMES): Html {
  const [name, words] = OUTCOMES[outcome]
  return html`<span class="badge ${name}">${words}</span>`
}

const ENTRIES: Readonly<Record<string, { readonly title: string; readonly hard: boolean } | undefined>> = REFUSALS

/** letters of a word that a column has room for */
const ROOM = 24

/** A name of the gate's or of a policy's: no column breaks it within a word that it has room for. */
export function named(name: string): Html {
  const fits = name.split(/[-\s]/).every(word => word.length <= ROOM)
  return html`<code class="${fits ? 'word' : 'long'}">${name}</code>`
}

/** Who somebody is, or a project: a line ends after a colon or an @, and within a word only where a column has no room for it. */
export function whom(subject: string): Html {
  const parts = subject.split(/(?<=[:@])/)
  const fits = parts.every(part => part.length <= ROOM)
  return html`<span class="${fits ? 'word' : 'long'}">${parts.map((part, place) => (place === 0 ? part : html`<wbr>${part}`))}</span>`
}

/** A code, and in words what it means where it is one of a refusal. */
export function codeOf(code: string): Html {
  const title = entryOf(code)?.title
  return html`${named(code)}${title === undefined ? undefined : html` <span class="soft">${title}</span>`}`
}

/** Whether it is the code of what no exemption waives, so that there is nothing to ask for. */
export function isNeverWaived(code: string): boolean {
  return entryOf(code)?.hard === true
}

function entryOf(code: string): (typeof ENTRIES)[string] {
  return ENTRIES[code.replace(/^audit:/, '')]
}

/** The beginning of a digest, and all of it for whoever asks. */
export function digest(sha256: string | undefined): Html {
  return sha256 === undefined ? html`–` : html`<code class="digest" title="${sha256}">${sha256.slice(0, 12)}…</code>`
}

/** A text in which each sha256 is told by its beginning, and whole for whoever asks. */
export function withDigests(text: string): Html {
  const parts = text.split(/\b([0-9a-f]{64})\b/)
  return html`${parts.map((part, at) => (at % 2 === 0 ? part : digest(part)))}`
}

/** A file by its name, without the folder that the server keeps it in, at the beginning of each line. */
export function withoutFolders(diagnostics: string): string {
  return diagnostics.replace(/^\/\S*\/(?=[^/\s]+:)/gm, '')
}

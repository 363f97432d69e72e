import { GateError } from '../../../../domain/base/errors.ts'
import { type Instant, instant, parseInstant } from '../../../../domain/base/instant.ts'
import { type Html, html } from '../../../markup/html.ts'
import { addressOf, NONE } from './links.ts'

/** characters; no name, digest or identity is longer */
const LONGEST = 512

/** What is asked for by this name; `undefined` where nothing is. Throws `bad-request` for what is longer than anything that is looked for. */
export function wordIn(query: URLSearchParams, name: string): string | undefined {
  const word = query.get(name)?.trim()
  if (word === undefined || word === '') return undefined
  if (word.length > LONGEST) throw new GateError('bad-request', `${name} is longer than ${LONGEST} characters`)
  return word
}

/** As {@link wordIn}; `''` where rows are asked for that have none. */
export function valueIn(query: URLSearchParams, name: string): string | undefined {
  const word = wordIn(query, name)
  return word === NONE ? '' : word
}

/** Throws `bad-request` for what is none of these. */
export function choiceIn<Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const word = wordIn(query, name)
  if (word === undefined) return undefined
  const choice = choices.find(one => one === word)
  if (choice === undefined) throw new GateError('bad-request', `${name} is one of ${choices.join(', ')}`)
  return choice
}

/** A moment, or a day, which begins at midnight UTC. Throws `bad-request` for what is neither. */
export function momentIn(query: URLSearchParams, name: string): Instant | undefined {
  const word = wordIn(query, name)
  if (word === undefined) return undefined
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(word)
  const at = parseInstant(isDay ? `${word}T00:00:00Z` : word)
  // days that no month has roll over in the parser
  if (at === undefined || (isDay && new Date(at).toISOString().slice(0, 10) !== word))
    throw new GateError('bad-request', `${name} is a day such as 2027-01-31, or a moment of RFC 3339`)
  return instant(at)
}

/** Without what is `undefined`. */
export function present<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}

// ---------------------------------------------------------------- form

export interface Field {
  readonly name: string
  readonly label: string
  readonly kind?: 'text' | 'day' | readonly (readonly [value: string, label: string])[]
}

/** A form that puts what is looked for into the address. One of several fields is folded until one is used: on a phone it has the first screen to itself. */
export function filterForm(path: string, fields: readonly Field[], query: URLSearchParams): Html {
  const isUsed = fields.some(({ name }) => wordIn(query, name) !== undefined)
  const form = html`<form class="filters" action="${path}" method="get" role="search" aria-label="Filter">
${fields.map(field => control(field, query))}<div class="actions"><button>Filter</button>${isUsed ? html` <a href="${path}">Show all</a>` : undefined}</div>
</form>
`
  if (fields.length === 1) return form
  return html`<details${isUsed ? html` open` : undefined}><summary>Filter</summary>
${form}</details>
`
}

function control({ name, label, kind = 'text' }: Field, query: URLSearchParams): Html {
  const value = wordIn(query, name) ?? ''
  const input =
    typeof kind === 'object'
      ? html`<select id="f-${name}" name="${name}"><option value="">any</option>${kind.map(([option, text]) => html`<option value="${option}"${option === value ? html` selected` : undefined}>${text}</option>`)}</select>`
      : kind === 'day' && (value === '' || /^\d{4}-\d{2}-\d{2}$/.test(value))
        ? html`<input type="date" id="f-${name}" name="${name}" value="${value}">`
        : html`<input id="f-${name}" name="${name}" value="${value}" maxlength="${LONGEST}" autocomplete="off" spellcheck="false">`
  return html`<div><label for="f-${name}">${label}</label>${input}</div>
`
}

// ---------------------------------------------------------------- pages of a list

/** How many pages one can go back; who went further goes to the first. */
const MOST_BACK = 20

export interface Turning {
  readonly path: string
  readonly query: URLSearchParams
  /** of the next page; `undefined` where there is none */
  readonly next: string | undefined
  readonly formats?: readonly ('csv' | 'json')[]
}

export function cursorIn(query: URLSearchParams): string | undefined {
  return query.get('cursor') || undefined
}

/** To the page before and to the next, with the same filter, and the whole list as files. */
export function turnPages({ path, query, next, formats = ['csv', 'json'] }: Turning): Html {
  const cursor = cursorIn(query)
  const back = query.getAll('back')
  const own: readonly (readonly [string, string])[] = [...query].filter(
    ([name, value]) => !['cursor', 'back', 'format'].includes(name) && value.trim() !== '',
  )
  const to = (...more: readonly (readonly [string, string])[]): string => {
    const text = new URLSearchParams(
      [...own, ...more].map(([name, value]): [string, string] => [name, value]),
    ).toString()
    return text === '' ? path : `${path}?${text}`
  }
  const trail = (cursors: readonly string[]) => cursors.slice(-MOST_BACK).map(one => ['back', one] as const)
  const before = back.at(-1)
  return html`<nav class="pages" aria-label="Pages">
${cursor === undefined ? undefined : html`<a href="${to()}">First</a>\n`}${before === undefined ? undefined : html`<a rel="prev" href="${before === '' ? to() : to(['cursor', before], ...trail(back.slice(0, -1)))}">Previous</a>\n`}${next === undefined ? undefined : html`<a rel="next" href="${to(['cursor', next], ...trail([...back, cursor ?? '']))}">Next</a>\n`}${formats.map(format => html`<a class="export" href="${to(['format', format])}" download>${format.toUpperCase()}</a>\n`)}</nav>
`
}

/** The same page with another choice; the list begins anew. */
export function withChoice(path: string, query: URLSearchParams, name: string, value: string | undefined): string {
  const kept = [...query].filter(([one]) => ![name, 'cursor', 'back', 'format'].includes(one))
  return addressOf(path, { ...Object.fromEntries(kept), [name]: value })
}

import type { JournalFilter } from '../../../../ports/console/ledger.ts'
import { type Html, html } from '../../../markup/html.ts'

/** How a query says that a row has none: an empty field of a form says nothing. */
export const NONE = '(none)'

type Parameters = Readonly<Record<string, string | number | undefined>>

/** A path of the console with a query; what is `undefined` or empty is left out. */
export function addressOf(path: string, parameters: Parameters): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') query.append(name, String(value))
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

export function projectPath(project: string, index?: string): string {
  return addressOf(`/projects/${encodeURIComponent(project)}`, { index })
}

/** A filter as the words of a query: times as RFC 3339, and that a row has none as {@link NONE}. */
export function wordsOf(filter: JournalFilter): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => {
      if (value === undefined) return []
      if (typeof value === 'number') return [[name, new Date(value).toISOString()]]
      return [[name, value === '' ? NONE : String(value)]]
    }),
  )
}

/** The rows of the journal that a number stands for. */
export function journalPath(filter: JournalFilter): string {
  return addressOf('/journal', wordsOf(filter))
}

export function downloadsPath(filter: JournalFilter): string {
  return addressOf('/downloads', wordsOf(filter))
}

/** A link within the console. `about`: what it is about, for whoever hears it apart from what stands beside it. */
export function linked(path: string, text: string | number | Html, about?: string): Html {
  return html`<a href="${path}">${text}${about === undefined ? undefined : html`<span class="heard"> ${about}</span>`}</a>`
}

/** `undefined` for what is no https URL with a host and nothing else before its path. */
export function httpsUrl(text: string | undefined): URL | undefined {
  if (text === undefined || !text.startsWith('https://') || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.username === '' && url.password === '' && url.port === '' ? url : undefined
}

/** A link out of the console where `target` is https, and of that host where one is asked for; else the text alone. */
export function outward(text: string, target: string | undefined, host?: string): Html {
  const url = httpsUrl(target)
  if (url === undefined || (host !== undefined && url.host !== host)) return html`${text}`
  return html`<a href="${url.href}" rel="noreferrer noopener">${text}</a>`
}

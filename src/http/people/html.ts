import { createHash } from 'node:crypto'
import { preferredType } from '../../protocol/simple/negotiate.ts'
import { NOSNIFF, sendAnswer, type WholeAnswer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { Html, html } from '../markup/html.ts'
import { STYLE } from './style.ts'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Nothing is fetched, nobody frames it, and nothing runs but scripts of ours that the page names; the one style sheet is the one that we wrote. */
function pageHeaders({ scripts = [], hasForm, cache }: Page): readonly string[] {
  if (scripts.length === 0 && hasForm === undefined && cache === undefined) return PAGE_HEADERS
  return PAGE_HEADERS.map(line => {
    if (line === 'no-cache') return cache ?? line
    // without a referrer, browsers say `Origin: null` with a form (Fetch, 3.2)
    if (line === 'no-referrer') return hasForm === undefined ? line : 'same-origin'
    if (line !== POLICY) return line
    const policy = hasForm === undefined ? line : line.replace("form-action 'none'", "form-action 'self'")
    return scripts.length === 0 ? policy : `${policy}; script-src 'self'`
  })
}

const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

const PAGE_HEADERS = [
  'Content-Type',
  'text/html; charset=utf-8',
  'Content-Security-Policy',
  POLICY,
  'Referrer-Policy',
  'no-referrer',
  'Cross-Origin-Opener-Policy',
  'same-origin',
  'Cache-Control',
  'no-cache',
  ...NOSNIFF,
] as const

export function isBrowser(exchange: Exchange): boolean {
  return exchange.header('accept')?.includes('text/html') === true
}

/** `format`: the parameter of the query, which goes before what the client takes. */
export function asksForJson(exchange: Exchange, format: string | undefined): boolean {
  if (format !== undefined) return /json$/i.test(format)
  return preferredType(exchange.header('accept'), TYPES) === 'application/json'
}

const TYPES = ['text/html', 'application/json'] as const

export interface Page {
  readonly title: string
  readonly body: Html
  /** default 200 */
  readonly status?: number
  /** of ours, relative to the page; default: nothing runs */
  readonly scripts?: readonly string[]
  /** a form of it is sent to this gate; default: none is sent anywhere */
  readonly hasForm?: true | undefined
  /** names and values in turn, besides those of every page */
  readonly headers?: readonly string[]
  /** default: it is asked for again each time */
  readonly cache?: 'no-store'
}

export function sendPage(exchange: Exchange, page: Page): void {
  sendAnswer(exchange, pageAnswer(page))
}

export function pageAnswer(page: Page): WholeAnswer {
  const scripts = page.scripts ?? []
  const document = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${page.title}</title>
<style>${new Html(STYLE)}</style>
${scripts.map(script => html`<script src="${script}" defer></script>\n`)}</head>
<body>
${page.body}
</body>
</html>
`
  return {
    status: page.status ?? 200,
    headers: [...pageHeaders(page), ...(page.headers ?? [])],
    body: Buffer.from(document.text),
    holds: 'words',
  }
}

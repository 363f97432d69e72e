import { createHash } from 'node:crypto'
import { escapeHtml } from '../../protocol/simple/simple-html.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { STYLE } from './style.ts'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Nothing is fetched, nobody frames it, and nothing runs but a script of ours that the page names; the one style sheet is the one that we wrote. */
function pageHeaders(script: string | undefined): readonly string[] {
  return script === undefined
    ? PAGE_HEADERS
    : PAGE_HEADERS.map(line => (line === POLICY ? `${line}; script-src 'self'` : line))
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

/** Text that is HTML already: everything else is escaped on its way into a page. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Content = Html | string | number | undefined | readonly Content[]

/** Markup with what stands in it escaped, unless it is markup itself; nothing is written for `undefined`. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((text, next, index) => text + render(contents[index - 1]) + next))
}

function render(content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(`${content}`)
  return content.map(render).join('')
}

export interface Page {
  readonly title: string
  readonly body: Html
  /** default 200 */
  readonly status?: number
  /** of ours, relative to the page; default: nothing runs */
  readonly script?: string
}

export function sendPage(exchange: Exchange, page: Page): void {
  const document = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${page.title}</title>
<style>${new Html(STYLE)}</style>
${page.script === undefined ? undefined : html`<script src="${page.script}" defer></script>\n`}</head>
<body>
${page.body}
</body>
</html>
`
  sendAnswer(exchange, {
    status: page.status ?? 200,
    headers: pageHeaders(page.script),
    body: Buffer.from(document.text),
    holds: 'words',
  })
}

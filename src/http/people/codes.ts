import { ERRORS, type ErrorCode, errorEntry, GateError } from '../../domain/base/errors.ts'
import { REFUSALS, type RefusalCode, refusalEntry } from '../../domain/base/refusal.ts'
import type { Router } from '../door/router.ts'
import { formatOf } from '../exchange/choice.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { type Html, html, words } from '../markup/html.ts'
import { asksForJson, isBrowser, type Page, sendPage } from './html.ts'
import { sendJson } from './ops.ts'

const CODES = Object.keys(REFUSALS) as readonly RefusalCode[]
const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[]

/**
 * `/codes/<code>`: what a code of a refusal or of another answer means and how to get past it; `/codes`: all of them. To a person a
 * page, to a program that asks for it JSON.
 */
export function addCodePages(router: Router): void {
  router.add('/codes', 'codes', (exchange, _, query) => {
    if (asksForJson(exchange, formatOf(query))) return sendJson(exchange, 200, [...CODES, ...ERROR_CODES].map(told))
    sendPage(exchange, { title: 'Codes', body: page('Codes', [...CODES.map(entry), ...ERROR_CODES.map(errorEntryOf)]) })
  })
  router.add('/codes/:code', 'codes', (exchange, { code: asked }, query) => {
    const refusal = CODES.find(known => known === asked)
    const error = ERROR_CODES.find(known => known === asked)
    const code = refusal ?? error
    if (code === undefined) return sendUnknown(exchange, formatOf(query))
    if (asksForJson(exchange, formatOf(query))) return sendJson(exchange, 200, told(code))
    const about = refusal === undefined ? error && errorEntryOf(error) : entry(refusal)
    sendPage(exchange, { title: code, body: page(code, about === undefined ? [] : [about]) })
  })
}

/** A code as JSON, absent values null. */
function told(code: RefusalCode | ErrorCode): object {
  if (!isRefusal(code)) {
    const { status, title, remedy } = errorEntry(code)
    return { code, status, title, meaning: null, remedy, hard: null, waive: null }
  }
  const { title, meaning, remedy, hard, waive = null } = { waive: undefined, ...refusalEntry(code) }
  return { code, status: 403, title, meaning, remedy, hard, waive }
}

function isRefusal(code: RefusalCode | ErrorCode): code is RefusalCode {
  return Object.hasOwn(REFUSALS, code)
}

function sendUnknown(exchange: Exchange, format: string | undefined): void {
  if (!isBrowser(exchange) || asksForJson(exchange, format)) throw new GateError('not-found', 'nothing has this code')
  sendPage(exchange, UNKNOWN_CODE)
}

const UNKNOWN_CODE: Page = {
  title: 'Unknown code',
  status: 404,
  body: html`<header><div class="mark"></div><b>Portcullis</b><span>Unknown code</span></header>
<main>
<section>
<h1>Nothing has this code</h1>
<p>Another version of the gate may have had it; <a href="../codes">these</a> are the codes of this one.</p>
</section>
</main>`,
}

function page(title: string, entries: readonly Html[]): Html {
  return html`<header><div class="mark"></div><b>Portcullis</b><span>${title}</span></header>
<main>
${entries}</main>`
}

function entry(code: RefusalCode): Html {
  const { title, meaning, remedy, hard, waive } = { waive: undefined, ...refusalEntry(code) }
  const past = hard
    ? 'Hard: no exemption helps, and audit mode refuses it too.'
    : waive === undefined
      ? 'No exemption helps by itself; the page of the refusal has what the policy would have to say.'
      : `An exemption that pins the file and waives ${waive} lets it pass.`
  return html`<section id="${code}">
<h2><code>${code}</code>: ${title}</h2>
<p>${words(meaning)}</p>
<p>${words(remedy)}</p>
<p class="soft">${past}</p>
</section>
`
}

function errorEntryOf(code: ErrorCode): Html {
  const { status, title, remedy } = errorEntry(code)
  return html`<section id="${code}">
<h2><code>${code}</code>: ${title}</h2>
<p>${words(remedy)}</p>
<p class="soft">No refusal, but an answer with the status ${status}.</p>
</section>
`
}

import { GateError } from '../../domain/base/errors.ts'
import type { KeptRefusal } from '../../ports/store.ts'
import { preferredType } from '../../protocol/simple/negotiate.ts'
import type { Router } from '../door/router.ts'
import { formatOf } from '../exchange/choice.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { explainUrl, send403 } from '../exchange/refusals.ts'
import type { Serving } from '../exchange/settings.ts'
import { addDatesScript } from './dates.ts'
import { renderToldRefusal } from './explain-page.ts'
import { html, type Page, sendPage } from './html.ts'
import { sendJson } from './ops.ts'
import { tellRefusal } from './told-refusal.ts'

const TYPES = ['text/html', 'application/json'] as const

/**
 * `/x/<id>` explains a refusal to a person or, when asked for JSON, to a program; `/x/<id>/<code>` is that refusal's 403,
 * for clients that show nothing but the URL that failed.
 */
export function addExplainPages(router: Router, serving: Serving): void {
  addDatesScript(router)
  router.add('/x/:id', 'explain', async (exchange, { id = '' }, query) => {
    const json = asksForJson(exchange, formatOf(query))
    const found = await serving.gate.explained(id)
    if (found === undefined && isBrowser(exchange) && !json) return sendPage(exchange, UNKNOWN_ID)
    const told = tellRefusal(id, explainUrl(serving, id), assertKept(found))
    if (json) return sendJson(exchange, 200, told)
    sendPage(exchange, { title: `Refused: ${told.filename}`, body: renderToldRefusal(told), script: 'dates.js' })
  })
  router.add('/x/:id/:code', 'explain', async (exchange, segments) => {
    const { id = '', code } = segments
    const { refused } = assertKept(await serving.gate.explained(id))
    if (refused.code !== code) throw new GateError('not-found', 'the refusal has another code')
    send403(serving, exchange, refused, id)
  })
}

/** For a person with a browser; a program gets the problem document. */
const UNKNOWN_ID: Page = {
  title: 'Unknown refusal',
  status: 404,
  body: html`<header><div class="mark"></div><b>Portcullis</b><span>Unknown refusal</span></header>
<main>
<section>
<h1>No refusal is kept under this id</h1>
<p>Refusals are kept for as long as the journal is. Ask for the file again, and the message will name a page that is there; <a href="../codes">the codes</a> say what each refusal means.</p>
</section>
</main>`,
}

function assertKept(found: KeptRefusal | undefined): KeptRefusal {
  if (found === undefined) throw new GateError('not-found', 'no refusal has this id')
  return found
}

function isBrowser(exchange: Exchange): boolean {
  return exchange.header('accept')?.includes('text/html') === true
}

function asksForJson(exchange: Exchange, format: string | undefined): boolean {
  if (format !== undefined) return /json$/i.test(format)
  return preferredType(exchange.header('accept'), TYPES) === 'application/json'
}

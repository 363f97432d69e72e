import { GateError } from '../../domain/base/errors.ts'
import { whyNothingAdmits } from '../../domain/decide/admit-with.ts'
import type { KeptRefusal } from '../../ports/store.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import { formatOf } from '../exchange/choice.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { explainUrl, helpFor, send403 } from '../exchange/refusals.ts'
import type { Servings } from '../exchange/settings.ts'
import { DATES } from '../markup/dates.ts'
import { html } from '../markup/html.ts'
import { COPY } from './copy.ts'
import { renderToldRefusal } from './explain-page.ts'
import { explainedBy } from './explained-by.ts'
import { asksForJson, isBrowser, type Page, sendPage } from './html.ts'
import { sendJson } from './ops.ts'
import { askingBeside } from './requests.ts'
import { addScript } from './script.ts'
import { tellRefusal } from './told-refusal.ts'

/**
 * `/x/<id>` explains a refusal to a person or, when asked for JSON, to a program, and `?format=yaml` is what would admit the file; `/x/<id>/<code>` is that refusal's 403,
 * for clients that show nothing but the URL that failed.
 */
export function addExplainPages(router: Router, servings: Servings): void {
  addScript(router, 'copy.js', COPY)
  addScript(router, 'dates.js', DATES)
  router.add('/x/:id', 'explain', async (exchange, { id = '' }, query) => {
    const format = formatOf(query)
    const json = asksForJson(exchange, format)
    const { found, serving } = await explainedBy(servings, id, exchange.client)
    if (found === undefined && isBrowser(exchange) && !json) return sendPage(exchange, UNKNOWN_ID)
    const kept = assertKept(found)
    if (format === 'yaml') return sendYaml(exchange, kept)
    const help = await helpFor(serving, exchange, kept.refused, id)
    const told = tellRefusal(id, explainUrl(serving, id), { ...kept, index: serving.index }, help)
    if (json) return sendJson(exchange, 200, told)
    const scripts = told.admit_with === null ? ['dates.js'] : ['dates.js', 'copy.js']
    const asking = await askingBeside(serving, exchange, id, kept.refused)
    const body = renderToldRefusal(told, asking?.markup)
    sendPage(exchange, { title: `Refused: ${told.filename}`, body, scripts, hasForm: asking?.hasForm })
  })
  router.add('/x/:id/:code', 'explain', async (exchange, segments) => {
    const { id = '', code } = segments
    const { found, serving } = await explainedBy(servings, id, exchange.client)
    const { refused } = assertKept(found)
    if (refused.code !== code) throw new GateError('not-found', 'the refusal has another code')
    await send403(serving, exchange, refused, id)
  })
}

/** What would admit the file, as it is appended to a policy. */
function sendYaml(exchange: Exchange, { refused }: KeptRefusal): void {
  if (refused.admitWith === undefined)
    throw new GateError('not-found', whyNothingAdmits(refused) ?? 'nothing is known that would admit the file')
  sendAnswer(exchange, {
    status: 200,
    headers: ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store', ...NOSNIFF],
    body: Buffer.from(refused.admitWith),
    holds: 'words',
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

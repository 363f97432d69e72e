import { errorEntry, GateError } from '../../domain/base/errors.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import { hopelessness } from '../../domain/requests/request.ts'
import type { RequestDesk } from '../../gate/requests/desk.ts'
import type { AccessRequest } from '../../ports/console/requests.ts'
import type { Router } from '../door/router.ts'
import { sendAnswer } from '../exchange/answer.ts'
import { formatOf } from '../exchange/choice.ts'
import { ANONYMOUS, neighbourhoodOf } from '../exchange/client.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { assertMayEnter } from '../exchange/permissions.ts'
import { explainUrl } from '../exchange/refusals.ts'
import type { Serving, Servings } from '../exchange/settings.ts'
import { type Html, html } from '../markup/html.ts'
import { explainedBy } from './explained-by.ts'
import { failurePage, renderSignIn } from './failure-page.ts'
import { asksForJson, isBrowser, sendPage } from './html.ts'
import { sendJson } from './ops.ts'
import {
  renderAsked,
  renderAsking,
  renderForm,
  renderObjection,
  renderRequest,
  renderWhoMayAsk,
  tellRequest,
} from './request-page.ts'
import { assertOwnPage, readAsked } from './sent.ts'

const PATH = /^\/x\/(?<id>[^/]{1,64})\/request$/

/**
 * `POST /x/<id>/request`: somebody asks that a refused file be let through; read, it is what came of that, for the person who asked. `/x/<id>/ask` is the form
 * by itself, for whom the gate has to know first: a browser asks for a name and a token when it is answered with 401, and never before.
 */
export function addRequests(router: Router, servings: Servings): void {
  const desk = servings[0].settings.requests
  if (desk === undefined) return
  router.add('/x/:id/request', 'request', async (exchange, { id = '' }, query) => {
    const { request, refused } = await requestOf(servings, desk, exchange, id)
    send(servings[0], exchange, request, { refused, status: 200, format: formatOf(query) })
  })
  router.add('/x/:id/ask', 'request', async (exchange, { id = '' }, query) => {
    await orObjection(exchange, formatOf(query), async () => await sendForm(servings, exchange, id))
  })
  router.addTaking(PATH, 'ask', async (exchange, { id = '' }, query) => {
    const format = formatOf(query)
    await orObjection(exchange, format, async () => {
      const { request, refused } = await ask(servings, desk, exchange, id)
      send(servings[0], exchange, request, { refused, status: 201, format })
    })
  })
}

/** What stands on the page of a refusal: a form, what somebody asked already, or nothing where asking is in vain. */
export async function askingBeside(
  { settings: { requests: desk } }: Serving,
  { client }: Exchange,
  id: string,
  refused: Refused,
): Promise<{ readonly markup: Html; readonly hasForm: true | undefined } | undefined> {
  const known = await desk?.ofRefusal(id)
  if (desk === undefined) return undefined
  const stands = known !== undefined && desk.stands(known)
  const before = known === undefined ? undefined : renderAsked(`${id}/request`, known, stands)
  if (before !== undefined && stands) return { markup: before, hasForm: undefined }
  const nobody = client.subject === ANONYMOUS
  if (hopelessness(refused) !== undefined) return before && { markup: before, hasForm: undefined }
  const objection = desk.objection(client)
  if (objection !== undefined)
    return { markup: html`${before}${renderWhoMayAsk(id, nobody ? undefined : objection.detail)}`, hasForm: undefined }
  return { markup: html`${before}${renderForm(`${id}/request`, { needsAddress: nobody })}`, hasForm: true }
}

async function sendForm(servings: Servings, exchange: Exchange, id: string): Promise<void> {
  const { client } = exchange
  const { found, serving } = await explainedBy(servings, id, client)
  if (found === undefined) throw new GateError('not-found', 'no refusal has this id')
  const { requests: desk } = serving.settings
  const objection = desk?.objection(client)
  if (objection !== undefined) throw objection
  const nobody = client.subject === ANONYMOUS
  const { refused } = found
  const known = await desk?.ofRefusal(id)
  const isOver = hopelessness(refused) !== undefined || (known !== undefined && desk?.stands(known) === true)
  if (isOver)
    return sendPage(exchange, { title: 'Refused', status: 303, headers: ['Location', `../${id}`], body: html`` })
  const form = renderForm('request', { needsAddress: nobody })
  sendPage(exchange, { title: `Ask: ${refused.file.filename}`, body: renderAsking(id, refused, form), hasForm: true })
}

interface Asked {
  readonly request: AccessRequest
  /** as long as it is kept */
  readonly refused: Refused | undefined
}

async function ask(servings: Servings, desk: RequestDesk, exchange: Exchange, id: string): Promise<Asked> {
  const [{ settings, base }] = servings
  assertOwnPage(exchange.request, { base: base(), isCalled: settings.publicUrl !== undefined })
  const { found, serving } = await explainedBy(servings, id, exchange.client)
  if (found === undefined) throw new GateError('not-found', 'no refusal has this id')
  const { reason, email } = await readAsked(exchange)
  const { subject, address, also, holder } = exchange.client
  // of IPv6 a network is one: whoever has it has more addresses than there may be requests
  const client = { subject, address: neighbourhoodOf(address), also, holder }
  const { refused } = found
  return { request: await desk.ask({ refusal: id, refused, index: serving.index, client, reason, email }), refused }
}

/** It outlives the refusal, which is kept for as long as the journal is. */
async function requestOf(servings: Servings, desk: RequestDesk, { client }: Exchange, id: string): Promise<Asked> {
  const { found } = await explainedBy(servings, id, client)
  const request = await desk.ofRefusal(id)
  const serving = servings.find(({ index }) => index === request?.index)
  if (request === undefined || serving === undefined)
    throw new GateError('not-found', 'nobody has asked about a refusal of this id')
  assertMayEnter(client, serving.index)
  return { request, refused: found?.refused }
}

interface How {
  readonly refused: Refused | undefined
  readonly status: number
  readonly format: string | undefined
}

function send(serving: Serving, exchange: Exchange, request: AccessRequest, { refused, status, format }: How): void {
  const url = `${explainUrl(serving, request.refusal)}/request`
  const headers = status === 201 ? ['Location', new URL(url).pathname] : []
  if (!isBrowser(exchange) || asksForJson(exchange, format))
    sendJson(exchange, status, tellRequest(request, url), headers)
  else {
    const title = `Request: ${request.filename}`
    sendPage(exchange, { title, status, headers, body: renderRequest(request, refused), scripts: ['../dates.js'] })
  }
}

/** What cannot be done is told a person as a page, and a program as everything is. */
async function orObjection(exchange: Exchange, format: string | undefined, answer: () => Promise<void>): Promise<void> {
  try {
    await answer()
  } catch (error) {
    if (!(error instanceof GateError) || !isBrowser(exchange) || asksForJson(exchange, format)) throw error
    sendObjection(exchange, error)
  }
}

function sendObjection(exchange: Exchange, error: GateError): void {
  const { title, remedy } = errorEntry(error.code)
  const body =
    error.code === 'unauthenticated' ? renderSignIn(error.detail) : renderObjection(title, error.detail, remedy)
  sendAnswer(exchange, failurePage(error, body, 'Not taken'))
}

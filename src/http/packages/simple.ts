import { type ProjectName, parseProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF } from '../exchange/answer.ts'
import { chooseRepresentation, formatOf } from '../exchange/choice.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { sendRedirect } from '../exchange/redirect.ts'
import type { Serving } from '../exchange/settings.ts'
import { sendBody } from './send-body.ts'

/** What every page says: ask again each time, and nothing in it runs. */
const COMMON = [
  'Cache-Control',
  'no-cache',
  'Vary',
  'Accept, Accept-Encoding',
  'Access-Control-Allow-Origin',
  '*',
  ...NOSNIFF,
] as const
const HTML_COMMON = [...COMMON, 'Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"] as const

/** `/simple/<project>/`, in JSON and HTML. Never a refusal: a refused file is withdrawn or listed, as the mode says. */
export function addProjectPages(router: Router, serving: Serving): void {
  router.add(`${serving.path}/simple/:project`, 'page', (exchange, { project = '' }) => {
    const name = parseProjectName(project)
    sendRedirect(serving, exchange, { path: `/simple/${name}/`, relative: `${name}/` })
  })
  router.add(`${serving.path}/simple/:project/`, 'page', (exchange, { project = '' }, query) => {
    if (project === '') return sendRedirect(serving, exchange, { path: '/simple/' }) // "/simple//"
    const name = parseProjectName(project)
    if (name !== project) return sendRedirect(serving, exchange, { path: `/simple/${name}/`, relative: `../${name}/` })
    return answerPage(serving, exchange, name, formatOf(query))
  })
}

/** The page of a project under its proper path; `format` is the parameter of the query. */
export function answerPage(
  serving: Serving,
  exchange: Exchange,
  name: ProjectName,
  format: string | undefined,
): void | Promise<void> {
  const { form, contentType } = chooseRepresentation({
    accept: exchange.header('accept'),
    format,
    agent: exchange.header('user-agent'),
  })
  const heading = { contentType, common: form === 'html' ? HTML_COMMON : COMMON }
  const page = serving.gate.atHand.page(name, form)
  if (page !== undefined) return sendBody(exchange, page, heading)
  return serving.gate.page(name, form, exchange.asker).then(built => sendBody(exchange, built, heading))
}

const DOUBLED = /\/{2,}/
const ANY_SLASHES = /\/{2,}/g
const PAGE = /^\/simple\/([^/]+)\/?$/

/** Clients that join a source's URL with a slash too many (pipenv, micropip) are sent on. True when this was one. */
export function redirectDoubledSlashes(serving: Serving, exchange: Exchange, path: string): boolean {
  if (!DOUBLED.test(path)) return false
  const single = path.replace(ANY_SLASHES, '/')
  if (single === '/simple' || single === '/simple/') {
    sendRedirect(serving, exchange, { path: '/simple/' })
    return true
  }
  const name = tryProjectName(PAGE.exec(single)?.[1] ?? '')
  if (name === undefined) return false
  // no relative form: what ".." means behind an empty segment is read in two ways
  sendRedirect(serving, exchange, { path: `/simple/${name}/` })
  return true
}

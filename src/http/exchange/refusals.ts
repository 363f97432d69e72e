import type { Refused } from '../../domain/decide/verdict.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { type Contact, fillContact } from '../../domain/policy/contact.ts'
import { type Help, problemForRefusal } from '../../protocol/answers/problem.ts'
import { NOSNIFF, sendAnswer } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { pythonOf } from './python-of.ts'
import type { Serving } from './settings.ts'

/** Their HTTP cache layer replaces the reason phrase, and nothing prints the body: they show the failing URL alone. */
const SHOWS_ONLY_THE_URL = /\b(?:pdm|unearth)\b/i

export function explainUrl(serving: Serving, id: string): string {
  return `${serving.base()}/x/${id}`
}

/** A policy refusal, in the form that reaches the person at this client. */
export async function sendRefusal(serving: Serving, exchange: Exchange, refused: Refused): Promise<void> {
  const id = serving.gate.keep(refused)
  const agent = exchange.header('user-agent')
  if (agent !== undefined && SHOWS_ONLY_THE_URL.test(agent)) sendToUrl(serving, exchange, refused, id)
  else await send403(serving, exchange, refused, id)
}

/** To a URL that carries the code and answers the 403. */
function sendToUrl(serving: Serving, exchange: Exchange, { code }: Refused, id: string): void {
  sendAnswer(exchange, {
    status: 302,
    headers: ['Location', `${explainUrl(serving, id)}/${code}`, 'Cache-Control', 'no-store', ...NOSNIFF],
    body: Buffer.alloc(0),
  })
}

/** The 403 itself. pip and poetry print the phrase, uv the body's title and detail too. */
export async function send403(serving: Serving, exchange: Exchange, refused: Refused, id: string): Promise<void> {
  const help = await helpFor(serving, exchange, refused, id)
  const told = { ...refused, index: serving.index }
  const { status, reason, contentType, body } = problemForRefusal(told, explainUrl(serving, id), help)
  sendAnswer(exchange, {
    status,
    reason,
    headers: ['Content-Type', contentType, 'Cache-Control', 'no-store', ...NOSNIFF],
    body,
    holds: 'words',
  })
}

/** Whom to ask, and what would pass, as it is now. */
export async function helpFor(serving: Serving, exchange: Exchange, refused: Refused, id: string): Promise<Help> {
  const python = pythonOf(exchange.header('user-agent'))
  const passes = await serving.gate.passing(refused, python, exchange.asker)
  return { contact: contactFor(serving, refused, id), passes }
}

function contactFor({ gate }: Serving, { code, file }: Refused, id: string): Contact | undefined {
  const contact = gate.policy().contactFor(file.project as ProjectName, file.source)
  return contact && fillContact(contact, { ...file, code, refusal: id })
}

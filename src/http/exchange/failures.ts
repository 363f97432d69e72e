import { randomBytes } from 'node:crypto'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import type { Events } from '../../observe/events.ts'
import { problemForError } from '../../protocol/answers/problem.ts'
import { NOSNIFF, sendAnswer, type WholeAnswer } from './answer.ts'
import type { Exchange } from './exchange.ts'

/**
 * Answers what is no verdict: requests that make no sense, and "cannot tell". Where an answer is under way already its
 * connection is reset. What was not foreseen is opaque to the client and told to the log under an id.
 */
export function sendFailure(
  exchange: Exchange,
  thrown: unknown,
  events: Events,
  answerOf: AnswerOf = problemAnswer,
): void {
  const id = randomBytes(6).toString('hex')
  const error =
    foreseen(thrown) ?? new GateError('unknown-bug', `The log of the gate has it as ${id}`, { cause: thrown })
  // what was let go of because its client had left is nobody's business
  if (exchange.over && error.limit !== undefined) return
  if (error.limit !== undefined) events.emit({ type: 'limited', limit: error.limit, ...exchange.client })
  if (errorEntry(error.code).status >= 500)
    events.emit({
      type: 'unknown',
      code: error.code,
      detail: error.detail,
      route: exchange.route,
      index: exchange.index,
      untrusted: error.untrusted,
      cause: error.cause,
      id,
    })
  try {
    if (exchange.response.headersSent) exchange.reset()
    else sendAnswer(exchange, answerOf(error, exchange))
  } catch {
    exchange.reset() // whatever it is, it must not reach the process
  }
}

/** How an error is told. */
export type AnswerOf = (error: GateError, exchange: Exchange) => WholeAnswer

/** RFC 7617: what makes clients send credentials, look for them in a netrc or a keyring, and browsers ask a person. */
const CHALLENGE = 'Basic realm="portcullis", charset="UTF-8"'

export function problemAnswer(error: GateError): WholeAnswer {
  const { status, reason, contentType, retryAfter, body } = problemForError(error)
  const headers = ['Content-Type', contentType, 'Cache-Control', 'no-store', ...NOSNIFF]
  if (retryAfter !== undefined) headers.push('Retry-After', `${retryAfter}`)
  if (status === 405) headers.push('Allow', 'GET, HEAD')
  if (status === 401) headers.push('WWW-Authenticate', CHALLENGE)
  return { status, reason, headers, body, holds: 'words' }
}

function foreseen(thrown: unknown): GateError | undefined {
  if (thrown instanceof GateError) return thrown
  const { code, statusCode } = (thrown ?? {}) as { readonly code?: unknown; readonly statusCode?: unknown }
  if (typeof code !== 'string' || !code.startsWith('FST_ERR_') || typeof statusCode !== 'number') return undefined
  return statusCode < 500 ? new GateError('bad-request', 'the request is outside the grammar of HTTP paths') : undefined
}

/** Whatever `handle` throws is answered as a failure. */
export function answerWith(
  exchange: Exchange,
  events: Events,
  handle: () => Promise<void> | void,
  answerOf?: AnswerOf,
): void {
  try {
    const answered = handle()
    answered?.catch((error: unknown) => sendFailure(exchange, error, events, answerOf))
  } catch (error) {
    sendFailure(exchange, error, events, answerOf)
  }
}

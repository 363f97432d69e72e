import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { GateError } from '../../domain/base/errors.ts'
import { JsonError, parseJsonStrict } from '../../protocol/text/json.ts'
import { mediaTypeOf, readBody, readForm } from '../door/body.ts'
import type { Exchange } from '../exchange/exchange.ts'

/** bytes of what is sent by somebody who asks: a reason, an address, and how they are escaped */
const MOST = 16 * 1024
/** What is too much is let go by for so long, so that whoever sends it hears of it, ms. */
const LETS_GO_BY = 1_000
/** until all of it is there, ms */
const PATIENCE = 10_000

/** As it came. */
interface Asked {
  readonly reason: string
  readonly email: string
}

/**
 * Reads who asks for what, as a form or as JSON.
 *
 * @throws GateError `unsupported-type`, `body-too-large`, `bad-form`, `request-invalid`
 */
export async function readAsked(exchange: Exchange): Promise<Asked> {
  const coding = exchange.request.headers['content-encoding'] ?? 'identity'
  if (coding.trim().toLowerCase() !== 'identity')
    throw new GateError('unsupported-type', 'what is sent here is not compressed')
  try {
    return await inTime(mediaTypeOf(exchange) === 'application/json' ? readJson(exchange) : readFields(exchange))
  } catch (error) {
    if (error instanceof GateError && error.code === 'body-too-large') await letGoBy(exchange)
    throw error
  }
}

async function readFields(exchange: Exchange): Promise<Asked> {
  const fields = await readForm(exchange, MOST)
  const one = (name: string): string => {
    const [value = '', ...others] = fields.all(name)
    if (others.length > 0) throw new GateError('request-invalid', `${name} stands there more than once`)
    return value
  }
  return { reason: one('reason'), email: one('email') }
}

async function readJson(exchange: Exchange): Promise<Asked> {
  const body = await readBody(exchange, MOST)
  const sent = parsed(body)
  const one = (name: string): string => {
    const value = Object.hasOwn(sent, name) ? (sent[name] ?? '') : ''
    if (typeof value !== 'string') throw new GateError('request-invalid', `${name} is a text`)
    return value
  }
  return { reason: one('reason'), email: one('email') }
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value = parseJsonStrict(body, { bytes: MOST, depth: 4, values: 100 })
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new GateError('bad-form', `this is not the JSON that is read here: ${error.message}`)
  }
  throw new GateError('bad-form', 'an object with reason and email is what is read here')
}

async function inTime<Result>(reading: Promise<Result>): Promise<Result> {
  const late = new AbortController()
  try {
    return await Promise.race([
      reading,
      delay(PATIENCE, undefined, { signal: late.signal, ref: false }).then(() => {
        throw new GateError('bad-form', 'not all of it came in time')
      }),
    ])
  } finally {
    reading.catch(() => {})
    late.abort()
  }
}

/** A client that is still sending when it is answered may lose the answer with the connection. */
async function letGoBy({ request }: Exchange): Promise<void> {
  if (request.headers.expect !== undefined) return // it waits for a yes that never comes
  const over = new AbortController()
  request.once('end', () => over.abort())
  request.once('close', () => over.abort())
  request.resume()
  await delay(LETS_GO_BY, undefined, { signal: over.signal, ref: false }).catch(() => {})
}

/**
 * What a browser sends for somebody with his credentials comes from a page of ours, and of nobody else. Programs say nothing of pages.
 *
 * @throws GateError `foreign-origin`
 */
export function assertOwnPage(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { base, isCalled }: { readonly base: string; readonly isCalled: boolean },
): void {
  const { origin, 'sec-fetch-site': site, host = '' } = headers
  const foreign = () => new GateError('foreign-origin', 'the request comes from a page of another site')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign()
  if (origin === undefined) return
  const own = new URL(base)
  const isLoopback = own.hostname === '127.0.0.1' || own.hostname === '[::1]'
  const known = [own.origin, ...(isLoopback ? [`${own.protocol}//localhost:${own.port}`] : [])]
  // where nobody has said what the gate is called, it is what the browser calls it
  if (!isCalled) known.push(`http://${host}`, `https://${host}`)
  if (!known.includes(origin)) throw foreign()
}

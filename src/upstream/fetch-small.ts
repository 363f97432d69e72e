import { promisify } from 'node:util'
import { gunzip as gunzipCallback } from 'node:zlib'
import { errorCode } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { Hop, UpstreamAgent } from './agent.ts'
import { type Answer, type AnswerHeaders, single } from './exchange.ts'
import { discard, follow, withOneRetry } from './follow.ts'
import { UpstreamStop, upstreamFailure, type Who } from './upstream-failure.ts'

const gunzip = promisify(gunzipCallback)

/** A whole small answer, redirects and one retry included, has this many times the upstream's timeout. */
const BUDGET = 3

export interface SmallRequest extends Pick<Hop, 'who' | 'what' | 'url' | 'asking'> {
  readonly headers: Readonly<Record<string, string>>
  /** where redirects may lead; absent: anywhere on the origin of `url` */
  readonly mayLead?: (url: URL) => boolean
  /** bytes, before and after decompression */
  readonly most: number
  /** media types that a 200 may have; absent: any */
  readonly types?: readonly string[]
}

export type SmallAnswer =
  | {
      readonly status: 200
      readonly headers: AnswerHeaders
      readonly url: URL
      /** lower case, without parameters; empty where the answer has none */
      readonly mediaType: string
      readonly bytes: Buffer
    }
  | { readonly status: 304; readonly headers: AnswerHeaders; readonly url: URL }
  | { readonly status: 404; readonly headers: AnswerHeaders; readonly url: URL }

/** GET of something that fits in memory. Any status but 200, 304 and 404 throws unknown-upstream. */
export async function fetchSmall(agent: UpstreamAgent, request: SmallRequest): Promise<SmallAnswer> {
  const { who } = request
  const budget = new AbortController()
  const timer = setTimeout(
    () => budget.abort(new UpstreamStop('UPSTREAM_BUDGET', 'the time for it is over')),
    BUDGET * agent.timeout,
  )
  const hop: Hop = { ...request, method: 'GET', signal: budget.signal }
  const { mayLead = ({ origin }: URL): boolean => origin === request.url.origin } = request
  try {
    const { answer, url, body } = await withOneRetry(budget.signal, async () => {
      const arrived = await follow(agent, hop, mayLead)
      return { ...arrived, body: await readBody(request, arrived.answer) }
    })
    const { status, headers } = answer
    if (status === 304 || status === 404) return { status, headers, url }
    if (body === undefined) throw unexpected(who, answer)
    const mediaType = mediaTypeOf(who, headers) ?? ''
    return { status: 200, headers, url, mediaType, bytes: await decode(request, headers, body) }
  } catch (error) {
    throw upstreamFailure(who, error)
  } finally {
    clearTimeout(timer)
  }
}

/** The body of a 200 of an expected type, as it came; `undefined` for other statuses, whose bodies say nothing. */
async function readBody(request: SmallRequest, answer: Answer): Promise<Buffer | undefined> {
  if (answer.status !== 200) {
    discard(answer)
    return undefined
  }
  const { who, types, most } = request
  try {
    const type = mediaTypeOf(who, answer.headers)
    if (types !== undefined && (type === undefined || !types.includes(type))) throw unexpected(who, answer)
    if (answer.headers['content-range'] !== undefined) throw unexpected(who, answer)
    return await collect(who, answer, most)
  } finally {
    answer.body.destroy()
  }
}

function mediaTypeOf(who: Who, headers: AnswerHeaders): string | undefined {
  return single(who, headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
}

async function collect(who: Who, answer: Answer, most: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > most) throw tooLarge(who, most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/** One gzip coding at most, and only where it was asked for; `most` holds for what comes out of it too. */
async function decode(request: SmallRequest, headers: AnswerHeaders, body: Buffer): Promise<Buffer> {
  const { who, most } = request
  const coding = single(who, headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (coding === 'identity' || coding === '') return body
  if ((coding !== 'gzip' && coding !== 'x-gzip') || request.headers['accept-encoding'] !== 'gzip')
    throw new GateError('unknown-upstream', `${who} sent a content coding that was not asked for`, {
      untrusted: { coding },
    })
  try {
    return await gunzip(body, { maxOutputLength: most })
  } catch (error) {
    if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(who, most)
    throw new GateError('unknown-upstream', `${who} sent a body that is not the gzip it says it is`)
  }
}

function tooLarge(who: Who, most: number): GateError {
  return new GateError('unknown-upstream', `${who} sent more than ${most} bytes`)
}

/** An answer that is neither the thing nor "there is none". */
export function unexpected(who: Who, { status, headers }: Answer): GateError {
  const untrusted = { status, type: headers['content-type'] }
  if (status !== 200) return new GateError('unknown-upstream', `${who} answered ${status}`, { untrusted })
  return new GateError('unknown-upstream', `${who} answered 200 with something else than was asked for`, { untrusted })
}

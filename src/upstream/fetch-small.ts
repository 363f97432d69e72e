import { GateError } from '../domain/base/errors.ts'
import type { Share } from '../flow/byte-budget.ts'
import { type CodedDocument, decodeSmall, tooLarge } from '../parse/coded.ts'
import type { Hop, UpstreamAgent } from './agent.ts'
import { type Answer, type AnswerHeaders, single } from './exchange.ts'
import { type Arrived, discard, follow, withOneRetry } from './follow.ts'
import { UpstreamStop, upstreamFailure, type Who } from './upstream-failure.ts'

/** A whole small answer, redirects and one retry included, has this many times the upstream's timeout. */
const BUDGET = 3

export interface SmallRequest extends Pick<Hop, 'who' | 'what' | 'url' | 'asking'> {
  readonly headers: Readonly<Record<string, string>>
  /** where redirects may lead; absent: where the agent says of `url` */
  readonly mayLead?: (url: URL) => boolean
  /** bytes, before and after decompression */
  readonly most: number
  /** media types that a 200 may have; absent: any */
  readonly types?: readonly string[]
}

/** What was answered, `Body` being what a 200 has. */
export type AnswerWith<Body> =
  | (Body & {
      readonly status: 200
      readonly headers: AnswerHeaders
      readonly url: URL
      /** lower case, without parameters; empty where the answer has none */
      readonly mediaType: string
    })
  | { readonly status: 304; readonly headers: AnswerHeaders; readonly url: URL }
  | { readonly status: 404; readonly headers: AnswerHeaders; readonly url: URL }

/** GET of something that fits in memory. Any status but 200, 304 and 404 throws unknown-upstream. */
export async function fetchSmall(
  agent: UpstreamAgent,
  request: SmallRequest,
): Promise<AnswerWith<{ readonly bytes: Uint8Array }>> {
  return await fetchCoded(agent, request, async answer => {
    if (answer.status !== 200) return answer
    const bytes = await decodeSmall(answer.document, request.most)
    if (bytes === undefined) throw tooLarge(request.who, request.most)
    return { ...answer, bytes }
  })
}

/**
 * As {@link fetchSmall}, for documents that are decoded while they are read. While `use` is under way their bytes count among
 * those that may be held at once: of more, whoever holds the most is `unknown-overloaded`.
 */
export async function fetchCoded<Used>(
  agent: UpstreamAgent,
  request: SmallRequest,
  use: (answer: AnswerWith<{ readonly document: CodedDocument }>) => Promise<Used>,
): Promise<Used> {
  const { who } = request
  const budget = startBudget(agent)
  let share: Share | undefined
  try {
    const { answer, url, body } = await withOneRetry(budget.signal, async () => {
      const arrived = await begin(agent, request, budget.signal)
      share?.leave()
      share = agent.documents.enter()
      return { ...arrived, body: await readBody(request, arrived.answer, share) }
    })
    budget.end()
    const { status, headers } = answer
    if (status === 304 || status === 404) return await use({ status, headers, url })
    if (body === undefined) throw unexpected(who, answer)
    const document = { bytes: body, coding: codingOf(request, headers), most: request.most, who }
    return await use({ status: 200, headers, url, mediaType: mediaTypeOf(who, headers) ?? '', document })
  } catch (error) {
    throw upstreamFailure(who, error)
  } finally {
    budget.end()
    share?.leave()
  }
}

/**
 * GET of something that is taken while it comes, without any coding. `take` reads it to its end, and once more from the beginning
 * where the connection broke. Any status but 200 and 404 throws unknown-upstream.
 */
export async function fetchFlowing<Taken>(
  agent: UpstreamAgent,
  request: SmallRequest,
  take: (body: AsyncIterable<Buffer>) => Promise<Taken>,
): Promise<{ readonly status: 200; readonly taken: Taken } | { readonly status: 404 }> {
  const { who, most } = request
  const budget = startBudget(agent)
  try {
    const { answer, read } = await withOneRetry(budget.signal, async () => {
      const { answer } = await begin(agent, request, budget.signal)
      const read = await withBody(request, answer, async () => {
        codingOf(request, answer.headers)
        answer.body.atMost(most, () => tooLarge(who, most))
        return { taken: await take(answer.body as AsyncIterable<Buffer>) }
      })
      return { answer, read }
    })
    if (answer.status === 404) return { status: 404 }
    if (read === undefined) throw unexpected(who, answer)
    return { status: 200, ...read }
  } catch (error) {
    throw upstreamFailure(who, error)
  } finally {
    budget.end()
  }
}

/** The time that one answer has, redirects and retry included. */
function startBudget(agent: UpstreamAgent): { readonly signal: AbortSignal; end(): void } {
  const budget = new AbortController()
  const timer = setTimeout(
    () => budget.abort(new UpstreamStop('UPSTREAM_BUDGET', 'the time for it is over')),
    BUDGET * agent.timeout,
  )
  return { signal: budget.signal, end: () => clearTimeout(timer) }
}

async function begin(agent: UpstreamAgent, request: SmallRequest, signal: AbortSignal): Promise<Arrived> {
  const hop: Hop = { ...request, method: 'GET', signal }
  const { mayLead = (url: URL): boolean => agent.mayLead(request.url, url) } = request
  return await follow(agent, hop, mayLead)
}

/** The body of a 200 of an expected type, as it came; `undefined` for other statuses, whose bodies say nothing. */
async function readBody(request: SmallRequest, answer: Answer, share: Share): Promise<Uint8Array | undefined> {
  return await withBody(request, answer, () => collect(request.who, answer, request.most, share))
}

/** Reads the body of a 200 of an expected type, and lets go of it; of other statuses, whose bodies say nothing, it is `undefined`. */
async function withBody<Read>(
  { who, types }: SmallRequest,
  answer: Answer,
  read: () => Promise<Read>,
): Promise<Read | undefined> {
  if (answer.status !== 200) {
    discard(answer)
    return undefined
  }
  try {
    const type = mediaTypeOf(who, answer.headers)
    if (types !== undefined && (type === undefined || !types.includes(type))) throw unexpected(who, answer)
    if (answer.headers['content-range'] !== undefined) throw unexpected(who, answer)
    return await read()
  } finally {
    answer.body.destroy()
  }
}

function mediaTypeOf(who: Who, headers: AnswerHeaders): string | undefined {
  return single(who, headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
}

async function collect(who: Who, answer: Answer, most: number, share: Share): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  share.whenOutgrown(() => answer.body.destroy(tooMuch()))
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > most) throw tooLarge(who, most)
    share.take(chunk.length)
    chunks.push(chunk)
  }
  share.whenOutgrown(undefined)
  return Buffer.concat(chunks, size)
}

function tooMuch(): GateError {
  return new GateError('unknown-overloaded', 'too many large documents are under way')
}

/** One gzip coding at most, and only where it was asked for. */
function codingOf(request: SmallRequest, headers: AnswerHeaders): CodedDocument['coding'] {
  const coding = single(request.who, headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (coding === 'identity' || coding === '') return 'identity'
  if ((coding === 'gzip' || coding === 'x-gzip') && request.headers['accept-encoding'] === 'gzip') return 'gzip'
  throw new GateError('unknown-upstream', `${request.who} sent a content coding that was not asked for`, {
    untrusted: { coding },
  })
}

/** An answer that is neither the thing nor "there is none". */
export function unexpected(who: Who, { status, headers }: Answer): GateError {
  const untrusted = { status, type: headers['content-type'] }
  if (status !== 200) return new GateError('unknown-upstream', `${who} answered ${status}`, { untrusted })
  return new GateError('unknown-upstream', `${who} answered 200 with something else than was asked for`, { untrusted })
}

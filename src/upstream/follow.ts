import { GateError } from '../domain/base/errors.ts'
import { isPermittedTransport } from '../protocol/simple/upstream-base.ts'
import type { Hop, UpstreamAgent } from './agent.ts'
import { type Answer, single } from './exchange.ts'
import { isConnectionFailure, stopOf, type Who } from './upstream-failure.ts'

const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const PASSING = new Set([502, 503, 504])

export interface Arrived {
  readonly answer: Answer
  /** where the answer came from in the end */
  readonly url: URL
}

/**
 * Sends and follows at most five redirects, by hand: only where `mayLead` says so, never from TLS to plain HTTP. Throws
 * unknown-upstream for any other redirect.
 */
export async function follow(agent: UpstreamAgent, hop: Hop, mayLead: (url: URL) => boolean): Promise<Arrived> {
  let { url } = hop
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const answer = await agent.send({ ...hop, url })
    if (!REDIRECTS.has(answer.status)) return { answer, url }
    discard(answer)
    url = nextStop(hop.who, single(hop.who, answer.headers, 'location'), url, mayLead)
  }
  throw new GateError('unknown-upstream', `${hop.who} redirected more than ${MOST_REDIRECTS} times`)
}

function nextStop(who: Who, location: string | undefined, from: URL, mayLead: (url: URL) => boolean): URL {
  const target = location === undefined ? null : URL.parse(location, from.href)
  if (target === null) throw new GateError('unknown-upstream', `${who} redirected to nowhere`)
  const untrusted = { to: target.origin } // its path and query may hold a signature
  if (target.username !== '' || target.password !== '' || (from.protocol === 'https:' && target.protocol !== 'https:'))
    throw new GateError('unknown-upstream', `${who} redirected to a URL that is not followed`, { untrusted })
  if (!mayLead(target) || !isPermittedTransport(target))
    throw new GateError('unknown-upstream', `${who} redirected to a place that is not configured for it`, {
      untrusted,
    })
  target.hash = ''
  return target
}

/** Lets a short body run out, so that its connection can be used again. */
export function discard(answer: Answer): void {
  let left = 64 * 1024
  answer.body.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) answer.body.destroy()
  })
}

/**
 * One more try, soon, after a failed connection or an answer that says it will pass. `signal` bounds both; a slow upstream
 * is not asked twice.
 */
export async function withOneRetry<Result extends { readonly answer: Answer }>(
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  try {
    const result = await attempt()
    if (!PASSING.has(result.answer.status)) return result
    discard(result.answer)
  } catch (error) {
    if (!isConnectionFailure(error)) throw error
  }
  // jitter, so that those who failed together do not come back together
  await new Promise(resolve => setTimeout(resolve, 50 + 200 * Math.random()))
  if (signal.aborted) throw stopOf(signal)
  return await attempt()
}

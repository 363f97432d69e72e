import { Webhook } from 'standardwebhooks'
import { type Millis, millis } from '../../domain/base/instant.ts'
import type { WebhookAnswer, WebhookCall, WebhookHeard, WebhookSender } from '../../ports/console/notices.ts'
import { createConnections, type DispatcherOptions } from '../dispatcher.ts'
import { type Answer, exchange } from '../exchange.ts'
import { UpstreamStop, upstreamFailure } from '../upstream-failure.ts'

const WHO = 'the receiver of a webhook'
/** of a whole attempt, connecting and the answer's body included */
const TIMEOUT = millis(10_000)
/** bytes of an answer, which says nothing but its status */
const MOST = 64 * 1024
/** bytes of its first line that somebody is shown */
const MOST_OF_LINE = 200
/** The whole attempt is bounded: a body may trickle until then. */
const ANY_RATE = { window: TIMEOUT, bytes: 0 }

interface Options extends Pick<DispatcherOptions, 'ca' | 'environment'> {
  readonly url: string
  /** `whsec_…`, those in force; empty: nothing is signed */
  readonly secrets: () => readonly string[]
  /** of this product, for the User-Agent */
  readonly version: string
  readonly timeout?: Millis
}

/**
 * POSTs to one URL by Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`), TLS verified, through a proxy where the
 * environment names one. Redirects are answers like any other that is no 2xx.
 */
export function createWebhookSender(options: Options): WebhookSender {
  const { secrets, version, timeout = TIMEOUT, ca, environment } = options
  const url = new URL(options.url)
  const connections = createConnections({ ca, environment, timeout }, { connections: 2, idle: timeout })

  async function attempt(
    call: WebhookCall,
    signal: AbortSignal,
    hear: (heard: WebhookHeard) => void,
  ): Promise<WebhookAnswer> {
    const headers = { ...headersOf(call, secrets()), 'user-agent': `portcullis/${version}` }
    hear({ kind: 'sent', headers })
    const answer = await exchange(await connections.open(), {
      who: WHO,
      method: 'POST',
      url,
      signal,
      timeout,
      rate: ANY_RATE,
      headers,
      body: call.body,
    })
    const { status } = answer
    await readSome(answer, line => hear({ kind: 'answered', status, line }))
    if (status >= 200 && status <= 299) return { kind: 'taken', status }
    if (status === 410) return { kind: 'gone', status }
    return { kind: 'failed', status, why: `it answered ${status}`, retryAfter: retryAfterOf(answer, call) }
  }

  return {
    async send(call, signal, hear = () => {}) {
      const budget = new AbortController()
      const end = (reason: UpstreamStop) => () => budget.abort(reason)
      const timer = setTimeout(end(new UpstreamStop('UPSTREAM_BUDGET', 'no whole answer in time')), timeout)
      const giveUp = end(new UpstreamStop('UPSTREAM_GIVEN_UP', 'the gate stops'))
      signal.addEventListener('abort', giveUp)
      if (signal.aborted) return { kind: 'failed', status: undefined, why: 'the gate stops', retryAfter: undefined }
      try {
        return await attempt(call, budget.signal, hear)
      } catch (error) {
        const why = upstreamFailure(WHO, error).detail
        return { kind: 'failed', status: undefined, why, retryAfter: undefined }
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      }
    },
    close: () => connections.close(),
  }
}

function headersOf({ id, at, contentType, body }: WebhookCall, secrets: readonly string[]): Record<string, string> {
  const signatures = secrets.map(secret => new Webhook(secret).sign(id, new Date(at), body))
  return {
    'content-type': contentType,
    accept: '*/*',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at / 1000)),
    ...(signatures.length === 0 ? {} : { 'webhook-signature': signatures.join(' ') }),
  }
}

/** To its end, so that an answer that broke off is none; of one that is too long, what there is room for. */
async function readSome({ body }: Answer, tell: (line: string) => void): Promise<void> {
  let size = 0
  let start = Buffer.alloc(0)
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (start.length < MOST_OF_LINE) start = Buffer.concat([start, chunk.subarray(0, MOST_OF_LINE - start.length)])
      if (size > MOST) break
    }
  } finally {
    tell(firstLineOf(start))
  }
}

function firstLineOf(start: Buffer): string {
  const [line = ''] = start
    .toString()
    .trimStart()
    .split(/[\r\n]/, 1)
  return line.trimEnd()
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterOf({ headers }: Answer, { at }: WebhookCall): Millis | undefined {
  const text = headers['retry-after']
  if (typeof text !== 'string') return undefined
  if (/^[0-9]{1,9}$/.test(text)) return millis(Number(text) * 1000)
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : millis(Math.max(0, date - at))
}

import { Webhook } from 'standardwebhooks'
import { type Millis, millis } from '../../domain/base/instant.ts'
import type { WebhookAnswer, WebhookCall, WebhookSender } from '../../ports/console/notices.ts'
import { createConnections, type DispatcherOptions } from '../dispatcher.ts'
import { type Answer, exchange } from '../exchange.ts'
import { UpstreamStop, upstreamFailure } from '../upstream-failure.ts'

const WHO = 'the receiver of a webhook'
/** of a whole attempt, connecting and the answer's body included */
const TIMEOUT = millis(10_000)
/** bytes of an answer, which says nothing but its status */
const MOST = 64 * 1024
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

  async function attempt(call: WebhookCall, signal: AbortSignal): Promise<WebhookAnswer> {
    const answer = await exchange(await connections.open(), {
      who: WHO,
      method: 'POST',
      url,
      signal,
      timeout,
      rate: ANY_RATE,
      headers: { ...headersOf(call, secrets()), 'user-agent': `portcullis/${version}` },
      body: call.body,
    })
    await readSome(answer)
    const { status } = answer
    if (status >= 200 && status <= 299) return { kind: 'taken', status }
    if (status === 410) return { kind: 'gone', status }
    return { kind: 'failed', status, why: `it answered ${status}`, retryAfter: retryAfterOf(answer, call) }
  }

  return {
    async send(call, signal) {
      const budget = new AbortController()
      const end = (reason: UpstreamStop) => () => budget.abort(reason)
      const timer = setTimeout(end(new UpstreamStop('UPSTREAM_BUDGET', 'no whole answer in time')), timeout)
      const giveUp = end(new UpstreamStop('UPSTREAM_GIVEN_UP', 'the gate stops'))
      signal.addEventListener('abort', giveUp)
      if (signal.aborted) return { kind: 'failed', status: undefined, why: 'the gate stops', retryAfter: undefined }
      try {
        return await attempt(call, budget.signal)
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
async function readSome({ body }: Answer): Promise<void> {
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST) break
  }
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterOf({ headers }: Answer, { at }: WebhookCall): Millis | undefined {
  const text = headers['retry-after']
  if (typeof text !== 'string') return undefined
  if (/^[0-9]{1,9}$/.test(text)) return millis(Number(text) * 1000)
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : millis(Math.max(0, date - at))
}

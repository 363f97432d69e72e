import type { Dispatcher } from 'undici'
import { GateError } from '../domain/base/errors.ts'
import type { Millis } from '../domain/base/instant.ts'
import { AnswerBody, type LeastRate } from './answer-body.ts'
import { noteDone } from './landing.ts'
import { stopOf, UpstreamStop, upstreamFailure, type Who } from './upstream-failure.ts'

export interface Answer {
  readonly status: number
  readonly headers: AnswerHeaders
  /** its owner reads it to the end or destroys it; errors are GateErrors */
  readonly body: AnswerBody
}

/** Header fields by lower-case name. A field that came more than once is a list, and {@link single} refuses it. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** The one value of a field; `undefined` when it is absent. A field that came more than once says nothing: unknown-upstream. */
export function single(who: Who, headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name]
  if (value === undefined || typeof value === 'string') return value
  throw new GateError('unknown-upstream', `${who} sent the header ${name} ${value.length} times`)
}

interface Options {
  readonly who: Who
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: URL
  readonly headers: Record<string, string>
  /** of a POST */
  readonly body?: string
  readonly signal: AbortSignal
  /** until the headers are here, connecting included */
  readonly timeout: Millis
  readonly rate: LeastRate
}

/** One request and the start of its answer, with a body that {@link AnswerBody} can hold to a size and a least rate. */
export function exchange(dispatcher: Dispatcher, options: Options): Promise<Answer> {
  const { who, method, url, headers, body: sent = null, signal, timeout, rate } = options
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const explain = (error: unknown) => upstreamFailure(who, error)
  let controller: Dispatcher.DispatchController | undefined
  let body: AnswerBody | undefined
  let stopped: Error | undefined

  const timer = setTimeout(() => stop(new UpstreamStop('UPSTREAM_BUDGET', 'no headers in time')), timeout)
  const giveUp = () => stop(stopOf(signal))
  signal.addEventListener('abort', giveUp)

  /** The request may still be waiting for a connection: then it is stopped as soon as it has one. */
  function stop(reason: Error): void {
    if (stopped !== undefined) return
    stopped = reason
    if (body !== undefined) body.destroy(explain(reason))
    else {
      controller?.abort(reason)
      settle()
      reject(explain(reason))
    }
  }

  function settle(): void {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  }

  function begin(status: number, answerHeaders: AnswerHeaders, current: Dispatcher.DispatchController): void {
    clearTimeout(timer)
    body = new AnswerBody({ controller: current, rate, explain })
    body.once('close', settle)
    resolve({ status, headers: answerHeaders, body })
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started
      if (stopped !== undefined) started.abort(stopped)
    },
    onResponseStart(current, status, answerHeaders) {
      // 1xx is no answer yet
      if (status >= 200 && stopped === undefined) begin(status, answerHeaders, current)
    },
    onResponseData(_current, chunk) {
      body?.receive(chunk)
      noteDone(chunk.length)
    },
    onResponseEnd() {
      body?.finish()
    },
    onResponseError(_current, error) {
      if (body !== undefined) return body.fail(error)
      settle()
      reject(explain(error))
    },
  }
  try {
    dispatcher.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method, headers, body: sent },
      handler,
    )
  } catch (error) {
    settle()
    reject(explain(error))
  }
  return promise
}

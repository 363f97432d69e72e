import { callbackify } from 'node:util'
import type { FastifyHttpProxyOptions } from '@fastify/http-proxy'
import { GateError } from '../domain/base/errors.ts'
import { parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import type { UpstreamAgent } from './agent.ts'
import { type Answer, single } from './exchange.ts'
import { unexpected } from './fetch-small.ts'
import { discard, follow } from './follow.ts'

const WHO = 'the index'
/** PEP 691's two forms and PEP 503's. */
const TYPES = ['application/vnd.pypi.simple.v1+json', 'application/vnd.pypi.simple.v1+html', 'text/html']

interface ProxyRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, unknown>>
}
interface ProxyAnswer {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Answer['body']
}

/**
 * What @fastify/http-proxy must be given for the root list. The plugin brings its own copy of the HTTP client, which
 * forwards client headers, repeats a 503 ten times and, left to its defaults, does not verify TLS; so it gets a client
 * of ours in its place, which knows one URL and takes from the request only whether it is HEAD, one of the three types
 * of the Simple API and gzip. Whatever is not a 200 of such a type arrives at the error handler as a GateError.
 *
 * `prefix` and `routes` are the caller's: the plugin must be mounted at the root list alone.
 */
export function rootListProxyOptions(options: {
  readonly agent: UpstreamAgent
  /** `upstream.index` */
  readonly index: string
}): FastifyHttpProxyOptions {
  const base = parseUpstreamBase(options.index, 'upstream.index')
  const url = new URL(`${base.href}/simple/`)

  async function fetchRootList({ method, headers }: ProxyRequest): Promise<ProxyAnswer> {
    const accept = TYPES.find(type => type === headers['accept']) ?? 'text/html'
    const coding = acceptsGzip(headers['accept-encoding']) ? 'gzip' : 'identity'
    const { answer } = await follow(
      options.agent,
      {
        who: WHO,
        what: 'root-list',
        method: method === 'HEAD' ? 'HEAD' : 'GET',
        url,
        headers: { accept, 'accept-encoding': coding },
        signal: new AbortController().signal,
      },
      new Set([base.origin]),
    )
    return { statusCode: 200, headers: checkedHeaders(answer, coding), body: answer.body }
  }

  return {
    upstream: base.origin,
    rewritePrefix: url.pathname,
    httpMethods: ['GET', 'HEAD'],
    proxyPayloads: false,
    disableRequestLogging: true,
    disableCache: true,
    // an empty list: with any method in it a 503 is asked for ten times, and 0 as `maxRetriesOn503` means ten
    retryMethods: [],
    undici: { request: callbackify(fetchRootList) } as unknown as NonNullable<FastifyHttpProxyOptions['undici']>,
    replyOptions: {
      retriesCount: 0,
      queryString: () => '',
      rewriteRequestHeaders: (_request, { accept, 'accept-encoding': coding }) => ({
        accept,
        'accept-encoding': coding,
      }),
      onError: (reply, { error }) => void reply.send(error.cause ?? error),
    },
  }
}

function acceptsGzip(value: unknown): boolean {
  return (
    typeof value === 'string' && value.split(',').some(part => /^\s*gzip\s*(?:;\s*q=(?:1|0\.\d*[1-9]).*)?$/i.test(part))
  )
}

/** The fields that go on to a client; nothing else of the upstream's answer does. */
function checkedHeaders(answer: Answer, asked: string): Record<string, string> {
  const type = single(WHO, answer.headers, 'content-type')
  const coding = single(WHO, answer.headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (answer.status === 404) {
    discard(answer)
    throw new GateError('not-found', `${WHO} serves no list of its projects`)
  }
  const bare = type?.split(';', 1)[0]?.trim().toLowerCase()
  if (
    answer.status !== 200 ||
    type === undefined ||
    bare === undefined ||
    !TYPES.includes(bare) ||
    ![asked, 'identity'].includes(coding)
  ) {
    discard(answer)
    throw unexpected(WHO, answer)
  }
  const fields = { 'content-type': type, 'content-encoding': coding === 'identity' ? undefined : coding }
  const passed = { ...fields, ...pick(answer, 'content-length'), ...pick(answer, 'x-pypi-last-serial') }
  return Object.fromEntries(Object.entries(passed).filter((field): field is [string, string] => field[1] !== undefined))
}

function pick(answer: Answer, name: string): Record<string, string | undefined> {
  return { [name]: single(WHO, answer.headers, name) }
}

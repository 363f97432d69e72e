import type { CustomFetch, CustomFetchOptions } from 'openid-client'
import type { RequestInit } from 'undici'
import { GateError } from '../../domain/base/errors.ts'
import { millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import { isPermittedTransport } from '../../protocol/simple/upstream-base.ts'
import { createConnections, type DispatcherOptions } from '../dispatcher.ts'
import { upstreamFailure } from '../upstream-failure.ts'

/** bytes of an answer; an issuer has a handful of keys, and says a few claims */
const MOST = 512 * 1024
const CONNECTIONS = 8
const IDLE = millis(5_000)

interface Options extends DispatcherOptions {
  /** the only places that are asked, as origins; more may be added */
  readonly origins: Set<string>
  readonly events: Events
}

export interface IssuerFetch {
  /** As `fetch`, to these places and no other, with TLS verified; redirects are answers. Throws `unknown-issuer`, and what its signal says. */
  readonly fetch: CustomFetch
  close(): Promise<void>
}

/** What is asked of an issuer for a library that speaks its protocol. */
export function createIssuerFetch({ origins, events, ...connecting }: Options): IssuerFetch {
  const connections = createConnections(connecting, { connections: CONNECTIONS, idle: IDLE })

  async function ask(url: URL, { method, headers, body, signal }: CustomFetchOptions): Promise<Response> {
    const { fetch } = await import('undici')
    const dispatcher = await connections.open()
    const asked: RequestInit = { method, headers, signal: signal ?? null, redirect: 'manual', dispatcher }
    const answer = await fetch(url, body == null ? asked : { ...asked, body: textOf(body) })
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of answer.body ?? []) {
      bytes += (piece as Uint8Array).byteLength
      if (bytes > MOST) throw new GateError('unknown-issuer', `${WHO} answered more than ${MOST} bytes`)
      pieces.push(piece as Uint8Array)
    }
    const { status } = answer
    const isEmpty = status === 204 || status === 304
    return new Response(isEmpty ? null : Buffer.concat(pieces), { status, headers: [...answer.headers] })
  }

  return {
    async fetch(text, init) {
      const url = new URL(text)
      if (!origins.has(url.origin) || !isPermittedTransport(url))
        throw new GateError('unknown-issuer', `${WHO} was to be asked where it is not`)
      const started = performance.now()
      const emit = (status: number | 'failed') =>
        events.emit({ type: 'upstream', what: 'sign-in', status, ms: performance.now() - started })
      try {
        const answer = await ask(url, init)
        emit(answer.status)
        return answer
      } catch (error) {
        emit('failed')
        throw failure(error)
      }
    },
    close: () => connections.close(),
  }
}

/** The library sends forms. */
function textOf(body: NonNullable<CustomFetchOptions['body']>): string {
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new TypeError('a body that is no form')
}

const WHO = 'the issuer of identities'

function failure(error: unknown): unknown {
  if (error instanceof GateError || error instanceof DOMException) return error
  // what went wrong with the connection is the cause of what the library says of it
  const cause = error instanceof TypeError && error.cause !== undefined ? error.cause : error
  const told = upstreamFailure(WHO, cause)
  return new GateError('unknown-issuer', told.detail, { cause: told.cause })
}

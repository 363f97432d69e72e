import { cut } from '../domain/base/cut.ts'
import { GateError } from '../domain/base/errors.ts'

/** How an upstream is called in front of people, who never see its URL. */
export type Who =
  | 'the index'
  | 'the Integrity API'
  | 'the file origin'
  | 'the issuer of identities'
  | 'the receiver of a webhook'

const TIMEOUTS = new Set([
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UPSTREAM_BUDGET',
  'UPSTREAM_TOO_SLOW',
])

/** The connection failed, nothing was refused on purpose: worth one more try. */
const CONNECTION = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_SOCKET',
])

/** OpenSSL's and Node's names for "this certificate proves nothing". */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|HOSTNAME_MISMATCH/

/** What ends an exchange from our own side. */
export class UpstreamStop extends Error {
  override readonly name = 'UpstreamStop'
  readonly code: 'UPSTREAM_BUDGET' | 'UPSTREAM_TOO_SLOW' | 'UPSTREAM_GIVEN_UP'

  constructor(code: UpstreamStop['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Why a signal of ours, or the caller's, ended it. */
export function stopOf(signal: AbortSignal): UpstreamStop {
  return signal.reason instanceof UpstreamStop
    ? signal.reason
    : new UpstreamStop('UPSTREAM_GIVEN_UP', 'nobody waits for it')
}

/** Any failure of an exchange as "cannot tell". What the library said goes to the logs, stripped of everything but code and text. */
export function upstreamFailure(who: Who, error: unknown): GateError {
  if (error instanceof GateError) return error
  const cause = asCause(error)
  if (TIMEOUTS.has(cause.code))
    return new GateError('unknown-upstream-timeout', `${who} did not answer in time`, { cause })
  if (cause.code === 'UPSTREAM_GIVEN_UP')
    return new GateError('unknown-upstream', `the request to ${who} was given up`, { cause })
  if (CERTIFICATE.test(cause.code))
    return new GateError(
      'unknown-upstream',
      `the TLS certificate of ${who} is not trusted (${cause.code}); a private CA belongs in ${who === 'the receiver of a webhook' ? 'its `ca`' : 'upstream.ca, or in `ca` of its source'}`,
      { cause },
    )
  return new GateError(
    'unknown-upstream',
    `the connection to ${who} failed${cause.code === '' ? '' : ` (${cause.code})`}`,
    { cause },
  )
}

export function isConnectionFailure(error: unknown): boolean {
  return error instanceof GateError && error.cause instanceof UpstreamCause && CONNECTION.has(error.cause.code)
}

/** The library's errors carry sockets, certificates and raw bytes; none of that belongs in a log. */
class UpstreamCause extends Error {
  override readonly name = 'UpstreamCause'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function asCause(error: unknown): UpstreamCause {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  const plainCode = typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : ''
  const text = typeof message === 'string' ? message : 'not an error'
  return new UpstreamCause(plainCode, cut(text.replace(/\/\/[^/@\s]*@/g, '//'), 300))
}

import type { Millis } from './instant.ts'
import type { LimitName } from './limits.ts'

interface ErrorEntry {
  readonly status: number
  readonly exit: 2 | 3 | 4 | 5
  readonly title: string
  readonly remedy: string
  /**
   * Seconds for Retry-After, on errors that may pass. Few for all of them: clients sleep so long, without a word, before
   * each of their tries (pip five times, poetry forty), at every status that they try again.
   */
  readonly retryAfter?: number
}

/**
 * Everything that is not a verdict. `unknown-…` means "cannot tell": a 5xx that nobody remembers. The reference's table is
 * generated from it.
 */
export const ERRORS = {
  'bad-request': { status: 400, exit: 2, title: 'bad request', remedy: 'The URL is outside the Simple API’s grammar.' },
  'not-found': { status: 404, exit: 2, title: 'not found', remedy: 'Nothing is served at this path.' },
  'no-project': { status: 404, exit: 2, title: 'no such project', remedy: 'The index does not know this project.' },
  'not-listed': {
    status: 404,
    exit: 2,
    title: 'not listed',
    remedy: 'The index does not list this file now; it may have been removed or quarantined.',
  },
  'listed-otherwise': {
    status: 404,
    exit: 2,
    title: 'listed under another spelling',
    remedy:
      'The index lists this file under a name that is spelled in another way, which the detail gives. Make the lock again with a current client.',
  },
  'not-in-mirror': {
    status: 404,
    exit: 2,
    title: 'not in this mirror',
    remedy:
      'This mirror has no network, and nobody has carried this in yet. The request was noted: whoever keeps the mirror collects such requests with portcullis mirror request.',
  },
  'no-provenance': {
    status: 404,
    exit: 2,
    title: 'no provenance',
    remedy: 'No provenance is available for this file.',
  },
  internal: {
    status: 404,
    exit: 2,
    title: 'internal name',
    remedy: 'The name matches index.internal and is never asked upstream; serve it from your own index.',
  },
  'method-not-allowed': { status: 405, exit: 2, title: 'method not allowed', remedy: 'Only GET and HEAD are served.' },
  'not-acceptable': {
    status: 406,
    exit: 2,
    title: 'not acceptable',
    remedy: 'Ask for application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html or text/html.',
  },
  'unknown-upstream': {
    status: 503,
    exit: 4,
    title: 'upstream could not answer',
    remedy: 'Try again; if it lasts, the platform team checks the upstream index.',
    retryAfter: 2,
  },
  'unknown-upstream-timeout': {
    status: 504,
    exit: 4,
    title: 'upstream did not answer in time',
    remedy: 'Try again; if it lasts, the platform team checks the upstream index.',
    retryAfter: 2,
  },
  'unknown-index-changed': {
    status: 503,
    exit: 4,
    title: 'the index contradicts what it said before',
    remedy:
      'A file came back with another sha256, the METADATA of one is said to be another file, or a serial went backwards. The platform team must look into the upstream; what was one odd answer of it, portcullis history forget lets go of.',
    retryAfter: 2,
  },
  'integrity-mismatch': {
    status: 502,
    exit: 4,
    title: 'upstream sent other bytes',
    remedy: 'The bytes do not match the index. Try again in ten minutes; if it lasts, report it to the upstream index.',
    retryAfter: 2,
  },
  'unknown-archive': {
    status: 503,
    exit: 4,
    title: 'the wheel cannot be looked into',
    remedy: 'The wheel is kept in a way that the gate does not read; from now on it is refused as metadata-unreadable.',
    retryAfter: 2,
  },
  'unknown-trust': {
    status: 503,
    exit: 5,
    title: 'trust root unusable',
    remedy:
      'The Sigstore trust root is missing or too old. Allow the gate to reach the TUF repository (trust.tuf_url), or pin a trusted_root.json with trust.root.',
    retryAfter: 2,
  },
  'unknown-verifier': {
    status: 503,
    exit: 3,
    title: 'verifier could not finish',
    remedy: 'A verification worker crashed or hung; try again.',
    retryAfter: 2,
  },
  'unknown-store': {
    status: 503,
    exit: 3,
    title: 'storage could not answer',
    remedy: 'The platform team checks the disk and the database of the gate.',
    retryAfter: 2,
  },
  'unknown-clock': {
    status: 503,
    exit: 3,
    title: 'clock runs behind',
    remedy:
      'The clock of the gate is behind times it already recorded; set it right. Where it ran ahead before, portcullis history forget --what clock lets go of that.',
    retryAfter: 2,
  },
  'unknown-overloaded': {
    status: 503,
    exit: 3,
    title: 'overloaded',
    remedy: 'Too much is under way; try again.',
    retryAfter: 2,
  },
  'config-invalid': { status: 500, exit: 2, title: 'configuration is wrong', remedy: 'Fix what the diagnostics name.' },
  'policy-invalid': { status: 500, exit: 2, title: 'policy is wrong', remedy: 'Fix what the diagnostics name.' },
  usage: { status: 400, exit: 2, title: 'usage', remedy: 'See --help.' },
  'unknown-bug': {
    status: 500,
    exit: 3,
    title: 'internal error',
    remedy: 'This is a defect of the gate; report it with the id in the log.',
    retryAfter: 2,
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

export function errorEntry(code: ErrorCode): ErrorEntry {
  return ERRORS[code]
}

/** "I can't tell", or a request that makes no sense. Never a verdict, never a yes. */
export class GateError extends Error {
  override readonly name = 'GateError'
  readonly code: ErrorCode
  /** For people: what was expected and what was found. Never holds a secret or an upstream URL. */
  readonly detail: string
  /** For logs: untrusted text goes here, under one key. */
  readonly untrusted: unknown
  readonly retryAfterMs: Millis | undefined
  /** which limit it is that was reached */
  readonly limit: LimitName | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    options: {
      readonly cause?: unknown
      readonly untrusted?: unknown
      readonly retryAfterMs?: Millis
      readonly limit?: LimitName | undefined
    } = {},
  ) {
    super(`${code}: ${detail}`, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.detail = detail
    this.untrusted = options.untrusted
    this.retryAfterMs = options.retryAfterMs
    this.limit = options.limit ?? (code === 'unknown-overloaded' ? 'overloaded' : undefined)
  }
}

/** "Cannot tell" and "is not there" as values, so that what else is asked for goes on. */
export async function orGateError<Result>(asking: Promise<Result>): Promise<Result | GateError> {
  try {
    return await asking
  } catch (error) {
    if (error instanceof GateError) return error
    throw error
  }
}

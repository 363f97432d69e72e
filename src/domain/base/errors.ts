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
  unauthenticated: {
    status: 401,
    exit: 2,
    title: 'credentials wanted',
    remedy:
      'Send a token of this gate as the password, with any user name: in the URL of the index, in a netrc or in a keyring. Whoever runs the gate gives tokens out (portcullis token create).',
  },
  'not-allowed-here': {
    status: 403,
    exit: 2,
    title: 'not for this subject',
    remedy:
      'This is no refusal of a package. Ask whoever runs the gate for a token that may do this, or use the index that yours is for.',
  },
  'too-many-attempts': {
    status: 429,
    exit: 2,
    title: 'wrong credentials too often',
    remedy: 'Wait a minute and send other credentials; those that are right are answered all the while.',
    retryAfter: 5,
  },
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
  'no-summary': {
    status: 404,
    exit: 2,
    title: 'no verification summary',
    remedy:
      'There is one for each file that is admitted now. The gate finds a file by its sha256 once it has read the page of its project; ?filename= finds it before. Why a file is refused, its own path says.',
  },
  internal: {
    status: 404,
    exit: 2,
    title: 'internal name',
    remedy:
      'The name is never asked upstream here: index.internal matches it, or a source owns it that this index does not have. Ask for it at an index with that source, or serve it from your own.',
  },
  'method-not-allowed': { status: 405, exit: 2, title: 'method not allowed', remedy: 'Only GET and HEAD are served.' },
  'wrong-method': {
    status: 405,
    exit: 2,
    title: 'method not allowed',
    remedy: 'The field Allow names what this path takes.',
  },
  'not-signed-in': {
    status: 401,
    exit: 2,
    title: 'not signed in',
    remedy: 'Sign in to the console, or send a token that is for its API.',
  },
  'sign-in-refused': {
    status: 403,
    exit: 2,
    title: 'not let in',
    remedy:
      'Sign in again; if it lasts, whoever runs the console looks at console.oidc, or prints a link (portcullis console login).',
  },
  'not-your-role': {
    status: 403,
    exit: 2,
    title: 'not for this role',
    remedy:
      'Roles come from groups of the issuer: ask whoever looks after console.oidc.roles, and sign in again afterwards.',
  },
  'foreign-origin': {
    status: 403,
    exit: 2,
    title: 'asked by another site',
    remedy: 'Open the console itself, and try there.',
  },
  'stale-form': {
    status: 403,
    exit: 2,
    title: 'form of another session',
    remedy: 'Go back, load the page again, and send it again.',
  },
  'bad-form': {
    status: 400,
    exit: 2,
    title: 'form makes no sense',
    remedy: 'Go back, and mend what the detail names.',
  },
  'bad-call': {
    status: 400,
    exit: 2,
    title: 'call makes no sense',
    remedy: 'Mend what the detail names; /api/v1/openapi.json of the console says what each call takes.',
  },
  'name-in-use': {
    status: 409,
    exit: 2,
    title: 'name in use',
    remedy: 'Choose another name, or revoke the token that has it.',
  },
  'invalid-body': {
    status: 422,
    exit: 2,
    title: 'body says what cannot be done',
    remedy: 'Mend what the detail names; /api/v1/openapi.json of the console says what each call takes.',
  },
  'body-too-large': { status: 413, exit: 2, title: 'body too large', remedy: 'Send less.' },
  'unsupported-type': {
    status: 415,
    exit: 2,
    title: 'media type not taken',
    remedy: 'Send a media type that the detail names.',
  },
  'wrong-host': {
    status: 421,
    exit: 2,
    title: 'not this host',
    remedy: 'Open the console by the name in console.public_url, or by the address in console.listen.',
  },
  'not-acceptable': {
    status: 406,
    exit: 2,
    title: 'not acceptable',
    remedy: 'Ask for application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html or text/html.',
  },
  'own-request': {
    status: 403,
    exit: 2,
    title: 'one’s own request',
    remedy:
      'Nobody decides about what he asked for himself, also with a token that he gave out: somebody else who may approve has to.',
  },
  'request-pointless': {
    status: 409,
    exit: 2,
    title: 'nothing to approve',
    remedy: 'The detail says why no approval would let the file through, or why none is needed.',
  },
  'request-decided': {
    status: 409,
    exit: 2,
    title: 'decided already',
    remedy: 'It is decided already, and nothing was changed; its page says what was decided, by whom and when.',
  },
  'request-invalid': {
    status: 422,
    exit: 2,
    title: 'something is missing',
    remedy: 'Say why the file is needed, and an address where the gate does not know who asks.',
  },
  'decision-invalid': {
    status: 422,
    exit: 2,
    title: 'this cannot be decided so',
    remedy:
      'The detail says what is missing or too much: an end in the future that the policy allows, or words for whoever asked.',
  },
  'too-many-requests': {
    status: 429,
    exit: 2,
    title: 'too many open requests',
    remedy: 'Wait until somebody has decided about those that are open.',
    retryAfter: 60,
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
    remedy:
      'The platform team checks what the gate stores with: its disk, and the database and the bucket where it has them.',
    retryAfter: 2,
  },
  'unknown-issuer': {
    status: 503,
    exit: 4,
    title: 'issuer of identities could not answer',
    remedy: 'Try again; if it lasts, the platform team checks the issuer that access.workloads or console.oidc names.',
    retryAfter: 2,
  },
  'unknown-gate': {
    status: 503,
    exit: 4,
    title: 'the gate could not answer',
    remedy: 'Try again; if it lasts, whoever runs the gate looks at its console.',
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

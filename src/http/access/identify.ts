import { TOKEN_PREFIX, type TokenRecord, tokenHash, tokenState } from '../../domain/access/token.ts'
import { type WorkloadClaims, type WorkloadRule, workloadSubject } from '../../domain/access/workload.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { Identified, Identities } from '../../ports/identities.ts'
import type { Tokens } from '../../ports/tokens.ts'
import type { Trusted } from '../door/address.ts'
import type { Knock } from '../exchange/guard.ts'
import { type Credentials, looksLikeJwt } from './credentials.ts'

/** Who may use one index. */
export interface IndexAccess {
  readonly anonymous: boolean
  readonly tokens: boolean
  readonly workloads: readonly WorkloadRule[]
  readonly front: {
    /** lower case */
    readonly header: string
    /** of the connection's own address */
    readonly trusted: Trusted
  }
}

/** Somebody, as far as credentials say, whatever he may use. */
export type Bearer =
  | { readonly kind: 'token'; readonly token: TokenRecord }
  | { readonly kind: 'workload'; readonly claims: WorkloadClaims }
  /** they are ours, and worth nothing: the detail is for people */
  | { readonly kind: 'wrong'; readonly detail: string }
  /** they are none of ours; the detail says more, where there is more to say */
  | { readonly kind: 'foreign'; readonly detail?: string }

interface Parts {
  readonly tokens: Tokens
  readonly identities: Identities
  readonly clock: Clock
  /** whether any index knows workloads */
  readonly knowsWorkloads: boolean
}

/** Whose credentials these are. A token is looked up by its hash: no comparison takes longer the more of it is right. */
export function bearerOf(
  credentials: Exclude<Credentials, { kind: 'none' }>,
  { tokens, identities, clock, knowsWorkloads }: Parts,
): Bearer | Promise<Bearer> {
  if (credentials.kind === 'unreadable') return { kind: 'foreign' }
  const { secret } = credentials
  if (isToken(credentials)) return bearerOfToken(secret, tokens, clock)
  if (!knowsWorkloads || !looksLikeJwt(secret)) return { kind: 'foreign' }
  const found = identities.verify(secret)
  return found instanceof Promise ? found.then(bearerOfIdentity) : bearerOfIdentity(found)
}

/** Whether these are a token of this gate, in force or not: nobody else gives out what begins so. */
export function isToken(credentials: Credentials): boolean {
  return credentials.kind === 'secret' && credentials.secret.startsWith(TOKEN_PREFIX)
}

function bearerOfToken(secret: string, tokens: Tokens, clock: Clock): Bearer | Promise<Bearer> {
  const hash = tokenHash(secret)
  if (hash === undefined) return { kind: 'wrong', detail: 'the token is mistyped or cut' }
  const token = tokens.find(hash)
  return token instanceof Promise ? token.then(found => bearerOfRecord(found, clock)) : bearerOfRecord(token, clock)
}

function bearerOfRecord(token: TokenRecord | undefined, clock: Clock): Bearer {
  if (token === undefined) return { kind: 'wrong', detail: 'the token is unknown' }
  const state = tokenState(token, clock())
  return state === 'in force'
    ? { kind: 'token', token }
    : { kind: 'wrong', detail: `the token ${token.name} is ${state}` }
}

function bearerOfIdentity({ claims, wrong, ...rest }: Identified): Bearer {
  if (claims !== undefined) return { kind: 'workload', claims }
  return { kind: 'isForeign' in rest ? 'foreign' : 'wrong', detail: wrong }
}

/** What an index calls a bearer whom it lets in by name; `undefined` where it does not. */
export function subjectAt(bearer: Bearer, index: string, access: IndexAccess): string | undefined {
  if (bearer.kind === 'workload')
    for (const rule of access.workloads) {
      const subject = workloadSubject(rule, bearer.claims)
      if (subject !== undefined) return subject
    }
  if (bearer.kind !== 'token' || !access.tokens) return undefined
  const { name, indexes } = bearer.token
  return indexes === undefined || indexes.includes(index) ? `token:${name}` : undefined
}

/** Whom a front names that is believed: one header with something printable. Its word goes by the connection's own address. */
export function namedByFront(
  { request, peer }: Knock,
  { front: { header, trusted } }: IndexAccess,
): string | undefined {
  const name = request.headers[header]
  if (typeof name !== 'string' || !PRINTABLE.test(name) || !trusted(peer)) return undefined
  return countOf(request.rawHeaders, header) === 1 ? `user:${name}` : undefined
}

const PRINTABLE = /^[\x21-\x7e]{1,256}$/

function countOf(rawHeaders: readonly string[], header: string): number {
  return rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === header).length
}

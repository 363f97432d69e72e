import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { WorkloadClaims } from '../../domain/access/workload.ts'
import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import type { Clock } from '../../domain/base/instant.ts'
import type { Identified, Identities } from '../../ports/identities.ts'
import type { UpstreamAgent } from '../agent.ts'
import { createIssuerKeys, type IssuerKeys, type KeySet } from './issuer-keys.ts'

/** With a key pair alone: `none`, and a public key taken for a shared secret, are no algorithms here (RFC 8725, 3.1). */
const ALGORITHMS = ['RS256', 'ES256']
/** seconds that clocks may differ */
const LEEWAY = 60
/** bytes of what is known of tokens that were looked at, until they end or the keys do; at most so many tokens */
const AT_HAND_BYTES = 4 * 1024 * 1024
const AT_HAND = 10_000
/** bytes that one takes beside its claims */
const EACH = 512
/** characters; those of CI have some two thousand */
const LONGEST = 12_000

/** Whose tokens are taken. */
export interface IdentityIssuer {
  /** as it stands in tokens */
  readonly issuer: string
  /** whom its tokens may be for; a token that is for none of them is nobody's, however well it is signed (RFC 8725, 3.9). Never empty */
  readonly audiences: readonly string[]
  /** an agent for this origin and no other, of its own; it is closed here */
  readonly agentFor: (origin: string) => UpstreamAgent
}

interface Options {
  readonly issuers: readonly IdentityIssuer[]
  /** Whether anybody is meant by these claims: what is nobody's is not kept at hand. */
  readonly isSomebody: (claims: WorkloadClaims) => boolean
  readonly clock: Clock
  /** ms, of a clock that nobody sets */
  readonly now?: () => number
}

interface Known {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly keys: IssuerKeys
}

interface Seen {
  readonly found: Identified
  readonly until: number
  readonly keys: IssuerKeys
  /** by which it was checked */
  readonly set: KeySet
}

/** OIDC tokens by RFC 7519 and 8725. An issuer that is away keeps the tokens of no other back. */
export function createIdentities(options: Options): Identities & { close(): Promise<void> } {
  const { isSomebody, clock, now = () => performance.now() } = options
  const issuers = new Map<string, Known>(
    options.issuers.map(({ issuer, audiences, agentFor }) => [
      issuer,
      { issuer, audiences, keys: createIssuerKeys({ issuer, agentFor, now }) },
    ]),
  )
  const atHand = new LRUCache<Sha256, Seen>({ max: AT_HAND, maxSize: AT_HAND_BYTES })

  async function look(token: string, hash: Sha256, { issuer, audiences, keys }: Known): Promise<Identified> {
    const kid = kidOf(token)
    const set = await keys.for(kid)
    try {
      const { payload } = await jwtVerify(token, set, {
        issuer,
        audience: [...audiences],
        algorithms: ALGORITHMS,
        clockTolerance: LEEWAY,
        requiredClaims: ['exp'],
        currentDate: new Date(clock()),
      })
      const found = { claims: payload }
      const until = ((payload.exp ?? 0) + LEEWAY) * 1_000
      // a JWT is text: its claims take about as many bytes as it has characters
      if (isSomebody(payload)) atHand.set(hash, { found, until, keys, set }, { size: EACH + token.length })
      return found
    } catch (error) {
      const wrong = whyNot(error)
      if (wrong === undefined) throw error
      return { wrong }
    }
  }

  return {
    verify(token) {
      const hash = sha256Of(token)
      const seen = atHand.get(hash)
      if (seen !== undefined && clock() < seen.until && seen.keys.isCurrent(seen.set)) return seen.found
      const known = issuers.get(issuerOf(token) ?? '')
      if (known === undefined) return NOBODYS
      const wrong = outOfTheQuestion(token)
      return wrong === undefined ? look(token, hash, known) : { wrong }
    },
    async close() {
      await Promise.all(Array.from(issuers.values(), ({ keys }) => keys.close()))
    },
  }
}

/** Why a token is nobody's, for whoever sent it; what the signature does not vouch for is not told apart. `undefined`: it cannot be told. */
function whyNot(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'the identity token is expired: take a new one from its issuer'
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'aud'
      ? 'the identity token is for another audience than this gate'
      : 'the identity token is not in its time, or lacks what one has'
  return error instanceof errors.JOSEError || error instanceof TypeError
    ? 'the identity token does not hold: it is not signed by a key of its issuer'
    : undefined
}

const NOBODYS = { wrong: 'the identity token is of an issuer that nobody configured', isForeign: true } as const

/** Whose it says to be; `undefined`: nobody's, or it cannot be read. */
export function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** Why nobody is asked about it: what cannot hold, whoever signed it. */
function outOfTheQuestion(token: string): string | undefined {
  if (token.length > LONGEST) return `the identity token is longer than ${LONGEST} characters`
  try {
    const { alg, crit } = decodeProtectedHeader(token)
    // `jwk`, `jku` and `x5u` are the word of whoever wrote the token: no key is ever taken from them
    if (typeof alg !== 'string' || !ALGORITHMS.includes(alg))
      return `the identity token is not signed with ${ALGORITHMS.join(' or ')}`
    if (crit !== undefined) return 'the identity token demands what the gate does not know (crit)'
    return typeof decodeJwt(token).exp === 'number' ? undefined : 'the identity token has no end (exp)'
  } catch {
    return 'the identity token cannot be read'
  }
}

function kidOf(token: string): string | undefined {
  const { kid } = decodeProtectedHeader(token)
  return typeof kid === 'string' ? kid : undefined
}

import { createHash, timingSafeEqual } from 'node:crypto'
import * as openid from 'openid-client'
import { GateError } from '../../domain/base/errors.ts'
import { millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { SignedIn, SignInIssuer, SignInProof } from '../../ports/console/issuer.ts'
import { isPermittedTransport } from '../../protocol/simple/upstream-base.ts'
import type { DispatcherOptions } from '../dispatcher.ts'
import { createIssuerFetch } from './issuer-fetch.ts'

/** seconds of one question */
const PATIENCE = 5
/** ms; what the issuer says of itself is asked again so often, and after it could not be asked no sooner */
const LASTS = 60 * 60_000
const AGAIN = 5_000

export interface SignInIssuerOptions extends Omit<DispatcherOptions, 'timeout'> {
  /** as it stands in tokens */
  readonly issuer: string
  readonly clientId: string
  /** `undefined`: a public client */
  readonly clientSecret: string | undefined
  /** an address is somebody's, too, where the issuer says nothing of whether it verified it */
  readonly unverifiedEmail: boolean
  readonly events: Events
}

/** What the issuer says of itself, and how we prove ourselves to it. */
interface Known {
  readonly at: number
  readonly scope: string
  /** The first is what it says it takes; another is tried where it takes that from others than us. */
  readonly ways: openid.Configuration[]
}

/** OpenID Connect Core 1.0, 3.1, with PKCE (RFC 7636); every ID token is held against the issuer's keys. Nothing is asked before somebody signs in. */
export function createSignInIssuer(options: SignInIssuerOptions): SignInIssuer {
  const { issuer, clientId, clientSecret, unverifiedEmail, events, ca, environment } = options
  const own = new URL(issuer)
  const origins = new Set([own.origin])
  const connection = createIssuerFetch({ origins, events, ca, environment, timeout: millis(PATIENCE * 1_000) })
  const isPlain = own.protocol === 'http:' // a loopback address: the configuration takes no other
  let known: Known | undefined
  let failed: { readonly error: GateError; readonly at: number } | undefined
  let asking: Promise<Known> | undefined

  async function discover(): Promise<Known> {
    const said = await openid.discovery(own, clientId, undefined, openid.None(), {
      [openid.customFetch]: connection.fetch,
      timeout: PATIENCE,
      execute: isPlain ? [openid.allowInsecureRequests] : [],
    })
    const server = JSON.parse(JSON.stringify(said.serverMetadata())) as openid.ServerMetadata
    // by the letter: what is made of a template would be whoever somebody says he is
    if (server.issuer !== issuer) throw unusable('what it says of itself is of another issuer')
    for (const place of [server.authorization_endpoint, server.token_endpoint, server.jwks_uri])
      origins.add(placeOf(place).origin)
    if (server.userinfo_endpoint !== undefined) origins.add(placeOf(server.userinfo_endpoint).origin)
    const scopes = new Set(server.scopes_supported ?? ['email', 'profile'])
    return {
      at: performance.now(),
      // an issuer may refuse what it does not know
      scope: ['openid', ...['email', 'profile', 'groups'].filter(name => scopes.has(name))].join(' '),
      ways: waysOf(server).map(way => configured(server, way)),
    }
  }

  function configured(server: openid.ServerMetadata, way: openid.ClientAuth): openid.Configuration {
    const made = new openid.Configuration(server, clientId, undefined, way)
    made[openid.customFetch] = connection.fetch
    made.timeout = PATIENCE
    if (isPlain) openid.allowInsecureRequests(made)
    openid.enableNonRepudiationChecks(made)
    return made
  }

  function waysOf({ token_endpoint_auth_methods_supported: methods }: openid.ServerMetadata): openid.ClientAuth[] {
    if (clientSecret === undefined) return [openid.None()]
    const ways = [openid.ClientSecretBasic(clientSecret), openid.ClientSecretPost(clientSecret)]
    const takesBasic = methods === undefined || methods.includes('client_secret_basic')
    return takesBasic ? ways : ways.reverse()
  }

  async function refresh(): Promise<Known> {
    try {
      known = await discover()
      failed = undefined
      return known
    } catch (error) {
      failed = { error: asUnknown(error), at: performance.now() }
      throw failed.error
    } finally {
      asking = undefined
    }
  }

  async function current(): Promise<Known> {
    if (known !== undefined && performance.now() - known.at < LASTS) return known
    if (asking === undefined && failed !== undefined && performance.now() - failed.at < AGAIN) throw failed.error
    asking ??= refresh()
    return await asking
  }

  /** With each way to prove ourselves, until one is taken. */
  async function exchange(came: URL, proof: SignInProof): Promise<SignedIn> {
    const { ways } = await current()
    for (const [at, way] of ways.entries()) {
      try {
        const signedIn = readClaims(await claimsOf(way, came, proof), { unverifiedEmail })
        if (at > 0) ways.unshift(...ways.splice(at, 1))
        return signedIn
      } catch (error) {
        const isOurs = error instanceof openid.ResponseBodyError && error.error === 'invalid_client'
        if (!isOurs || at === ways.length - 1) throw error
      }
    }
    throw unusable('there is no way to prove ourselves to it')
  }

  return {
    async begin(callback) {
      const { ways, scope } = await current()
      const proof = {
        state: openid.randomState(),
        nonce: openid.randomNonce(),
        verifier: openid.randomPKCECodeVerifier(),
      }
      const [way] = ways
      if (way === undefined) throw unusable('there is no way to prove ourselves to it')
      const url = openid.buildAuthorizationUrl(way, {
        redirect_uri: callback,
        scope,
        state: proof.state,
        nonce: proof.nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(proof.verifier),
        code_challenge_method: 'S256',
      })
      return { url: url.href, proof }
    },
    async finish(came, proof) {
      const [state, ...others] = came.searchParams.getAll('state')
      if (state === undefined || others.length > 0 || !isSame(state, proof.state))
        return { wrong: 'what came back belongs to another sign-in than the one that this browser began' }
      try {
        return await exchange(came, proof)
      } catch (error) {
        const wrong = whyNot(error)
        if (wrong !== undefined) return { wrong }
        throw asUnknown(error)
      }
    },
    close: () => connection.close(),
  }
}

/** Claims of the ID token, and of the UserInfo where that lacks them. */
async function claimsOf(way: openid.Configuration, came: URL, proof: SignInProof): Promise<Claims> {
  const tokens = await openid.authorizationCodeGrant(way, came, {
    expectedState: proof.state,
    expectedNonce: proof.nonce,
    pkceCodeVerifier: proof.verifier,
    idTokenExpected: true,
  })
  const claims: Claims | undefined = tokens.claims()
  if (claims === undefined) throw unusable('it gave no ID token')
  const lacks = claims['groups'] === undefined || claims['email'] === undefined
  const asksMore = lacks && way.serverMetadata().userinfo_endpoint !== undefined
  const more: Claims = asksMore ? await openid.fetchUserInfo(way, tokens.access_token, claims.sub) : claims
  // what the ID token says goes before what is told beside it
  return { ...more, ...claims, ...addressIn(claims, more) }
}

/**
 * An address, and whether it was verified: of one document. What one says of an address that it does not name makes none of the other
 * verified; that it is not verified is believed wherever it stands.
 */
function addressIn(claims: Claims, more: Claims): Pick<Claims, 'email' | 'email_verified'> {
  const { email = more['email'], email_verified: said } = claims
  const saysNo = said !== undefined && !isYes(said)
  if (saysNo || claims['email'] === more['email']) return { email, email_verified: said ?? more['email_verified'] }
  if (claims['email'] === undefined) return { email, email_verified: more['email_verified'] }
  return { email, email_verified: said ?? false }
}

interface Claims {
  readonly sub: string
  readonly [claim: string]: unknown
}

function readClaims(claims: Claims, { unverifiedEmail }: Pick<SignInIssuerOptions, 'unverifiedEmail'>): SignedIn {
  const { sub, email, email_verified: verified, name, groups } = claims
  const address = isText(email) ? email : undefined
  const isVerified = isYes(verified) || (unverifiedEmail && verified === undefined)
  return {
    subject: sub,
    email: isVerified ? address : undefined,
    claimed: isVerified ? undefined : address,
    name: isText(name) ? name : undefined,
    // a text in place of a list is one group for some issuers; no part of a text is ever a group
    groups: Array.isArray(groups) ? groups.filter(isText) : isText(groups) ? [groups] : [],
  }
}

/** Some issuers write it as a text. */
function isYes(verified: unknown): boolean {
  return verified === true || verified === 'true'
}

/** Visible, on one line, and of a length that somebody reads. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 256 && !/\p{Cc}/u.test(value)
}

const WHO = 'the issuer of identities'

function unusable(why: string): GateError {
  return new GateError('unknown-issuer', `${WHO} cannot be used: ${why}`)
}

function placeOf(text: string | undefined): URL {
  const url = URL.parse(text ?? '')
  if (url === null || !isPermittedTransport(url) || url.username !== '' || url.password !== '')
    throw unusable('what it says of itself names places that are not asked')
  return url
}

/** What the library calls an answer that was looked at and does not hold, rather than one that was not had. */
const DOES_NOT_HOLD = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
])

/** Why nobody is signed in by it; `undefined`: it cannot be told. */
function whyNot(error: unknown): string | undefined {
  if (error instanceof openid.AuthorizationResponseError) return `the issuer did not let you in${worded(error.error)}`
  if (error instanceof openid.ResponseBodyError)
    return error.error === 'invalid_grant' ? 'the issuer does not take the code: it was used, or is too old' : undefined
  if (error instanceof openid.ClientError && DOES_NOT_HOLD.has(error.code ?? ''))
    return 'what the issuer answered is not signed by it, or is for somebody else or another time'
  return undefined
}

function worded(code: string): string {
  return /^[a-z_]{1,40}$/.test(code) ? ` (${code})` : ''
}

function asUnknown(error: unknown): GateError {
  for (let at = error; at instanceof Error; at = at.cause)
    if (at instanceof GateError && at.code === 'unknown-issuer') return at
  const { code } = (error ?? {}) as { readonly code?: unknown }
  const why = code === 'OAUTH_TIMEOUT' ? 'did not answer in time' : 'answered what makes no sense'
  return new GateError('unknown-issuer', `${WHO} ${why}`, { cause: error })
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map(text => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

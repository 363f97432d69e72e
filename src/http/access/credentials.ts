import { TOKEN_PREFIX } from '../../domain/access/token.ts'

/** What a request brings to name itself with. */
export type Credentials =
  | { readonly kind: 'none' }
  /** of no scheme that is known, or not as its scheme has it */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'secret'; readonly secret: string }

const NONE: Credentials = { kind: 'none' }
const UNREADABLE: Credentials = { kind: 'unreadable' }
const SCHEME = /^(basic|bearer) +([^\s]+) *$/i
/** RFC 4648, 4: with its padding or without */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Reads an Authorization field. Basic (RFC 7617): the password, whatever the user name, or the user name where the password is empty,
 * as clients have it of a URL with one name alone, and where it is the user name that begins as a token of a gate does. Bearer (RFC 6750):
 * the token.
 */
export function readCredentials(authorization: string | undefined): Credentials {
  if (authorization === undefined) return NONE
  const [, scheme = '', text = ''] = SCHEME.exec(authorization) ?? []
  if (scheme.toLowerCase() === 'bearer') return { kind: 'secret', secret: text }
  if (scheme === '' || !BASE64.test(text)) return UNREADABLE
  const pair = Buffer.from(text, 'base64').toString()
  const colon = pair.indexOf(':')
  if (colon < 0) return UNREADABLE
  const [user, password] = [pair.slice(0, colon), pair.slice(colon + 1)]
  const isUser = password === '' || (user.startsWith(TOKEN_PREFIX) && !password.startsWith(TOKEN_PREFIX))
  const secret = isUser ? user : password
  return secret === '' ? UNREADABLE : { kind: 'secret', secret }
}

/** Three parts in base64url, the first of them an object (RFC 7515, 7.1). */
export function looksLikeJwt(secret: string): boolean {
  return /^eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(secret)
}

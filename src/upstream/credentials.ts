import { GateError } from '../domain/base/errors.ts'
import { parseUpstreamBase } from '../protocol/simple/upstream-base.ts'

export type UpstreamCredentials = { readonly username: string; readonly password: string } | { readonly token: string }

/** The Authorization header (RFC 7617, RFC 6750) for each origin, by URL; `setting` is what the configuration calls them. Throws `config-invalid`. */
export function readCredentials(
  auth: Readonly<Record<string, UpstreamCredentials>>,
  setting = 'upstream.auth',
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(auth).map(([key, given]) => {
      const value =
        'token' in given
          ? `Bearer ${given.token}`
          : `Basic ${Buffer.from(`${given.username}:${given.password}`).toString('base64')}`
      // the library would name the header, not the value; still nothing that is no header value gets that far
      if (!/^[\x21-\x7e][\x20-\x7e]*$/.test(value))
        throw new GateError('config-invalid', `a token in ${setting} is not printable ASCII`)
      return [parseUpstreamBase(key, `a key of ${setting}`).origin, value]
    }),
  )
}

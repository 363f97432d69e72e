import type { IncomingMessage } from 'node:http'

/** Cookies of the console: `session`, and `sign-in` for the way to the issuer and back. */
export type CookieName = 'session' | 'sign-in'

/** Over HTTPS no other name of the domain, and nobody on the way, can set it (RFC 6265bis, 4.1.3.2). */
function fullName(name: CookieName, origin: string): string {
  return origin.startsWith('https:') ? `__Host-portcullis-${name}` : `portcullis-${name}`
}

/** The first of this name, which is the one that was set for the longest path; `undefined`: there is none, or it is no value of ours. */
export function readCookie(
  { headers }: Pick<IncomingMessage, 'headers'>,
  name: CookieName,
  origin: string,
): string | undefined {
  const wanted = `${fullName(name, origin)}=`
  const found = (headers.cookie ?? '').split(';').map(pair => pair.trim())
  const values = found.filter(pair => pair.startsWith(wanted)).map(pair => pair.slice(wanted.length))
  const [value, ...others] = values
  // of two that differ, one is somebody else's
  if (value === undefined || others.some(other => other !== value)) return undefined
  return /^[A-Za-z0-9_-]{1,2048}$/.test(value) ? value : undefined
}

/** `Set-Cookie` and its value; `seconds`: how long a browser keeps it. `Lax`: whoever is led here from elsewhere is still signed in, for reading. */
export function setCookie(name: CookieName, value: string, origin: string, seconds: number): readonly string[] {
  const secure = origin.startsWith('https:') ? '; Secure' : ''
  return [
    'Set-Cookie',
    `${fullName(name, origin)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`,
  ]
}

export function clearCookie(name: CookieName, origin: string): readonly string[] {
  return setCookie(name, '', origin, 0)
}

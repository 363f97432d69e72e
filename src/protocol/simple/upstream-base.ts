import { isIP } from 'node:net'
import { GateError } from '../../domain/base/errors.ts'

/** A configured upstream: `https:`, or `http:` on a loopback address; a path prefix is allowed, credentials are not. */
export interface UpstreamBase {
  /** `scheme://host[:port]` */
  readonly origin: string
  /** without a slash at its end; paths are appended to it */
  readonly href: string
}

/** Throws `config-invalid`, naming the setting and never the text, which may hold a secret. */
export function parseUpstreamBase(text: string, setting: string): UpstreamBase {
  const url = URL.parse(text)
  if (url === null) throw new GateError('config-invalid', `${setting} is not an absolute URL`)
  if (url.username !== '' || url.password !== '')
    throw new GateError('config-invalid', `${setting} holds credentials; they belong in upstream.auth`)
  if (url.search !== '' || url.hash !== '')
    throw new GateError('config-invalid', `${setting} has a query or a fragment`)
  if (!isPermittedTransport(url))
    throw new GateError('config-invalid', `${setting} is neither https: nor http: on a loopback address`)
  return { origin: url.origin, href: `${url.origin}${url.pathname.replace(/\/+$/, '')}` }
}

/** TLS everywhere; plain HTTP never leaves the machine. */
export function isPermittedTransport(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** `new URL` has already written odd spellings such as `0x7f.1` as a dotted quad. */
function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true
  return isIP(hostname) === 4 && hostname.startsWith('127.')
}

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
    throw new GateError('config-invalid', `${setting} holds credentials; they belong in auth, beside it`)
  if (url.search !== '' || url.hash !== '')
    throw new GateError('config-invalid', `${setting} has a query or a fragment`)
  if (!isPermittedTransport(url))
    throw new GateError('config-invalid', `${setting} is neither https: nor http: on a loopback address`)
  return { origin: url.origin, href: `${url.origin}${url.pathname.replace(/\/+$/, '')}` }
}

/**
 * Whether a URL lies below one of these bases (`scheme://host[:port][/path]`, without a slash at the end): the same origin, and
 * the whole segments of its path. Below a base with a path no segment may be one that a server could read as another place:
 * dots, or an encoded slash or backslash, however often it is encoded.
 */
export function isBelowAny(url: URL, bases: readonly string[]): boolean {
  return bases.some(base => base === url.origin || (base.startsWith(`${url.origin}/`) && isBelow(url, base)))
}

/**
 * Whether a place on an origin is its own and nobody else's: where others have bases on that origin too, it lies below one of `own`, and of
 * all bases that it lies below none of the others' is further down. What a server could read as another place is nobody's there.
 */
export function isOwnPlace(url: URL, own: readonly string[], others: readonly string[]): boolean {
  const beside = others.filter(base => new URL(base).origin === url.origin)
  if (beside.length === 0) return true
  if (segmentsOf(url.pathname).some(isElsewhere)) return false
  const ours = depthBelow(url, own)
  return ours >= 0 && ours >= depthBelow(url, beside)
}

/** Segments of the longest of these bases that a URL lies below; -1: of none. */
function depthBelow(url: URL, bases: readonly string[]): number {
  const depths = bases.filter(base => isBelowAny(url, [base])).map(base => folderOf(base).length)
  return Math.max(-1, ...depths)
}

function isBelow(url: URL, base: string): boolean {
  const folder = folderOf(base)
  const path = segmentsOf(url.pathname)
  if (path.length <= folder.length || path.some(isElsewhere)) return false
  return folder.every((segment, at) => path[at] === segment)
}

function folderOf(base: string): readonly (string | undefined)[] {
  const { pathname } = new URL(base)
  return pathname === '/' ? [] : segmentsOf(pathname)
}

/** Decoded once: `%70ublic` and `public` are one folder. `undefined` stands for what is no UTF-8. */
function segmentsOf(pathname: string): readonly (string | undefined)[] {
  return pathname.slice(1).split('/').map(decoded)
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** More encodings on top of each other than any chain of servers takes off. */
const MOST_ENCODINGS = 4

/** A server may decode what another one has decoded, and take `..;x` or `.. ` for `..`. */
function isElsewhere(segment: string | undefined): boolean {
  let text = segment
  for (let round = 0; round < MOST_ENCODINGS && text !== undefined; round += 1) {
    if (/[/\\\0]/.test(text) || /^\s*\.{1,2}\s*(?:;|$)/.test(text)) return true
    const next = decoded(text)
    if (next === text) return false
    text = next
  }
  return true
}

/** TLS everywhere; plain HTTP never leaves the machine. */
export function isPermittedTransport(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** As `new URL` spells a host: it has already written odd spellings such as `0x7f.1` as a dotted quad. */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true
  return isIP(hostname) === 4 && hostname.startsWith('127.')
}

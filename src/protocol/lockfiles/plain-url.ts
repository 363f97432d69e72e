/**
 * An `http` or `https` URL that every reader reads alike; `undefined` for all others. Clients are written in Python and in Rust,
 * and neither splits a URL as browsers do: with a backslash, a control character, a second `@` or a variable of the environment in
 * it, the host that is shown is not the host that is asked.
 */
export function plainUrl(text: string): URL | undefined {
  const [, host = '', port, path = ''] = PLAIN.exec(text) ?? []
  if (host === '' || !isPlainHost(host) || hasDotSegment(path) || path.startsWith('//')) return undefined
  if (port !== undefined && Number(port) > 65_535) return undefined
  return URL.canParse(text) ? new URL(text) : undefined
}

/** Scheme, credentials, host, port, path, query and fragment: RFC 3986 without what somebody reads otherwise. */
const PLAIN =
  /^https?:\/\/(?:(?:[\w.~!*+,=-]|%[\da-f]{2})*(?::(?:[\w.~!*+,=-]|%[\da-f]{2})*)?@)?([\w.-]+|\[[\da-f:.]+\])(?::([1-9]\d{0,4}))?(?:((?:\/(?:[\w.~!$&'()*+,=:@-]|%[\da-f]{2})*)+)(?:\?(?:[\w.~!$&'()*+,=:@/?-]|%[\da-f]{2})*)?(?:#(?:[\w.~!$&'()*+,=:@/?-]|%[\da-f]{2})*)?)?$/i

/** `127.1`, `0x7f.1` and `2130706433` are addresses for some: four numbers without a zero before them are for all. */
function isPlainHost(host: string): boolean {
  if (host.startsWith('[')) return true
  if (host.includes('..') || host.startsWith('.')) return false
  const last = host.replace(/\.$/, '').split('.').at(-1) ?? ''
  if (!/^(?:\d|0x)/i.test(last)) return true
  return /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(host)
}

function hasDotSegment(path: string): boolean {
  return path.split('/').some(segment => /^(?:\.|%2e){1,2}$/i.test(segment))
}

/** Whether it is written as an address of the web, plain or not. */
export function isWebAddress(text: string): boolean {
  return /^https?:/i.test(text)
}

/** What stands between `//` and `@` is nobody's business. Of a URL that is not plain, a `…@` stays, so that it is taken for no other. */
export function withoutCredentials(url: string): string {
  if (!isWebAddress(url.trim()) || plainUrl(url) !== undefined) return withoutUserinfo(url)
  const start = url.search(/[/\\]{2}/)
  const at = url.lastIndexOf('@')
  return at < 0 ? url : `${url.slice(0, start < 0 || start > at ? url.indexOf(':') + 1 : start + 2)}…${url.slice(at)}`
}

function withoutUserinfo(url: string): string {
  const start = url.indexOf('//')
  if (start < 0) return url
  const end = url.slice(start + 2).search(/[/?#]|$/)
  const authority = url.slice(start + 2, start + 2 + end)
  return `${url.slice(0, start + 2)}${authority.slice(authority.lastIndexOf('@') + 1)}${url.slice(start + 2 + end)}`
}

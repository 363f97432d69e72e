import { cut } from '../domain/base/cut.ts'

const LONGEST = 2_048
const DEEPEST = 4
const MOST = 32
const SECRET_KEY = /authorization|cookie|password|passwd|secret|token|credential/i
/** Cheap and never wrong about a text that holds nothing: most texts end here. */
const SUSPICIOUS = /[\u0080-\uffff]|@|authorization|bearer|basic|cookie|token|password|secret|pypi-/i
/** What JSON leaves as it is and a terminal obeys: C1 controls, and characters that turn the direction of writing. */
const UNSEEN = /[\x80-\x9f\u2028\u2029]|\p{Cf}/gu

/**
 * The same text without what nobody should read in a log: user information of URLs, credentials of headers, tokens of
 * package indexes. Cut to 2,048 characters.
 */
export function withoutSecrets(text: string): string {
  const short = cut(text, LONGEST)
  if (!SUSPICIOUS.test(short)) return short
  return short
    .replace(/(\/\/)[^/?#\s@]*(?:@[^/?#\s@]*)*@/g, '$1***@')
    .replace(/((?:authorization|cookie)["']?\s*[:=]\s*)[^\r\n,}]+/gi, '$1***')
    .replace(/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+/gi, '$1 ***')
    .replace(/((?:token|password|passwd|secret)["']?\s*[:=]\s*["']?)[^\s"'&,}]+/gi, '$1***')
    .replace(/\bpypi-[A-Za-z0-9_-]{16,}/g, 'pypi-***')
    .replace(UNSEEN, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** The same for who it is: `token:` stands before the name of a token, which is no secret. */
export function subjectWithoutSecrets(subject: string): string {
  const [, kind = '', name = ''] = /^(token:)?(.*)$/s.exec(subject) ?? []
  return `${kind}${withoutSecrets(name)}`
}

/** Any value, bounded in depth and length, each of its texts {@link withoutSecrets}. */
export function cleanValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return withoutSecrets(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '[function]' : value
  if (depth >= DEEPEST) return '[deeper]'
  if (value instanceof Error) return { name: value.name, message: withoutSecrets(value.message) }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.slice(0, MOST).map((item: unknown) => cleanValue(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MOST)
      .map(([key, inner]) => [withoutSecrets(key), SECRET_KEY.test(key) ? '***' : cleanValue(inner, depth + 1)]),
  )
}

import { cut } from '../../domain/base/cut.ts'
/** Text that is not the JSON this program reads: what is wrong, and at which character. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
}

interface Limits {
  readonly bytes: number
  /** nesting of arrays and objects */
  readonly depth: number
  /** members and elements, of all that there are; default: as many as there is room for */
  readonly values?: number
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads JSON (RFC 8259) without the liberties that parsers take: fatal UTF-8, no byte order mark, no duplicate names
 * (however they are escaped), bounded size, depth and number. Throws {@link JsonError}.
 */
export function parseJsonStrict(bytes: Uint8Array, limits: Limits): unknown {
  if (bytes.byteLength > limits.bytes) throw new JsonError(`more than ${limits.bytes} bytes`)
  const text = decode(bytes)
  if (text.startsWith('\uFEFF')) throw new JsonError('starts with a byte order mark')
  checkNames(text, limits)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new JsonError(error instanceof Error ? error.message : 'not JSON')
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return DECODER.decode(bytes)
  } catch {
    throw new JsonError('not UTF-8')
  }
}

/**
 * Walks the text once and refuses duplicate names, deep nesting and too many values, which `JSON.parse` lets pass. Syntax itself is left
 * to `JSON.parse`: where this walk misreads malformed text, that throws.
 */
function checkNames(text: string, { depth, values = Number.POSITIVE_INFINITY }: Limits): void {
  const scopes: (Set<string> | undefined)[] = []
  let seen = 1
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charAt(at)) {
      case '{':
      case '[':
        scopes.push(text[at] === '{' ? new Set() : undefined)
        if (scopes.length > depth) throw new JsonError(`nested deeper than ${depth}`)
        break
      case ',':
        seen += 1
        if (seen > values) throw new JsonError(`more than ${values} values`)
        break
      case '}':
      case ']':
        scopes.pop()
        break
      case '"': {
        const end = endOfString(text, at)
        const names = scopes.at(-1)
        if (names !== undefined && isName(text, end)) addName(names, text.slice(at, end + 1))
        at = end
        break
      }
      default:
    }
  }
}

/** Strings are long (a certificate, a statement): the engine looks for quotes faster than a loop does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1))
    if (!isEscaped(text, end)) return end
  throw new JsonError('a string without its end')
}

/** An odd number of backslashes stands before it; the quote that opens the string ends them at the latest. */
function isEscaped(text: string, at: number): boolean {
  let before = at
  while (text[before - 1] === '\\') before -= 1
  return (at - before) % 2 === 1
}

function isName(text: string, end: number): boolean {
  let at = end + 1
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1
  return text[at] === ':'
}

function addName(names: Set<string>, quoted: string): void {
  // "\u0061" and "a" are one name
  const name = quoted.includes('\\') ? textOf(quoted) : quoted.slice(1, -1)
  if (names.has(name)) throw new JsonError(`the name ${cut(JSON.stringify(name), 80)} stands twice in one object`)
  names.add(name)
}

function textOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted))
  } catch {
    throw new JsonError('a string that is not JSON')
  }
}

/** A JSON object, as opposed to an array, null or a scalar. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

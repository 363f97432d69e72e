/** `str.isspace` of Python, which is not what `\s` is in JavaScript. */
const SPACES = setOf(
  '\t\n\v\f\r \u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000',
  '\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
)

/** `str.splitlines`: every end of a line that Python knows; `\r\n` is one. */
const LINE_ENDS = setOf('\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029')

function setOf(...characters: readonly string[]): ReadonlySet<string> {
  return new Set(Array.from(characters.join('')))
}

/** The lines of a text; what stands behind the last end is a line where it is not empty. */
export function splitLines(text: string): readonly string[] {
  const lines: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    if (!LINE_ENDS.has(text.charAt(at))) continue
    lines.push(text.slice(start, at))
    if (text.startsWith('\r\n', at)) at += 1
    start = at + 1
  }
  return start < text.length ? [...lines, text.slice(start)] : lines
}

export function isSpace(character: string | undefined): boolean {
  return character !== undefined && SPACES.has(character)
}

/** `str.strip`. */
export function strip(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text[start])) start += 1
  while (end > start && isSpace(text[end - 1])) end -= 1
  return text.slice(start, end)
}

/** `str.strip(character)`. */
export function stripOf(text: string, character: string): string {
  let start = 0
  let end = text.length
  while (start < end && text[start] === character) start += 1
  while (end > start && text[end - 1] === character) end -= 1
  return text.slice(start, end)
}

/** `shlex.split` as POSIX has it; `undefined` for a quotation or an escape without an end. */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (BLANK.has(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    const piece = pieceAt(text, at)
    if (piece === undefined) return undefined
    word = `${word ?? ''}${piece.text}`
    at = piece.end
  }
  return word === undefined ? words : [...words, word]
}

const BLANK = setOf(' \t\r\n')

interface Piece {
  readonly text: string
  /** of its last character */
  readonly end: number
}

function pieceAt(text: string, at: number): Piece | undefined {
  switch (text.charAt(at)) {
    case "'": {
      const end = text.indexOf("'", at + 1)
      return end < 0 ? undefined : { text: text.slice(at + 1, end), end }
    }
    case '"':
      return quotedPiece(text, at)
    case '\\':
      return at + 1 < text.length ? { text: text.charAt(at + 1), end: at + 1 } : undefined
    default:
      return { text: text.charAt(at), end: at }
  }
}

/** Between double quotes a backslash escapes these two alone. */
function quotedPiece(text: string, start: number): Piece | undefined {
  let inner = ''
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === '"') return { text: inner, end: at }
    const escapes = character === '\\' && ['"', '\\'].includes(text.charAt(at + 1))
    if (escapes) at += 1
    inner += escapes ? text.charAt(at) : character
  }
  return undefined
}

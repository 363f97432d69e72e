import type { LockKind } from './lock.ts'
import { isWebAddress } from './plain-url.ts'

/** What a string of a lock may be: the address of an index, or anything else. */
export type StringPlace = 'index' | 'other'

/** What stands there instead, or `undefined` where it stays. */
type Replace = (value: string, place: StringPlace) => string | undefined

/** Puts other texts in the place of strings of a lock, wherever and however they are quoted; everything else stays to the byte. */
export function replaceStrings(kind: LockKind, text: string, replace: Replace): string {
  return kind === 'requirements' ? replaceInLines(text, replace) : replaceQuoted(text, INDEX_KEYS[kind], replace)
}

/** The key before the address of an index, as far as it ends where the string begins. */
const INDEX_KEYS: Readonly<Record<Exclude<LockKind, 'requirements'>, RegExp>> = {
  uv: /\bregistry["']?\s*=\s*$/,
  poetry: /\burl["']?\s*=\s*$/,
  // the format names none
  pdm: /(?!)/,
  // `url` in the list of sources that pipenv writes
  pylock: /\b(?:index|url)["']?\s*=\s*$/,
  pipfile: /"(?:url|index)"\s*:\s*$/,
}

/** Longer than any key with the blanks that a tool writes around it. */
const KEY = 64

/** Comments and strings of TOML, those of several lines too; JSON has the second form alone. */
const TOKEN = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*'|#[^\r\n]*/g

function replaceQuoted(text: string, key: RegExp, replace: Replace): string {
  return text.replace(TOKEN, (token, at: number) => {
    if (token.startsWith('#') || token.startsWith('"""') || token.startsWith("'''")) return token
    const quote = token.charAt(0)
    const value = quote === "'" ? token.slice(1, -1) : unescaped(token)
    if (value === undefined || !isWebAddress(value)) return token
    const target = replace(value, key.test(text.slice(Math.max(0, at - KEY), at)) ? 'index' : 'other')
    return target === undefined ? token : `${quote}${target}${quote}`
  })
}

/** TOML escapes as JSON does, and by eight digits besides. */
function unescaped(token: string): string | undefined {
  const json = token.replace(/\\U0000([\da-f]{4})/gi, '\\u$1').replace(/\\e/g, '\\u001b')
  try {
    return JSON.parse(json) as string
  } catch {
    return undefined
  }
}

/** An option of pip with the address of an index, by any beginning of its name, wherever it stands in a line, or on the next. */
const OPTION =
  /((?:^|\s)(?:-i|--(?:ind|py|ex)[a-z-]*)(?:[= \t]|\\\r?\n)*["']?)(https?:[^\s"'#\\]*)(?=[\s"']|\\\r?\n|$)/gi

function replaceInLines(text: string, replace: Replace): string {
  let written = ''
  let end = 0
  // a comment ends with its line
  for (const { index, 0: comment } of text.matchAll(/(?:^|[ \t])#[^\r\n]*/gm)) {
    written += replaceOptions(text.slice(end, index), replace) + comment
    end = index + comment.length
  }
  return written + replaceOptions(text.slice(end), replace)
}

function replaceOptions(text: string, replace: Replace): string {
  return text.replace(OPTION, (whole, before: string, url: string) => {
    const target = replace(url, 'index')
    return target === undefined ? whole : `${before}${target}`
  })
}

/** What a line of a requirements file asks for, as pip tells it apart. */
export type Requirement =
  /** a release of an index; `specifier` and `marker` as written */
  | { readonly kind: 'release'; readonly name: string; readonly specifier: string; readonly marker: string | undefined }
  /** `name` where the line gives one */
  | { readonly kind: 'vcs' | 'url' | 'path'; readonly name: string | undefined; readonly place: string }

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/
const ARCHIVE = /\.(?:zip|whl|tar|tgz|tbz|txz|tlz|tar\.(?:gz|bz2|xz|lz|lzma))$/i

/** `undefined` for what is neither PEP 508, a URL nor a path. */
export function parseRequirement(text: string): Requirement | undefined {
  const scheme = schemeOf(text)
  const [what, marker] = cut(text, scheme === undefined ? ';' : '; ')
  if (scheme !== undefined) return { kind: scheme, name: undefined, place: what }
  const at = what.indexOf('@')
  const named = at >= 0 && !looksLikePath(what.slice(0, at))
  if (!named && (looksLikePath(what) || ARCHIVE.test(withoutExtras(what))))
    return { kind: 'path', name: undefined, place: what }
  return parseNamed(what, marker)
}

/** `demo[extra] ==1.0`, `demo @ https://…`. */
function parseNamed(what: string, marker: string): Requirement | undefined {
  const name = NAME.exec(what)?.[0]
  if (name === undefined) return undefined
  const behind = skipBlanks(what.slice(name.length))
  const close = behind.startsWith('[') ? behind.indexOf(']') : -1
  if (behind.startsWith('[') && close < 0) return undefined
  const rest = skipBlanks(behind.slice(close + 1))
  if (!rest.startsWith('@'))
    return { kind: 'release', name, specifier: rest, marker: marker === '' ? undefined : marker }
  const place = skipBlanks(rest.slice(1))
  return { kind: schemeOf(place) ?? 'url', name, place }
}

/** pip takes a text for a URL where it begins with a scheme that it knows. */
function schemeOf(text: string): 'vcs' | 'url' | 'path' | undefined {
  const scheme = text.slice(0, Math.max(0, text.indexOf(':'))).toLowerCase()
  if (scheme === 'file') return 'path'
  if (['http', 'https', 'ftp'].includes(scheme)) return 'url'
  return /^(?:ssh|git|hg|svn|bzr|sftp|lp)$|^(?:git|hg|svn|bzr)\+[a-z]+$/.test(scheme) ? 'vcs' : undefined
}

function looksLikePath(text: string): boolean {
  return text.includes('/') || text.startsWith('.')
}

function withoutExtras(text: string): string {
  const open = text.endsWith(']') ? text.lastIndexOf('[') : -1
  return open < 0 ? text : text.slice(0, open)
}

function cut(text: string, separator: string): readonly [before: string, after: string] {
  const at = text.indexOf(separator)
  return at < 0
    ? [endBlanks(text), '']
    : [endBlanks(text.slice(0, at)), endBlanks(skipBlanks(text.slice(at + separator.length)))]
}

function skipBlanks(text: string): string {
  let at = 0
  while (text[at] === ' ' || text[at] === '\t') at += 1
  return text.slice(at)
}

function endBlanks(text: string): string {
  let end = text.length
  while (text[end - 1] === ' ' || text[end - 1] === '\t') end -= 1
  return text.slice(0, end)
}

/** The version of `==1.0`, `=== 1.0` or `(==1.0)`; `undefined` for any other specifier. */
export function pinnedVersion(specifier: string): string | undefined {
  const bare = specifier.startsWith('(') && specifier.endsWith(')') ? specifier.slice(1, -1) : specifier
  const pin = endBlanks(skipBlanks(bare))
  if (!pin.startsWith('==')) return undefined
  const version = skipBlanks(pin.slice(pin.startsWith('===') ? 3 : 2))
  return version === '' || version.endsWith('.*') || /[\s,;()]/.test(version) ? undefined : version
}

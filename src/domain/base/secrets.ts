import { CUT } from './cut.ts'

/** A user name with its password, or a token alone: what one proves oneself with to somebody else. */
export type Secret = { readonly username: string; readonly password: string } | { readonly token: string }

/** characters; what is shorter stands in ordinary text by chance, and nothing could be said any more */
const SHORTEST = 6
const MASK = '***'
/** Whoever makes it a password has none: it is in every metric, page and line of the log, and nothing could be said any more without it. */
const OWN_NAME = 'portcullis'
/** What stands for a password where the user name is a token. */
const NO_PASSWORDS: ReadonlySet<string> = new Set(['', 'x', 'x-oauth-basic'])

/**
 * The secrets of the configuration, known by value: whatever an upstream, a library or an error makes of them, they do not leave.
 * Known are the value itself and what becomes of it in JSON, HTML and URLs, the base64 of a user name with its password
 * (RFC 7617) and of the value alone; whatever the case of its letters.
 */
export class Secrets {
  readonly #forms = new Set<string>()
  #pattern: RegExp | undefined

  constructor(secrets: Iterable<Secret> = []) {
    this.add(secrets)
  }

  add(secrets: Iterable<Secret>): void {
    for (const secret of secrets)
      for (const form of formsOf(secret)) if (form.length >= SHORTEST && form !== OWN_NAME) this.#forms.add(form)
    const longestFirst = [...this.#forms].sort((one, other) => other.length - one.length)
    this.#pattern = longestFirst.length === 0 ? undefined : new RegExp(longestFirst.map(literal).join('|'), 'gi')
  }

  /** The same text without any of them. */
  clean = (text: string): string => {
    if (this.#pattern === undefined) return text
    const whole = text.replace(this.#pattern, MASK)
    return whole.includes(CUT) ? whole.split(CUT).map(this.#withoutHalf).join(CUT) : whole
  }

  /** Without the beginning of a secret at its end. */
  readonly #withoutHalf = (text: string, index: number, parts: readonly string[]): string => {
    if (index === parts.length - 1) return text
    const end = text.toLowerCase()
    for (const form of this.#forms)
      for (let length = Math.min(form.length - 1, end.length); length >= SHORTEST; length -= 1)
        if (end.endsWith(form.slice(0, length).toLowerCase())) return `${text.slice(0, -length)}${MASK}`
    return text
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function formsOf(secret: Secret): readonly string[] {
  if ('token' in secret) return writtenForms(secret.token)
  const { username, password } = secret
  const told = NO_PASSWORDS.has(password.toLowerCase()) ? username : password
  return [...writtenForms(told), ...base64Forms(`${username}:${password}`)]
}

function writtenForms(value: string): readonly string[] {
  const once = encodeURIComponent(value)
  const urls = [once, once.replaceAll('%20', '+'), encodeURI(value), strictly(value), encodeURIComponent(once)]
  return [...urls, ...base64Forms(value), ...quotedForms(value)]
}

/** A detail that quotes something stands in JSON, and that in a page or in a line of the log. */
const QUOTED = 3

function quotedForms(value: string): readonly string[] {
  let forms = new Set([value])
  for (let depth = 0; depth < QUOTED; depth += 1)
    forms = new Set([...forms].flatMap(form => [form, JSON.stringify(form).slice(1, -1), escaped(form)]))
  return [...forms]
}

/** RFC 3986: whatever is not unreserved. */
function strictly(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16)}`)
}

function escaped(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  const text = bytes.toString('base64').replace(/=+$/, '')
  return [text, bytes.toString('base64url'), encodeURIComponent(text)]
}

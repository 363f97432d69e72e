/** Whom a person who was refused can ask. */
export interface Contact {
  readonly name: string
  /** `https:` or `mailto:`, perhaps with placeholders */
  readonly url: string
}

/** What is known of a refusal when its contact is written out; what is not known is left empty. */
export interface ContactFacts {
  readonly code: string
  readonly project: string
  readonly version: string | undefined
  readonly filename: string
  /** the short id of the refusal */
  readonly refusal: string | undefined
  readonly sha256: string | undefined
}

const PLACEHOLDERS: readonly string[] = [
  'code',
  'project',
  'version',
  'filename',
  'refusal',
  'sha256',
] satisfies readonly (keyof ContactFacts)[]

/** The characters of RFC 3986, and braces for placeholders. */
const WRITTEN = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%{}]+$/

/** What is wrong with the template of a contact's URL; `undefined` where it can be filled in for every refusal. */
export function wrongContactUrl(template: string): string | undefined {
  if (!/^(?:https:\/\/|mailto:)/i.test(template)) return 'must begin with https:// or mailto:'
  if (!WRITTEN.test(template)) return 'must be a URL: write anything but its own characters percent-encoded'
  const unknown = [...template.matchAll(/\{[^{}]*\}?|\}/g)].map(([found]) => found).find(found => !isPlaceholder(found))
  if (unknown !== undefined)
    return `has ${JSON.stringify(unknown)}, which nothing fills in: the placeholders are ${PLACEHOLDERS.map(name => `{${name}}`).join(' ')}`
  const [one, other] = ['a', 'b'].map(letter => tryUrl(template.replace(/\{[^{}]*\}/g, letter)))
  if (one === undefined || other === undefined) return 'is no URL'
  if (one.host !== other.host || one.username !== other.username || one.password !== other.password)
    return 'has a placeholder in its host: where it leads must not depend on what was refused'
  return undefined
}

function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.includes(text.slice(1, -1)) && text.endsWith('}')
}

function tryUrl(text: string): URL | undefined {
  return URL.parse(text) ?? undefined
}

/** The contact of one refusal: every value stands percent-encoded in its place. */
export function fillContact({ name, url }: Contact, facts: ContactFacts): Contact {
  const filled = url.replace(/\{([^{}]*)\}/g, (_, key: string) => encode(facts[key as keyof ContactFacts] ?? ''))
  return { name, url: filled }
}

/** RFC 3986: everything but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    letter => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

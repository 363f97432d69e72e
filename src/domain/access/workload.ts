/** Claims of an OIDC token, as its issuer signed them. */
export type WorkloadClaims = Readonly<Record<string, unknown>>

/** Whom of an issuer's tokens an index lets in, and what they are called. */
export interface WorkloadRule {
  readonly issuer: string
  readonly audience: string
  readonly claims: Readonly<Record<string, string>>
  /** `{repository}@{ref}` */
  readonly subject: string
}

/** Where it would stand in a log line or a journal, a longer one would be no name. */
const LONGEST = 256
const PLAIN = /^[\x21-\x7e]+$/

/**
 * What a rule calls the bearer of verified claims; `undefined` where it is not meant. Claims are compared as strings: a list or an object
 * equals nothing. A template that names a claim which the token has not makes nobody.
 */
export function workloadSubject(rule: WorkloadRule, claims: WorkloadClaims): string | undefined {
  if (claims['iss'] !== rule.issuer || !isFor(claims['aud'], rule.audience)) return undefined
  for (const [name, value] of Object.entries(rule.claims)) if (textOf(claims, name) !== value) return undefined
  let whole = true
  const name = rule.subject.replace(/\{([^{}]+)\}/g, (_, claim: string) => {
    const text = textOf(claims, claim)
    if (text === undefined) whole = false
    return text ?? ''
  })
  return whole && name.length <= LONGEST && PLAIN.test(name) ? `workload:${name}` : undefined
}

/** RFC 7519, 4.1.3: one audience, or a list of them. */
function isFor(aud: unknown, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience
}

function textOf(claims: WorkloadClaims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

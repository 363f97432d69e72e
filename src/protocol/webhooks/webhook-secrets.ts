/** bytes of a key (Standard Webhooks 1.0: 24 to 64) */
const LEAST = 24
const MOST = 64
/** One in force, the one before it, and room for more. */
const MOST_SECRETS = 8

/** Secrets of a webhook, apart by white space: `whsec_` and base64. Never repeats them. */
export function parseWebhookSecrets(text: string): readonly string[] | { readonly wrong: string } {
  const secrets = text.split(/\s+/).filter(secret => secret !== '')
  if (secrets.length === 0) return { wrong: 'is empty; it holds whsec_… (portcullis notify --help makes one)' }
  if (secrets.length > MOST_SECRETS) return { wrong: `holds more than ${MOST_SECRETS} secrets` }
  for (const [place, secret] of secrets.entries()) {
    const which = secrets.length === 1 ? 'the secret' : `secret ${place + 1}`
    const [, coded] =
      /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?)$/.exec(secret) ?? []
    if (coded === undefined) return { wrong: `${which} is not whsec_ and base64` }
    const { length } = Buffer.from(coded, 'base64')
    if (length < LEAST || length > MOST) return { wrong: `${which} has ${length} bytes; it takes ${LEAST} to ${MOST}` }
  }
  return secrets
}

import { z } from 'zod'
import { pathBelow } from '../parts.ts'

/** A name and no address: nobody asks there, so nothing is taken away from it. */
const verifierId = z.string().check(context => {
  const url = URL.parse(context.value)
  const isSound = url?.protocol === 'https:' && url.username === '' && url.password === ''
  if (!isSound || /[\s#]/.test(context.value))
    context.issues.push({
      code: 'custom',
      input: undefined,
      message: 'must be an https: URL without credentials or fragment',
    })
})

/** Verification summaries. Paths resolve against `folder`. */
export function vsaSection(folder: string) {
  return z
    .strictObject({
      key: pathBelow(folder)
        .optional()
        .describe(
          'PEM of the P-256 private key (PKCS #8) that signs verification summaries, served at `/vsa/<sha256>` (docs/how-to/vsa.md); without it there are none. Read at the start',
        ),
      verifier_id: verifierId
        .optional()
        .describe('an `https:` URL that names this gate, or all that share the key, in every summary; with `vsa.key`'),
    })
    .prefault({})
}

type Given = ReadonlyMap<string, { readonly value: unknown; readonly origin: string }>

/** What only shows once everything is put together, a line each. */
export function vsaContradictions(settings: Given): readonly string[] {
  const [key, id] = [settings.get('vsa.key'), settings.get('vsa.verifier_id')]
  if ((key?.value === undefined) === (id?.value === undefined)) return []
  return key?.value === undefined
    ? [`${id?.origin} vsa.verifier_id: needs vsa.key, which signs in that name`]
    : [`${key.origin} vsa.key: needs vsa.verifier_id, the name in which it signs`]
}

import { resolve } from 'node:path'
import { z } from 'zod'
import { tryUpstreamBase } from './address.ts'

/** What one proves oneself with to an upstream. */
export const credentials = z.union([
  // RFC 7617: a colon ends the user name
  z.strictObject({ username: z.string().regex(/^[^:]*$/), password: z.string().min(1) }),
  z.strictObject({ token: z.string().regex(/^[\x21-\x7e]+$/) }),
])
export type Credentials = z.output<typeof credentials>

/** Credentials by origin. What is wrong with a key is told without the key, which may hold a secret itself. */
export const upstreamAuth = z.codec(
  z.record(z.string(), credentials),
  z.custom<Readonly<Record<string, Credentials>>>(),
  {
    decode(written, context) {
      const auth: Record<string, Credentials> = {}
      for (const [key, value] of Object.entries(written)) {
        const read = tryUpstreamBase(key)
        const message = 'wrong' in read ? read.wrong : 'names the same origin as another key'
        if ('wrong' in read || Object.hasOwn(auth, read.origin))
          context.issues.push({ code: 'custom', input: undefined, path: [key], message: `a key ${message}` })
        else auth[read.origin] = value
      }
      return auth
    },
    encode: auth => auth,
  },
)

export const pathText = z
  .string()
  .min(1)
  .regex(/^[^\0]*$/)

/** A path; relative ones resolve against `folder`. */
export function pathBelow(folder: string) {
  return z.codec(pathText, z.string(), {
    decode: text => resolve(folder, text),
    encode: absolute => absolute,
  })
}

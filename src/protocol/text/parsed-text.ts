import { z } from 'zod'
import { parseSha256 } from '../../domain/base/digest.ts'

/** A string that a parser of the domain makes a value of; `what` names it where it does not. */
export function parsedText<Value>(parse: (text: string) => Value | undefined, what: string) {
  return z.string().transform((text, context) => {
    const value = parse(text)
    if (value !== undefined) return value
    context.issues.push({ code: 'custom', input: undefined, message: `is not ${what}` })
    return z.NEVER
  })
}

export const sha256Text = parsedText(parseSha256, 'a sha256 of 64 hex digits')

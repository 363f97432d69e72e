import { formatInstant, type Instant } from '../base/instant.ts'
import type { TokenRecord } from './token.ts'

/*
 * Who stands behind a subject is said by a list of words: subjects (`user:ada@acme.example`, `token:bot`, `shell:ada` for whoever ran a
 * command), `sub:4711` for what an issuer calls a person, `email:…` for an address, and one token among all that have had its name.
 */

/** A person, as far as it matters who he is. */
interface Named {
  readonly subject: string
  readonly email?: string | undefined
  readonly also?: readonly string[] | undefined
}

export function emailWord(address: string): string {
  return `email:${address}`
}

export function subWord(sub: string): string {
  return `sub:${sub}`
}

/** One token, whatever others were called after it ended: no two in force have one name. */
export function tokenWord({ name, created }: Pick<TokenRecord, 'name' | 'created'>): string {
  return `token:${name} of ${formatInstant(created)}`
}

/** Who stands behind what somebody gives out: he himself, and whoever stands behind him. */
export function standingBehind({ subject, email, also = [] }: Named): readonly string[] {
  return [...new Set([subject, ...(email === undefined ? [] : [emailWord(email)]), ...also])]
}

/** Who stands behind what is done with a token: whoever holds it, and whoever gave it out. */
export function standingBehindToken(
  token: Pick<TokenRecord, 'name' | 'created' | 'givenBy' | 'holder'>,
): readonly string[] {
  const { holder, givenBy = [] } = token
  return [tokenWord(token), ...(holder === undefined ? [] : wordsForHolder(holder)), ...givenBy]
}

/** Who a token is given out for, as it is kept: an address, or what a front or an issuer calls somebody; `undefined` for what is neither. */
export function holderOf(text: string): string | undefined {
  const name = text
    .trim()
    .normalize('NFC')
    .replace(/^user:/, '')
  return name.length <= LONGEST_HOLDER && /^[^\p{C}\p{Z}]+$/u.test(name) && /[\p{L}\p{N}]/u.test(name)
    ? name
    : undefined
}

export const HOLDERS = 'an address, or what a front or the issuer calls somebody, without spaces'

/** characters of it: an address has no more (RFC 5321, 4.5.3.1.3) */
const LONGEST_HOLDER = 254

/** Without an address he may be whom a front calls so, or an issuer. */
function wordsForHolder(holder: string): readonly string[] {
  return holder.includes('@') ? [emailWord(holder)] : [`user:${holder}`, subWord(holder)]
}

/** Of a subject that is a token, whether nobody knows whose it is. */
export function isHeldByNobody({
  subject,
  holder,
}: {
  readonly subject: string
  readonly holder?: string | undefined
}): boolean {
  return subject.startsWith('token:') && holder === undefined
}

/** Whether it was this token that somebody asked with, and none that was called so before; where nobody wrote that down, when it was tells. */
export function isAskedWith(
  token: Pick<TokenRecord, 'name' | 'created'>,
  { subject, also, at }: Pick<Named, 'subject' | 'also'> & { readonly at: Instant },
): boolean {
  return subject === `token:${token.name}` && (also?.includes(tokenWord(token)) ?? at >= token.created)
}

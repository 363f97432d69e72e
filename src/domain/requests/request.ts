import { domainToASCII } from 'node:url'
import { refusalEntry } from '../base/refusal.ts'
import type { Refused } from '../decide/verdict.ts'

/** characters of a reason, of words of a decision, and of a ticket */
export const LONGEST_WORDS = 2_000
/** characters of an address (RFC 5321, 4.5.3.1.3) */
export const LONGEST_ADDRESS = 254

/** How many requests may be open: of one subject (of nobody in particular: of one address), and in all. */
export const MOST_OPEN = { own: 20, all: 10_000 } as const
/** The same where nobody knows who asks: what many addresses fill leaves room for whoever is known. */
export const MOST_OPEN_OF_NOBODY = { ...MOST_OPEN, all: 5_000 } as const

/** Who asked, or who decides, as far as that tells whether they are one. */
export interface KnownAs {
  /** `token:ci`, `user:ada@acme.example`, `anonymous` */
  readonly subject: string
  readonly email: string | undefined
  /** whoever stands behind it as well, as `domain/access/standing.ts` writes them; absent: nobody knows */
  readonly also?: readonly string[] | undefined
}

/** Why nobody need ask that a refusal be waived; `undefined` where somebody may. */
export function hopelessness({ code, behind, file }: Pick<Refused, 'code' | 'behind' | 'file'>): string | undefined {
  const hard = refusalEntry(code).hard ? code : behind
  if (hard !== undefined) return `${hard} is never waived, so there is nothing to ask for`
  if (file.sha256 === undefined) return 'the index gives no sha256, and nothing else could be let through'
  return undefined
}

/** Whether a request says something yet to whoever asks the same: somebody has to decide about it, or what was approved has not ended. */
export function stillStands({ state, ends }: { readonly state: string; readonly ends: number }, now: number): boolean {
  return state === 'open' || (state === 'approved' && now < ends)
}

/** What somebody wrote, in lines without control characters; `undefined` for nothing, or for more than fits. */
export function wordsOf(text: string): string | undefined {
  const words = text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(/[^\P{Cc}\n]/gu, ' ')
    .trim()
  return words === '' || words.length > LONGEST_WORDS ? undefined : words
}

/** An address as somebody typed it, without white space around it; `undefined` for what is none. */
export function addressOf(text: string): string | undefined {
  const address = text.trim().normalize('NFC')
  if (address.length > LONGEST_ADDRESS || !/^[^\s@<>",;:\\()[\]]+@[^\s@<>",;:\\()[\]]+$/u.test(address))
    return undefined
  return /[\p{C}\p{Z}]/u.test(address) ? undefined : address
}

/** Who asked, in one line: an address that was typed is no name, so whose it is stands beside it. */
export function askerOf({ subject, email }: Pick<KnownAs, 'subject' | 'email'>): string {
  return email === undefined || subject === `user:${email}` ? subject : `${email} (${subject})`
}

/**
 * Whether whoever decides is whoever asked, or gave out what one of the two is done with. What could be told apart by nobody but a mail server
 * counts as one.
 */
export function isOwnRequest(asked: KnownAs, decides: KnownAs): boolean {
  const [one, other] = [partiesOf(asked), partiesOf(decides)]
  return (
    one.exact.some(text => other.exact.includes(text)) || // a token that may decide, too, or that gave out the other
    areAlike(one.people, other.people) ||
    areAlike(one.people, other.called) ||
    areAlike(one.called, other.people)
  )
}

interface Parties {
  readonly exact: readonly string[]
  /** addresses of people, and names where there is no more */
  readonly people: readonly string[]
  /** Names that tell of a person as long as nobody compares them with each other: a shell of `root` is many people's. */
  readonly called: readonly string[]
}

function partiesOf({ subject, email, also = [] }: KnownAs): Parties {
  const words = [subject, ...also]
  return {
    exact: words.filter(word => word !== NOBODY && !word.startsWith('shell:') && !word.startsWith('email:')),
    people: namesIn([...words, `email:${email ?? ''}`], /^(?:user|email):/),
    called: namesIn(words, /^(?:shell|token):/),
  }
}

function namesIn(words: readonly string[], kind: RegExp): readonly string[] {
  return words.flatMap(word => (kind.test(word) ? [folded(word.replace(kind, ''))] : [])).filter(name => name !== '')
}

/** Somebody whom a front calls `ada` may have signed in as ada@acme.example. */
function areAlike(names: readonly string[], others: readonly string[]): boolean {
  return names.some(name => others.some(other => name === other || localOf(name) === other || name === localOf(other)))
}

const NOBODY = 'anonymous'

function localOf(name: string): string {
  return name.split('@', 1)[0] ?? name
}

/** Case, forms of Unicode, what is not seen, a tag behind `+`, and how the domain is spelled make nobody another. */
function folded(text: string): string {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[\p{C}\p{Z}]/gu, '')
  const at = plain.lastIndexOf('@')
  if (at < 0) return plain
  const [local = ''] = plain.slice(0, at).split('+', 1)
  const domain = plain.slice(at + 1).replace(/\.+$/, '')
  return `${local}@${domainToASCII(domain) || domain}`
}

import { errorEntry, type GateError } from '../../domain/base/errors.ts'
import { remedyFor } from '../../domain/decide/admit-with.ts'
import { notesBeside } from '../../domain/decide/story.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { Contact } from '../../domain/policy/contact.ts'
import { describeRule } from '../../domain/policy/rule-ref.ts'

/** An answer that is not the file: status line, headers that matter, and an RFC 9457 body. */
export interface Problem {
  readonly status: number
  /** ASCII; pip, poetry and pipenv show nothing else */
  readonly reason: string
  readonly body: Buffer
  /** exactly this: uv compares it for equality and ignores a body with a charset */
  readonly contentType: 'application/problem+json'
  /** whole seconds; poetry fails on a date */
  readonly retryAfter: number | undefined
}

/** What helps whoever was refused; it changes with what is known, and is no part of the refusal. */
export interface Help {
  /** filled in */
  readonly contact: Contact | undefined
  /** the newest file that passes */
  readonly passes: { readonly version: string; readonly filename: string } | undefined
}

export const NO_HELP: Help = { contact: undefined, passes: undefined }

/** A policy refusal: 403. `explain` is the URL of its page. */
export function problemForRefusal(refused: Refused, explain: string | undefined, help: Help = NO_HELP): Problem {
  const { code, file, rule } = refused
  const status = 403
  return {
    status,
    reason: refusalPhrase(code, explain),
    contentType: 'application/problem+json',
    retryAfter: undefined,
    body: encode({
      type: `urn:portcullis:refusal:${code}`,
      title: `Refused by policy: ${code}`,
      status,
      detail: [...told(refused, help), ...(explain === undefined ? [] : [`See ${explain}`])].join(' '),
      code,
      project: file.project,
      version: file.version ?? null,
      filename: file.filename,
      sha256: file.sha256 ?? null,
      rule: rule === undefined ? null : describeRule(rule),
      explain: explain ?? null,
      source: file.source ?? null,
      // left out where there is none
      index: refused.index,
      contact: help.contact,
      passes: help.passes,
    }),
  }
}

/** Sentences that need no command of ours to be understood. */
function told(refused: Refused, { contact, passes }: Help): readonly string[] {
  const { detail, notes, file } = refused
  return [
    sentence(detail),
    ...(passes === undefined
      ? []
      : [`The newest version of ${file.project} that passes is ${passes.version} (${passes.filename}).`]),
    ...notesBeside(notes, passes).map(sentence),
    remedyFor(refused),
    ...(contact === undefined ? [] : [`Whom to ask: ${contact.name} (${contact.url}).`]),
  ]
}

/** "Cannot tell" and requests that make no sense, in the same form. */
export function problemForError(error: GateError): Problem {
  const { code, detail } = error
  const entry = errorEntry(code)
  // that bytes do not match is known; so is that a request makes no sense
  const head = `${code.startsWith('unknown-') ? 'Cannot tell' : 'Not served'}: ${code}`
  return {
    status: entry.status,
    reason: ascii(head),
    contentType: 'application/problem+json',
    retryAfter: retryAfter(error),
    body: encode({
      type: `urn:portcullis:error:${code}`,
      title: head,
      status: entry.status,
      detail: `${sentence(detail)} ${entry.remedy}`,
      code,
      project: null,
      version: null,
      filename: null,
      sha256: null,
      rule: null,
      explain: null,
    }),
  }
}

function retryAfter(error: GateError): number | undefined {
  const entry = errorEntry(error.code)
  if (!('retryAfter' in entry)) return undefined
  const left = error.retryAfterMs === undefined ? entry.retryAfter : Math.ceil(error.retryAfterMs / 1000)
  return Math.max(1, Math.min(entry.retryAfter, left))
}

/** In lower case as it comes: uv prints it after the title and a comma. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

const LONGEST_PHRASE = 199

/** A link is whole or not there: half of one would only mislead. */
function refusalPhrase(code: string, explain: string | undefined): string {
  const phrase = `Refused by policy: ${code}`
  const linked = `${phrase} (see ${explain})`
  return ascii(explain === undefined || linked.length > LONGEST_PHRASE ? phrase : linked)
}

/** RFC 9112 §4 allows more, but uv drops a phrase that is not ASCII. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_PHRASE)
}

function encode(body: object): Buffer {
  return Buffer.from(JSON.stringify(body))
}

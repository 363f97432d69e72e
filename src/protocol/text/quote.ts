import { cut } from '../../domain/base/cut.ts'

const LONGEST = 120

/** Text from outside, fit for a message or a terminal: printable ASCII, at most 120 characters. */
export function printable(text: string): string {
  const escaped = text.replace(/[^\x20-\x7e]/gu, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
  return escaped.length > LONGEST ? cut(escaped, LONGEST - 1) : escaped
}

/** As {@link printable}, as JSON writes it: strings in quotes, `nothing` where there is nothing. */
export function quote(value: unknown): string {
  return value === undefined ? 'nothing' : printable(JSON.stringify(value))
}

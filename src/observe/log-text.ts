import type { LogLine } from './log-line.ts'

const COLOURS = { debug: '\x1b[2m', info: '\x1b[32m', warn: '\x1b[33m', error: '\x1b[31m' } as const
const OFF = '\x1b[0m'

/** `12:00:01.123 info  refused code=unattested project=demo …`; what is a list of texts follows, one a line. */
export function renderText({ level, message, fields }: LogLine, at: Date, colours: 'colours' | 'plain'): string {
  const padded = level.padEnd(5)
  const painted = colours === 'colours' ? `${COLOURS[level]}${padded}${OFF}` : padded
  const { untrusted, ...facts } = fields
  const all = [...Object.entries(facts), ...entriesOf(untrusted)].filter(([, value]) => value !== undefined)
  const short = all.filter(([, value]) => !isLines(value)).map(([key, value]) => `${show(key)}=${show(value)}`)
  const below = all.flatMap(([, value]) => (isLines(value) ? value.map(text => `\n    ${visible(text)}`) : []))
  return `${[at.toISOString().slice(11, 23), painted, message, ...short].join(' ')}${below.join('')}\n`
}

function entriesOf(untrusted: unknown): readonly (readonly [string, unknown])[] {
  if (typeof untrusted !== 'object' || untrusted === null) return [['untrusted', untrusted]]
  return Object.entries(untrusted)
}

function isLines(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 1 && value.every(item => typeof item === 'string')
}

function show(value: unknown): string {
  if (typeof value === 'string') return /^[\x21\x23-\x7e]+$/.test(value) ? value : visible(JSON.stringify(value))
  return visible(JSON.stringify(value) ?? '')
}

/** A terminal obeys control characters, and believes those that turn the direction of writing. */
function visible(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, character => {
    const code = character.codePointAt(0) ?? 0
    return /\p{L}|\p{N}|\p{P}|\p{S}/u.test(character) ? character : `\\u{${code.toString(16)}}`
  })
}

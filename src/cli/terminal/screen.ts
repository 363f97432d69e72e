import type { Output } from './output.ts'

/** How a piece of text is meant; what that looks like is the screen's business. */
export type Style = 'good' | 'bad' | 'doubt' | 'dim' | 'strong'

interface Styled {
  readonly text: string
  readonly style: Style
}

export type Part = string | Styled

export function styled(style: Style, text: string): Styled {
  return { style, text }
}

const CODES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  good: [32, 39],
  bad: [31, 39],
  doubt: [33, 39],
  dim: [2, 22],
  strong: [1, 22],
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

/** Text from outside made harmless: no control, no bidirectional override, no invisible character reaches a terminal. */
export function inert(text: string): string {
  return text.replace(UNPRINTABLE, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** As {@link inert}, line by line. */
export function inertLines(text: string): string {
  return text.split('\n').map(inert).join('\n')
}

/** Lines of text. Everything that is written passes through {@link inert}; only the screen itself adds colour. */
export interface Screen {
  line(...parts: readonly Part[]): void
  /** Prose, wrapped where the screen has a width; later lines stand under the text of the first. */
  prose(head: readonly Part[], text: string): void
  /** Several lines as they are, each indented. */
  block(indent: number, text: string): void
  /** Whether `text` still fits a line that has `used` columns. */
  fits(used: number, text: string): boolean
}

export function createScreen(output: Output, on: 'out' | 'err' = 'out'): Screen {
  const colour = output.colour[on]
  const columns = output.columns ?? Number.POSITIVE_INFINITY
  const write = on === 'out' ? output.out : output.err

  function line(...parts: readonly Part[]): void {
    write(`${parts.map(paint).join('')}\n`)
  }

  function paint(part: Part): string {
    if (typeof part === 'string') return inert(part)
    const text = inert(part.text)
    const [start, end] = CODES[part.style]
    return colour ? `\u001b[${start}m${text}\u001b[${end}m` : text
  }

  function prose(head: readonly Part[], text: string): void {
    const indent = head.reduce((width, part) => width + textOf(part).length, 0)
    const [first = '', ...others] = wrap(inert(text), columns - indent)
    line(...head, first)
    for (const other of others) line(' '.repeat(indent), other)
  }

  return {
    line,
    prose,
    block(indent, text) {
      for (const row of text.split('\n')) line(' '.repeat(indent), row)
    },
    fits: (used, text) => used + text.length <= columns,
  }
}

function textOf(part: Part): string {
  return typeof part === 'string' ? part : part.text
}

/** At spaces; a word that is longer than a line stays whole, so that a URL can be copied. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}

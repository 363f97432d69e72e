import { isSpace, splitLines, strip, stripOf } from './python-text.ts'
import type { Environment } from './surroundings.ts'

/** A line as pip joins it: continuations put together, comments gone, variables filled in. */
export interface LogicalLine {
  readonly text: string
  /** of its first line, from 1 */
  readonly line: number
}

/** What pip's `preprocess` makes of a requirements file; empty lines are left out. */
export function logicalLines(text: string, environment: Environment): readonly LogicalLine[] {
  return joinLines(splitLines(text))
    .map(({ text: joined, line }) => ({ text: strip(withoutComment(joined)), line }))
    .filter(({ text: kept }) => kept !== '')
    .map(({ text: kept, line }) => ({ text: fillIn(kept, environment), line }))
}

/** A backslash at the end joins a line with the next, unless it ends a comment. */
function joinLines(lines: readonly string[]): readonly LogicalLine[] {
  const joined: LogicalLine[] = []
  let open: { readonly line: number; readonly parts: string[] } | undefined
  for (const [index, raw] of lines.entries()) {
    const comment = isComment(raw)
    if (raw.endsWith('\\') && !comment) {
      open ??= { line: index + 1, parts: [] }
      open.parts.push(stripOf(raw, '\\'))
      continue
    }
    // a comment that ends a continued line begins after white space
    const last = comment ? ` ${raw}` : raw
    joined.push(
      open === undefined ? { text: last, line: index + 1 } : { text: [...open.parts, last].join(''), line: open.line },
    )
    open = undefined
  }
  return open === undefined ? joined : [...joined, { text: open.parts.join(''), line: open.line }]
}

function isComment(line: string): boolean {
  let at = 0
  while (isSpace(line[at])) at += 1
  return line[at] === '#'
}

/** A `#` begins a comment at the start or after white space, which goes with it. */
function withoutComment(line: string): string {
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1))
    if (at === 0 || isSpace(line[at - 1])) return line.slice(0, at)
  return line
}

/** `${NAME}`, where it is set to something; else it stays as it is. */
function fillIn(line: string, environment: Environment): string {
  const names = new Set([...line.matchAll(/\$\{([A-Z0-9_]+)\}/g)].map(([, name = '']) => name))
  return [...names].reduce((text, name) => {
    const value = environment[name]
    return value === undefined || value === '' ? text : text.replaceAll(`\${${name}}`, () => value)
  }, line)
}

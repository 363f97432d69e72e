import { dirname, resolve } from 'node:path'
import { show, wrongLock } from '../lock.ts'
import { decodeRequirements } from './decode.ts'
import { logicalLines } from './lines.ts'
import { type SplitLine, splitLine } from './options.ts'
import type { Surroundings } from './surroundings.ts'

/** A line that requires or constrains something, as pip hands it on. */
export interface RequirementLine {
  readonly path: string
  readonly line: number
  readonly constraint: boolean
  readonly editable: boolean
  readonly requirement: string
  /** `algorithm:digest` */
  readonly hashes: readonly string[]
}

/** A line that changes where packages come from. */
export interface SourceLine {
  readonly path: string
  readonly line: number
  readonly option: 'index-url' | 'extra-index-url' | 'no-index' | 'find-links'
  readonly value: string
}

/** A line that says what is taken of releases. */
export interface FormatLine {
  readonly format: 'no-binary' | 'only-binary'
  /** `:all:`, `:none:` or names, comma-separated */
  readonly value: string
}

export type ParsedLine = RequirementLine | SourceLine | FormatLine

interface Place {
  readonly path: string
  readonly constraint: boolean
  /** the files that are being read, the innermost last */
  readonly open: readonly string[]
}

/**
 * Every line of a requirements file and of what it includes, in pip's order and with pip's reading of each: the first `-e`, `-r`
 * or `-c` of a line counts, and options beside a requirement are about that one alone. Throws `usage` with file and line.
 */
export function parseRequirements(
  file: { readonly path: string; readonly bytes: Uint8Array },
  surroundings: Surroundings,
): readonly ParsedLine[] {
  const { path, bytes } = file
  return parseFile(bytes, { path, constraint: false, open: [resolve(path)] }, surroundings)
}

function parseFile(bytes: Uint8Array, place: Place, surroundings: Surroundings): readonly ParsedLine[] {
  const { path } = place
  const text = decodeRequirements(bytes, path)
  return logicalLines(text, surroundings.environment).flatMap(({ text: logical, line }) => {
    const split = splitLine(logical)
    if ('wrong' in split) throw wrongLock(path, line, split.wrong)
    checkHashes(split, { path, line })
    const required = requirementOf(split, { ...place, line })
    if (required !== undefined) return [required]
    const included = firstOf(split, 'requirement')
    const path_ = included ?? firstOf(split, 'constraint')
    if (path_ === undefined) return [...sourcesOf(split, { path, line }), ...formatsOf(split)]
    return include(path_, { ...place, constraint: included === undefined, line }, surroundings)
  })
}

type At = Place & { readonly line: number }

function checkHashes({ options }: SplitLine, { path, line }: Pick<At, 'path' | 'line'>): void {
  const wrong = options.get('hash')?.find(hash => !/^sha(?:256|384|512):/.test(hash))
  if (wrong !== undefined)
    throw wrongLock(path, line, `${show(wrong)} is no hash that pip takes: sha256, sha384 or sha512`)
}

function requirementOf(split: SplitLine, { path, line, constraint }: At): RequirementLine | undefined {
  const { requirement: text, options } = split
  const editable = firstOf(split, 'editable')
  // older pips pass over the one, newer ones call the other editable
  if (text !== '' && editable !== undefined) throw wrongLock(path, line, `${show(text)} and -e stand in one line`)
  const requirement = text === '' ? editable : text
  if (requirement === undefined) return undefined
  return { path, line, constraint, editable: text === '', requirement, hashes: options.get('hash') ?? [] }
}

function firstOf({ options }: SplitLine, name: 'editable' | 'requirement' | 'constraint'): string | undefined {
  return options.get(name)?.[0]
}

function include(named: string, place: At, surroundings: Surroundings): readonly ParsedLine[] {
  const { path: from, line, open } = place
  if (/^(?:https?|file):/i.test(named)) throw wrongLock(from, line, `${named} is not read: include it as a file`)
  const path = resolve(dirname(from), named)
  if (open.includes(path))
    throw wrongLock(from, line, path === resolve(from) ? 'includes itself' : `includes ${path}, which includes it`)
  return parseFile(surroundings.read(path), { ...place, path, open: [...open, path] }, surroundings)
}

function formatsOf({ options }: SplitLine): readonly FormatLine[] {
  return (['no-binary', 'only-binary'] as const).flatMap(format =>
    (options.get(format) ?? []).map(value => ({ format, value })),
  )
}

/** pip keeps the last `--index-url` of a line, every extra index, and the first place of files. */
function sourcesOf(
  { options }: SplitLine,
  at: { readonly path: string; readonly line: number },
): readonly SourceLine[] {
  const values = {
    'no-index': options.get('no-index')?.slice(0, 1),
    'index-url': options.get('index-url')?.slice(-1),
    'extra-index-url': options.get('extra-index-url'),
    'find-links': options.get('find-links')?.slice(0, 1),
  }
  return (['no-index', 'index-url', 'extra-index-url', 'find-links'] as const).flatMap(option =>
    (values[option] ?? []).map(value => ({ ...at, option, value })),
  )
}

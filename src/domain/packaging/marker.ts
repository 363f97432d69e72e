import { normaliseExtra } from './dependency.ts'
import { parseSpecifierSet } from './specifier.ts'
import type { PlatformTarget, PythonTarget } from './targets.ts'
import { parseVersion } from './version.ts'

/** What is known of where a file is wanted. */
export interface MarkerTarget {
  readonly python: PythonTarget | undefined
  readonly platform: PlatformTarget | undefined
  /** what is asked for of the project whose dependency it is, normalised; absent: it is not known what */
  readonly extras?: ReadonlySet<string>
}

/** `undefined`: it depends on what is not known here. */
type Truth = boolean | undefined

interface Tokens {
  readonly words: readonly string[]
  at: number
}

const TOKEN = /\s*(?:('[^']*'|"[^"]*")|(===|==|~=|!=|<=|>=|<|>|\(|\))|([A-Za-z_][A-Za-z0-9_.]*))/y

/**
 * Whether an environment marker (PEP 508) can hold on a target: false only where it is false whatever else is the case. Text
 * that is no marker can hold.
 */
export function mayHold(marker: string, target: MarkerTarget): boolean {
  const words = tokenise(marker)
  if (words === undefined) return true
  const tokens: Tokens = { words, at: 0 }
  try {
    const truth = readOr(tokens, target)
    return tokens.at < words.length || truth !== false
  } catch (error) {
    if (error instanceof NoMarker) return true
    throw error
  }
}

class NoMarker extends Error {}

function tokenise(marker: string): readonly string[] | undefined {
  const words: string[] = []
  const text = marker.trimEnd()
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) return undefined
    words.push(match[1] ?? match[2] ?? match[3] ?? '')
  }
  return words
}

function readOr(tokens: Tokens, target: MarkerTarget): Truth {
  let truth = readAnd(tokens, target)
  while (tokens.words[tokens.at] === 'or') {
    tokens.at += 1
    const other = readAnd(tokens, target)
    truth = truth === true || other === true ? true : truth === false && other === false ? false : undefined
  }
  return truth
}

function readAnd(tokens: Tokens, target: MarkerTarget): Truth {
  let truth = readAtom(tokens, target)
  while (tokens.words[tokens.at] === 'and') {
    tokens.at += 1
    const other = readAtom(tokens, target)
    truth = truth === false || other === false ? false : truth === true && other === true ? true : undefined
  }
  return truth
}

function readAtom(tokens: Tokens, target: MarkerTarget): Truth {
  if (tokens.words[tokens.at] === '(') {
    tokens.at += 1
    const truth = readOr(tokens, target)
    if (next(tokens) !== ')') throw new NoMarker()
    return truth
  }
  const left = next(tokens)
  const operator = readOperator(tokens)
  const right = next(tokens)
  const [variable, literal] = isLiteral(left) ? [right, left] : [left, right]
  if (isLiteral(variable) || !isLiteral(literal)) throw new NoMarker()
  const text = literal.slice(1, -1)
  if (variable === 'python_version' || variable === 'python_full_version')
    return isLiteral(left) ? undefined : comparePython(variable, operator, text, target.python)
  if (variable === 'extra' && target.extras !== undefined) return compareExtra(target.extras, operator, text)
  const value = valuesOf(target)[variable]
  return value === undefined ? undefined : compareText(value, operator, text, isLiteral(left))
}

function next(tokens: Tokens): string {
  const word = tokens.words[tokens.at]
  tokens.at += 1
  if (word === undefined) throw new NoMarker()
  return word
}

function readOperator(tokens: Tokens): string {
  const word = next(tokens)
  if (word !== 'not') return word
  if (next(tokens) !== 'in') throw new NoMarker()
  return 'not in'
}

function isLiteral(word: string): boolean {
  return word.startsWith("'") || word.startsWith('"')
}

/** A target is a minor version: of the full one, what holds for its first patch and for a late one holds. */
function comparePython(
  variable: 'python_version' | 'python_full_version',
  operator: string,
  text: string,
  python: PythonTarget | undefined,
): Truth {
  const specifiers = parseSpecifierSet(`${operator}${text}`)
  if (python === undefined || specifiers === undefined) return undefined
  const minor = `3.${python.minor}`
  const spelled = variable === 'python_version' ? [minor] : [`${minor}.0`, `${minor}.99`]
  const holds = spelled.map(version => {
    const parsed = parseVersion(version)
    return parsed !== undefined && specifiers.contains(parsed, 'allow')
  })
  return holds.every(hold => hold === holds[0]) ? holds[0] : undefined
}

function compareText(value: string, operator: string, text: string, reversed: boolean): Truth {
  const [left, right] = reversed ? [text, value] : [value, text]
  switch (operator) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case 'in':
      return right.includes(left)
    case 'not in':
      return !right.includes(left)
    default:
      return undefined
  }
}

/** Extras are compared normalised (PEP 685); of several that are asked for, each may make it true. */
function compareExtra(extras: ReadonlySet<string>, operator: string, text: string): Truth {
  const asked = extras.has(normaliseExtra(text))
  return operator === '==' ? asked : operator === '!=' ? !asked : undefined
}

const SYSTEMS = {
  linux: { sys_platform: 'linux', platform_system: 'Linux', os_name: 'posix' },
  macosx: { sys_platform: 'darwin', platform_system: 'Darwin', os_name: 'posix' },
  win: { sys_platform: 'win32', platform_system: 'Windows', os_name: 'nt' },
} as const

const WINDOWS: Readonly<Record<string, string>> = { win32: 'x86', win_amd64: 'AMD64', win_arm64: 'ARM64' }

/** The variables that a target settles. */
function valuesOf({ python, platform }: MarkerTarget): Readonly<Record<string, string | undefined>> {
  const cpython =
    python === undefined ? {} : { implementation_name: 'cpython', platform_python_implementation: 'CPython' }
  if (platform === undefined) return cpython
  const { text } = platform
  if (text.startsWith('win')) return { ...cpython, ...SYSTEMS.win, platform_machine: WINDOWS[text] }
  const [, arch] = /^(?:macosx_\d+_\d+|(?:many|musl)linux(?:_\d+_\d+|\d+)|linux)_(.+)$/.exec(text) ?? []
  return { ...cpython, ...(text.startsWith('macosx') ? SYSTEMS.macosx : SYSTEMS.linux), platform_machine: arch }
}

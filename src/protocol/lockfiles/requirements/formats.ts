import { type ProjectName, tryProjectName } from '../../../domain/packaging/name.ts'
import type { Lock } from '../lock.ts'
import type { FormatLine } from './parse.ts'

const ALL = ':all:'
const NONE = ':none:'

/** What `--no-binary` and `--only-binary` leave of every release, each taking from the other what it names (pip, `FormatControl`). */
export function formatsInForce(lines: readonly FormatLine[]): Pick<Lock, 'formats'> {
  if (lines.length === 0) return {}
  const named = { 'no-binary': new Set<string>(), 'only-binary': new Set<string>() }
  for (const { format, value } of lines)
    take(value.split(','), named[format], named[format === 'no-binary' ? 'only-binary' : 'no-binary'])
  const { 'no-binary': sources, 'only-binary': wheels } = named
  return {
    formats(project: ProjectName) {
      if (wheels.has(project)) return 'wheel'
      if (sources.has(project)) return 'sdist'
      return wheels.has(ALL) ? 'wheel' : sources.has(ALL) ? 'sdist' : 'any'
    },
  }
}

function take(words: readonly string[], target: Set<string>, other: Set<string>): void {
  const last = words.lastIndexOf(ALL)
  if (last >= 0) {
    other.clear()
    target.clear()
    target.add(ALL)
  }
  const behind = words.slice(last + 1)
  if (last >= 0 && !behind.includes(NONE)) return
  for (const word of behind) {
    const name = tryProjectName(word) ?? word
    if (word === NONE) target.clear()
    else {
      other.delete(name)
      target.add(name)
    }
  }
}

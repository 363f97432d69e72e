import { type ProjectName, tryProjectName } from './name.ts'
import { parseSpecifierSet, type SpecifierSet } from './specifier.ts'

/** What a distribution, or its build, needs of an index (PEP 508). */
export interface Dependency {
  readonly project: ProjectName
  /** normalised (PEP 685), sorted */
  readonly extras: readonly string[]
  readonly specifiers: SpecifierSet
  /** as written */
  readonly marker: string | undefined
}

const NAMED = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*([^;]*?)\s*(?:;(.*))?$/s
const LONGEST = 4096

/**
 * `demo[fast] (>=1.0,<2) ; python_version < "3.11"`. `undefined` for what is no dependency on an index: a direct URL, or text that
 * is none.
 */
export function parseDependency(text: string): Dependency | undefined {
  const [, name = '', extras = '', versions = '', marker] = NAMED.exec(text.slice(0, LONGEST).trim()) ?? []
  const project = text.length > LONGEST ? undefined : tryProjectName(name)
  const bare = versions.startsWith('(') && versions.endsWith(')') ? versions.slice(1, -1) : versions
  const specifiers = parseSpecifierSet(bare)
  if (project === undefined || specifiers === undefined) return undefined
  const named = extras
    .split(',')
    .map(extra => extra.trim())
    .filter(extra => extra !== '')
  if (!named.every(extra => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(extra))) return undefined
  return {
    project,
    extras: [...new Set(named.map(normaliseExtra))].sort(),
    specifiers,
    marker: marker === undefined || marker.trim() === '' ? undefined : marker.trim(),
  }
}

/** PEP 685: as names of projects. */
export function normaliseExtra(text: string): string {
  return text.replace(/[-_.]+/g, '-').toLowerCase()
}

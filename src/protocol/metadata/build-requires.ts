import { parse, TomlError } from 'smol-toml'

/** What a build takes from an index before it starts (PEP 518), as written. */
export interface BuildRequires {
  readonly requires: readonly string[]
  /** `assumed`: nobody wrote it down, and installers take setuptools */
  readonly from: 'declared' | 'assumed'
}

/**
 * PEP 517: "If the pyproject.toml file is absent, or the build-backend key is missing, the source tree is … using setuptools". pip up to
 * 24.0 wants wheel beside it.
 */
const ASSUMED: BuildRequires = { requires: ['setuptools>=40.8.0', 'wheel'], from: 'assumed' }

/** `[build-system].requires` of a pyproject.toml, or of a tree without one. A text says what is wrong with it. */
export function readBuildRequires(project: string | undefined): BuildRequires | string {
  if (project === undefined) return ASSUMED
  const system = systemIn(project)
  if (typeof system === 'string') return system
  if (system === undefined) return ASSUMED
  const { requires } = system
  const listed: readonly unknown[] | undefined = Array.isArray(requires) ? requires : undefined
  const texts = listed?.filter(it => typeof it === 'string')
  if (listed === undefined || texts?.length !== listed.length) return 'build-system.requires is not a list of texts'
  return { requires: texts, from: 'declared' }
}

function systemIn(project: string): Readonly<Record<string, unknown>> | string | undefined {
  try {
    const { 'build-system': system } = parse(project)
    if (system === undefined) return undefined
    return isTable(system) ? system : 'build-system is not a table'
  } catch (error) {
    if (error instanceof TomlError) return `not TOML: ${error.message.split('\n')[0] ?? ''}`
    if (error instanceof RangeError) return 'nested too deeply'
    throw error
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

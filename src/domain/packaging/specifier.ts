import {
  baseVersion,
  canonicalVersion,
  compareVersions,
  hasLocal,
  isPostRelease,
  isPrerelease,
  parseVersion,
  publicVersion,
  releaseOf,
  type Version,
} from './version.ts'

/** A PEP 440 version specifier set, such as `>=1.0, !=1.3.*`. */
export interface SpecifierSet {
  readonly text: string
  /** `prereleases: 'exclude'` leaves pre-releases out unless a clause names one, as installers do. */
  contains(version: Version, prereleases: 'allow' | 'exclude'): boolean
}

interface Clause {
  readonly namesPrerelease: boolean
  accepts(version: Version): boolean
}

const CLAUSE = /^(~=|==|!=|<=|>=|<|>|===)\s*([^\s,]+)$/

/** Parses a comma-separated set; `undefined` when any clause is not PEP 440's. The empty set accepts every version. */
export function parseSpecifierSet(text: string): SpecifierSet | undefined {
  const clauses: Clause[] = []
  for (const part of text.split(',')) {
    const trimmed = part.trim()
    if (trimmed === '') continue
    const clause = parseClause(trimmed)
    if (clause === undefined) return undefined
    clauses.push(clause)
  }
  const namesPrerelease = clauses.some(clause => clause.namesPrerelease)
  return {
    text: text.trim(),
    contains(version, prereleases) {
      if (prereleases === 'exclude' && !namesPrerelease && isPrerelease(version)) return false
      return clauses.every(clause => clause.accepts(version))
    },
  }
}

function parseClause(text: string): Clause | undefined {
  if (text.startsWith('===')) return arbitraryEquality(text.slice(3).trim())
  const match = CLAUSE.exec(text)
  const [, operator, operand] = match ?? []
  if (operator === undefined || operand === undefined) return undefined
  if (operand.endsWith('.*')) return prefixClause(operator, operand.slice(0, -2))
  const version = parseVersion(operand)
  if (version === undefined) return undefined
  const accepts = comparison(operator, version)
  // `>1.0a1`, `<1.0a1` and `!=1.0a1` name a pre-release without asking for one
  const invites = operator !== '!=' && operator !== '<' && operator !== '>'
  return accepts === undefined ? undefined : { accepts, namesPrerelease: invites && isPrerelease(version) }
}

function comparison(operator: string, operand: Version): Clause['accepts'] | undefined {
  switch (operator) {
    case '==':
      return version => equals(version, operand)
    case '!=':
      return version => !equals(version, operand)
    case '<=':
      return hasLocal(operand) ? undefined : version => compareVersions(publicVersion(version), operand) <= 0
    case '>=':
      return hasLocal(operand) ? undefined : version => compareVersions(publicVersion(version), operand) >= 0
    case '<':
      return hasLocal(operand) ? undefined : version => isBelow(version, operand)
    case '>':
      return hasLocal(operand) ? undefined : version => isAbove(version, operand)
    case '~=':
      return compatible(operand)
    default:
      return undefined
  }
}

/** An operand without a local part ignores the candidate's; with one, both must agree. */
function equals(version: Version, operand: Version): boolean {
  return compareVersions(hasLocal(operand) ? version : publicVersion(version), operand) === 0
}

/** `<V` does not accept pre-releases of V itself, unless V is one. */
function isBelow(version: Version, operand: Version): boolean {
  if (compareVersions(version, operand) >= 0) return false
  return isPrerelease(operand) || !isPrerelease(version) || !sameBase(version, operand)
}

/** `>V` accepts neither post-releases of V, unless V is one, nor local versions of V. */
function isAbove(version: Version, operand: Version): boolean {
  if (compareVersions(version, operand) <= 0) return false
  if (!isPostRelease(operand) && isPostRelease(version) && sameBase(version, operand)) return false
  return !(hasLocal(version) && sameBase(version, operand))
}

function sameBase(a: Version, b: Version): boolean {
  return canonicalVersion(baseVersion(a)) === canonicalVersion(baseVersion(b))
}

/** `~=2.2.post3` is `>=2.2.post3, ==2.*`. */
function compatible(operand: Version): Clause['accepts'] | undefined {
  const { epoch, release } = releaseOf(operand)
  if (release.length < 2 || hasLocal(operand)) return undefined
  const prefix = release.slice(0, -1)
  return version => compareVersions(publicVersion(version), operand) >= 0 && hasPrefix(version, epoch, prefix)
}

/** `==1.0.*`, `!=1.0.*`, and `==1.0a1.*`; a development release or local version cannot be a prefix. */
function prefixClause(operator: string, prefix: string): Clause | undefined {
  if (operator !== '==' && operator !== '!=') return undefined
  const version = parseVersion(prefix)
  if (version === undefined || hasLocal(version) || version.includes('dev')) return undefined
  const { epoch, release } = releaseOf(version)
  const suffix = suffixOf(version)
  const wanted = operator === '=='
  return {
    namesPrerelease: wanted && isPrerelease(version),
    accepts: candidate => hasPrefix(candidate, epoch, release, suffix) === wanted,
  }
}

/**
 * Compares the segments of epoch and release, the candidate's padded with zeros (`1` matches `==1.0.*`), and where the
 * prefix goes on after them (`1.0a1.*`), that too.
 */
function hasPrefix(version: Version, epoch: bigint, prefix: readonly bigint[], suffix = ''): boolean {
  const candidate = releaseOf(version)
  if (candidate.epoch !== epoch || !prefix.every((number, index) => (candidate.release[index] ?? 0n) === number))
    return false
  if (suffix === '') return true
  const rest = suffixOf(publicVersion(version))
  return candidate.release.length <= prefix.length && (rest === suffix || rest.startsWith(`${suffix}.`))
}

/** What follows the release: `a1.post2.dev3`. */
function suffixOf(version: Version): string {
  return version.slice(baseVersion(version).length)
}

/** `===` compares text, ASCII case apart. */
function arbitraryEquality(operand: string): Clause | undefined {
  if (operand === '' || /\s/.test(operand)) return undefined
  const wanted = operand.toLowerCase()
  const parsed = parseVersion(operand)
  return {
    namesPrerelease: parsed !== undefined && isPrerelease(parsed),
    accepts: version => version.toLowerCase() === wanted,
  }
}

import { parseSpecifierSet, type SpecifierSet } from '../../domain/packaging/specifier.ts'
import { parseVersion } from '../../domain/packaging/version.ts'

/** A set with at least one clause: the empty set would mean every version without saying so. */
export function readVersions(text: string): SpecifierSet | undefined {
  return /[^\s,]/.test(text) ? parseSpecifierSet(text) : undefined
}

export function wrongVersions(text: string): string {
  return `must be a PEP 440 specifier set such as "==1.17.0"; found ${JSON.stringify(text)}`
}

/** Pre-releases count: what is pinned or revoked is meant whatever its kind. */
export function covering(versions: SpecifierSet | undefined): (version: string) => boolean {
  return text => {
    if (versions === undefined) return true
    const version = parseVersion(text)
    return version !== undefined && versions.contains(version, 'allow')
  }
}

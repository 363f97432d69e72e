import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import { canonicalVersion, compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { KnownPage } from '../find/indexes.ts'

/** Nothing of these projects passes, or nobody could say what would. */
const HOPELESS: ReadonlySet<RefusalCode> = new Set(['no-rule', 'rule-denies', 'project-quarantined', 'project-status'])
/** files that are looked at, and versions that are told */
const LOOKED_AT = 120
const TOLD = 5

/**
 * A sentence about versions that would pass instead, the newest first: those whose files are known to be admitted or, where
 * none is known, those that are offered with attestations. Nothing is asked of anybody for it.
 */
export function tellAlternatives(
  refused: Refused,
  page: KnownPage,
  foresee: (file: IndexFile) => 'admitted' | 'refused' | 'open',
): string | undefined {
  if (HOPELESS.has(refused.code) || refused.file.version === undefined) return undefined
  const files = page.index.files
    .filter(({ dist, yanked }) => dist !== undefined && yanked === false && dist.version !== refused.file.version)
    .slice(-LOOKED_AT)
  const passing = versionsOf(files.filter(file => foresee(file) === 'admitted'))
  if (passing.length > 0) return `Other versions that pass: ${passing.join(', ')}.`
  const offered = versionsOf(files.filter(file => file.provenance === 'offered' && foresee(file) === 'open'))
  return offered.length === 0 ? undefined : `Versions with attestations, not judged yet: ${offered.join(', ')}.`
}

function versionsOf(files: readonly IndexFile[]): readonly Version[] {
  const byRelease = new Map(
    files.flatMap(({ dist }) => (dist === undefined ? [] : [[canonicalVersion(dist.version), dist.version] as const])),
  )
  return [...byRelease.values()].sort((a, b) => compareVersions(b, a)).slice(0, TOLD)
}

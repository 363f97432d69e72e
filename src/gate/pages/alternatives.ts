import type { Clock } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { Refused, Verdict } from '../../domain/decide/verdict.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { Memory } from '../../ports/memory.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { Indexes } from '../find/indexes.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import type { Weigh } from '../judge/weigh.ts'
import type { Policies } from '../policy/policies.ts'
import { type ForeseenFile, foresee } from './listing.ts'

/** Nothing of these projects passes, or nobody could say what would. */
const HOPELESS: ReadonlySet<RefusalCode> = new Set(['no-rule', 'rule-denies', 'project-quarantined', 'project-status'])
/** files that are looked at, and versions that are told */
const LOOKED_AT = 120
const TOLD = 5

interface Options {
  readonly indexes: Indexes
  readonly memory: Memory
  readonly policies: Policies
  readonly sound: Sound
  readonly weigh: Weigh
  /** unguarded: what is told decides nothing */
  readonly clock: Clock
}

/**
 * Adds to a refusal what to install instead: versions that would pass, the newest first, those whose files are known to be
 * admitted or, where none is known, those that are offered with attestations. Nothing is asked of anybody for it.
 */
export function createAlternatives(options: Options): (verdict: Verdict) => Verdict {
  const { indexes, memory, policies, sound, weigh, clock } = options
  return verdict => {
    if (verdict.kind === 'admitted') return verdict
    const project = verdict.file.project as ProjectName
    const [page, known] = [indexes.atHand(project), memory.atHand(project)]
    if (page === undefined || known === undefined) return verdict
    const ground = { memory: known, policy: policies.current(), now: clock(), sound, weigh }
    const sentence = tellAlternatives(verdict, page, file => foresee(page, file, ground).kind)
    return sentence === undefined ? verdict : { ...verdict, notes: [...verdict.notes, sentence] }
  }
}

function tellAlternatives(
  refused: Refused,
  page: KnownPage,
  foreseen: (file: IndexFile) => ForeseenFile['kind'],
): string | undefined {
  if (HOPELESS.has(refused.code) || refused.file.version === undefined) return undefined
  const files = page.index.files
    .filter(({ dist, yanked }) => dist !== undefined && yanked === false && dist.version !== refused.file.version)
    .slice(-LOOKED_AT)
  const passing = versionsOf(files.filter(file => foreseen(file) === 'admitted'))
  if (passing.length > 0) return `Other versions that pass: ${passing.join(', ')}.`
  const offered = versionsOf(files.filter(file => file.provenance === 'offered' && foreseen(file) === 'open'))
  return offered.length === 0 ? undefined : `Versions with attestations, not judged yet: ${offered.join(', ')}.`
}

function versionsOf(files: readonly IndexFile[]): readonly Version[] {
  const byRelease = new Map(
    files.flatMap(({ dist }) => (dist === undefined ? [] : [[canonicalVersion(dist.version), dist.version] as const])),
  )
  return [...byRelease.values()].sort((a, b) => compareVersions(b, a)).slice(0, TOLD)
}

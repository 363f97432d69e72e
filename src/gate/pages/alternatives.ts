import type { Clock, Instant, Millis } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import type { Refused, Verdict } from '../../domain/decide/verdict.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { canonicalVersion, compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Memory } from '../../ports/memory.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { Indexes } from '../find/indexes.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import type { Weigh } from '../judge/weigh.ts'
import type { Policies } from '../policy/policies.ts'
import { type ForeseenFile, foresee } from './listing.ts'
import { nextChange } from './next-change.ts'

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
  readonly negativeTtl: Millis
  /** unguarded: what is told decides nothing */
  readonly clock: Clock
}

/** What was foreseen of files of one page, on the same ground. */
interface Looked {
  readonly policy: Policy
  readonly memory: ProjectMemory
  readonly since: Instant
  readonly until: Instant
  readonly kinds: Map<IndexFile, ForeseenFile['kind']>
}

/**
 * Adds to a refusal what to install instead: versions that would pass, the newest first, those whose files are known to be
 * admitted or, where none is known, those that are offered with attestations. Nothing is asked of anybody for it, and each file
 * is looked at once while page, policy and what is remembered are the same.
 */
export function createAlternatives(options: Options): (verdict: Verdict) => Verdict {
  const { indexes, memory, policies, sound, weigh, negativeTtl, clock } = options
  const looks = new WeakMap<KnownPage, Looked>()

  function lookedOn(page: KnownPage, known: ProjectMemory): Looked {
    const [policy, now] = [policies.current(), clock()]
    const before = looks.get(page)
    if (before?.policy === policy && before.memory.knowsAs(known) && now >= before.since && now < before.until)
      return before
    const until = nextChange(page.index.name, { policy, now, negativeTtl })
    const looked = { policy, memory: known, since: now, until, kinds: new Map() }
    looks.set(page, looked)
    return looked
  }

  return verdict => {
    if (verdict.kind === 'admitted') return verdict
    const project = verdict.file.project as ProjectName
    const [page, known] = [indexes.atHand(project), memory.atHand(project)]
    if (page === undefined || known === undefined) return verdict
    const { kinds, policy, since } = lookedOn(page, known)
    const ground = { memory: known, policy, now: since, sound, weigh }
    const sentence = tellAlternatives(verdict, page, file => {
      const kind = kinds.get(file) ?? foresee(page, file, ground).kind
      kinds.set(file, kind)
      return kind
    })
    return sentence === undefined ? verdict : { ...verdict, notes: [...verdict.notes, sentence] }
  }
}

function tellAlternatives(
  refused: Refused,
  page: KnownPage,
  foreseen: (file: IndexFile) => ForeseenFile['kind'],
): string | undefined {
  if (HOPELESS.has(refused.code) || refused.file.version === undefined) return undefined
  const files = lastOthers(page, refused.file.version)
  const passing = versionsOf(files.filter(file => foreseen(file) === 'admitted'))
  if (passing.length > 0) return `Other versions that pass: ${passing.join(', ')}.`
  const offered = versionsOf(files.filter(file => file.provenance === 'offered' && foreseen(file) === 'open'))
  return offered.length === 0 ? undefined : `Versions with attestations, not judged yet: ${offered.join(', ')}.`
}

/** The last files that a page lists of other versions and that are not yanked, in its order. */
function lastOthers({ index: { files } }: KnownPage, version: string): readonly IndexFile[] {
  const others: IndexFile[] = []
  for (let at = files.length - 1; at >= 0 && others.length < LOOKED_AT; at -= 1) {
    const file = files[at]
    if (file?.dist !== undefined && file.yanked === false && file.dist.version !== version) others.push(file)
  }
  return others.reverse()
}

function versionsOf(files: readonly IndexFile[]): readonly Version[] {
  const byRelease = new Map(
    files.flatMap(({ dist }) => (dist === undefined ? [] : [[canonicalVersion(dist.version), dist.version] as const])),
  )
  return [...byRelease.values()].sort((a, b) => compareVersions(b, a)).slice(0, TOLD)
}

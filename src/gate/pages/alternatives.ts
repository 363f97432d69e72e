import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import type { RefusalCode } from '../../domain/base/refusal.ts'
import { tellPassing, tellUnjudged } from '../../domain/decide/story.ts'
import type { Refused, Verdict } from '../../domain/decide/verdict.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { PythonTarget } from '../../domain/packaging/targets.ts'
import { canonicalVersion, compareVersions, type Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import type { Asker } from '../../flow/asker.ts'
import type { Memory } from '../../ports/memory.ts'
import type { IndexFile } from '../../protocol/simple/project-index.ts'
import type { Indexes } from '../find/indexes.ts'
import type { KnownPage } from '../find/known-page.ts'
import type { Sound } from '../find/sound.ts'
import type { Weigh } from '../judge/weigh.ts'
import type { Policies } from '../policy/policies.ts'
import { type ForeseenFile, foresee } from './listing.ts'
import { nextChange } from './next-change.ts'
import { candidatesOn, type Wanted, wantedBy } from './passing.ts'

/** Nothing of these projects passes, or nobody could say what would. */
const HOPELESS: ReadonlySet<RefusalCode> = new Set(['no-rule', 'rule-denies', 'project-quarantined'])
/** files that are looked at, and versions that are told */
const LOOKED_AT = 120
const TOLD = 5

interface Options {
  readonly indexes: Indexes
  /** of which nothing that is learned here goes further */
  readonly memory: Memory
  readonly policies: Policies
  readonly sound: Sound
  readonly weigh: Weigh
  readonly negativeTtl: Millis
  /** unguarded: what is told decides nothing */
  readonly clock: Clock
}

/** files that nobody judged yet and that are judged for one refusal, and how long it waits for that, ms */
const SOUGHT = 3
const PATIENCE = millis(1_500)
/** ms until it is tried again */
const SOUGHT_AGAIN = 60_000

/** A file that would pass. */
export interface Passing {
  readonly version: Version
  readonly filename: string
}

export interface Alternatives {
  /** Adds to a refusal what to install instead, by what is at hand: nothing is asked of anybody for it. */
  tell(verdict: Verdict): Verdict
  /**
   * The newest file of the project that passes; `undefined` where none is known. The first time that somebody asks of a page, the
   * newest that nobody has judged are judged; afterwards it is at hand. Throws nothing that is foreseen: it is advice.
   */
  passing(refused: Refused, python?: PythonTarget, asker?: Asker): Promise<Passing | undefined>
}

/** The first that passes, and what nobody has judged and would come before it. */
interface Found {
  readonly file: IndexFile | undefined
  readonly open: readonly IndexFile[]
}

/** What was foreseen of files of one page, on the same ground. */
interface Looked {
  readonly policy: Policy
  readonly memory: ProjectMemory
  readonly since: Instant
  readonly until: Instant
  readonly kinds: Map<IndexFile, ForeseenFile['kind']>
  /** by what was wanted for which Python */
  readonly found: Map<string, Found>
}

/**
 * What to install instead of a refused file: versions that would pass, the newest first, those whose files are known to be
 * admitted or, where none is known, those that are offered with attestations. Each file is looked at once while page, policy and what
 * is remembered are the same.
 */
export function createAlternatives(options: Options): Alternatives {
  const { indexes, memory, policies, sound, weigh, negativeTtl, clock } = options
  const looks = new WeakMap<KnownPage, Looked>()
  /** of which pages something was judged for this, and under which policy */
  const sought = new WeakMap<
    KnownPage,
    { readonly policy: Policy; readonly since: Instant; readonly done: Promise<void> }
  >()

  function lookedOn(page: KnownPage, known: ProjectMemory): Looked {
    const [policy, now] = [policies.current(), clock()]
    const before = looks.get(page)
    if (before?.policy === policy && before.memory.knowsAs(known) && now >= before.since && now < before.until)
      return before
    const until = nextChange(page.index, { policy, now, lasts: negativeTtl })
    const looked = { policy, memory: known, since: now, until, kinds: new Map(), found: new Map() }
    looks.set(page, looked)
    return looked
  }

  function foreseeOn(page: KnownPage, known: ProjectMemory): (file: IndexFile) => ForeseenFile['kind'] {
    return foreseeFor(page, lookedOn(page, known))
  }

  function foreseeFor(page: KnownPage, looked: Looked): (file: IndexFile) => ForeseenFile['kind'] {
    const { kinds, policy, since, memory: known } = looked
    const ground = { memory: known, policy, now: since, sound, weigh }
    return file => {
      const kind = kinds.get(file) ?? foresee(page, file, ground).kind
      kinds.set(file, kind)
      return kind
    }
  }

  function lookFor(wanted: Wanted, page: KnownPage, known: ProjectMemory): Found {
    const looked = lookedOn(page, known)
    const key = `${wanted.filename} ${wanted.python?.text}`
    const before = looked.found.get(key)
    if (before !== undefined) return before
    const foreseen = foreseeFor(page, looked)
    const open: IndexFile[] = []
    let file: IndexFile | undefined
    for (const candidate of candidatesOn(page, wanted).take(LOOKED_AT)) {
      const kind = foreseen(candidate)
      if (kind === 'open') open.push(candidate)
      if (kind !== 'admitted') continue
      file = candidate
      break
    }
    const version = file?.dist?.version
    const newer = open.filter(({ dist }) => version === undefined || dist?.version !== version)
    const found = { file, open: oneOfEach(newer).slice(0, SOUGHT) }
    looked.found.set(key, found)
    return found
  }

  /** Once in a while for a page and a policy: whoever comes meanwhile waits for the same. */
  function seek(page: KnownPage, open: readonly IndexFile[], asker: Asker | undefined): Promise<void> {
    const [policy, now] = [policies.current(), clock()]
    const before = sought.get(page)
    if (before?.policy === policy && now >= before.since && now - before.since < SOUGHT_AGAIN) return before.done
    const done = atMost(PATIENCE, Promise.all(open.map(file => judge(page, file, asker))))
    sought.set(page, { policy, since: now, done })
    return done
  }

  async function judge(page: KnownPage, file: IndexFile, asker: Asker | undefined): Promise<void> {
    try {
      const artifact = await sound.artifact(page, file)
      if (!('kind' in artifact)) await weigh.anyhow(artifact, asker)
    } catch (error) {
      if (!(error instanceof GateError)) throw error // whoever asks for the file is told why
    }
  }

  async function passing(refused: Refused, python?: PythonTarget, asker?: Asker): Promise<Passing | undefined> {
    const project = refused.file.project as ProjectName
    const page = indexes.atHand(project) ?? (await indexes.current(project, asker))
    if (page === undefined) return undefined
    const wanted = wantedBy(refused.file, python)
    let { file, open } = lookFor(wanted, page, await memory.of(project))
    if (open.length > 0) {
      await seek(page, open, asker)
      file = lookFor(wanted, page, await memory.of(project)).file
    }
    return file?.dist === undefined ? undefined : { version: file.dist.version, filename: file.filename }
  }

  return {
    tell(verdict) {
      if (verdict.kind === 'admitted') return verdict
      const project = verdict.file.project as ProjectName
      const [page, known] = [indexes.atHand(project), memory.atHand(project)]
      if (page === undefined || known === undefined) return verdict
      const sentence = tellAlternatives(verdict, page, foreseeOn(page, known))
      return sentence === undefined ? verdict : { ...verdict, notes: [...verdict.notes, sentence] }
    },
    async passing(refused, python, asker) {
      if (HOPELESS.has(refused.code)) return undefined
      try {
        return await passing(refused, python, asker)
      } catch (error) {
        if (error instanceof GateError) return undefined
        throw error
      }
    },
  }
}

async function atMost(length: Millis, done: Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<void>()
  const timer = setTimeout(over.resolve, length)
  try {
    await Promise.race([done, over.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** The first file of each version. */
function oneOfEach(files: readonly IndexFile[]): readonly IndexFile[] {
  return [...Map.groupBy(files, ({ dist }) => dist && canonicalVersion(dist.version)).values()].flatMap(
    ([first]) => first ?? [],
  )
}

function tellAlternatives(
  refused: Refused,
  page: KnownPage,
  foreseen: (file: IndexFile) => ForeseenFile['kind'],
): string | undefined {
  if (HOPELESS.has(refused.code) || refused.file.version === undefined) return undefined
  const files = lastOthers(page, refused.file.version)
  const passing = versionsOf(files.filter(file => foreseen(file) === 'admitted'))
  if (passing.length > 0) return tellPassing(passing)
  const offered = versionsOf(files.filter(file => file.provenance === 'offered' && foreseen(file) === 'open'))
  return offered.length === 0 ? undefined : tellUnjudged(offered)
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

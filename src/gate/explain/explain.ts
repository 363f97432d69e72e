import { GateError } from '../../domain/base/errors.ts'
import { type Instant, millis } from '../../domain/base/instant.ts'
import type { Refused } from '../../domain/decide/verdict.ts'
import type { History } from '../../domain/memory/history.ts'
import type { Artifact, FilePath } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { OURSELVES } from '../../flow/asker.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Integrity } from '../../ports/outward.ts'
import { type LockedFile, type LockedPackage, pinsFile } from '../../protocol/lockfiles/lock.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'
import { createIndexes } from '../find/indexes.ts'
import type { KnownPage } from '../find/known-page.ts'
import { createLocate } from '../find/locate.ts'
import { createSound } from '../find/sound.ts'
import { createUnoffered } from '../find/unoffered.ts'
import { createAlternatives, type Passing } from '../pages/alternatives.ts'
import { createExplainArtifact, type ExplainParts } from './explain-artifact.ts'
import { contradictIndex, type LocalFile, localArtifact, skipIndexSteps } from './explain-local.ts'
import { filesLetIn, filesOfRelease, newestVersion, spelledVersions } from './explain-release.ts'
import { anyhow, bareExplanation, type Explanation, type LockedExplanation } from './explanation.ts'
import { type Found, findAllLocked, findLocked } from './find-locked.ts'

/**
 * Judges for a person instead of a client: nothing is remembered, and a file is examined even where the policy refuses it
 * without a look, so that whoever signed it can be told. What only a gate knows (METADATA
 * that differed in a download) is not known here. Methods throw when the file cannot be found.
 */
export interface Explain {
  /**
   * A file on this machine. With `provenance` the upstream is not asked; without, the file must be listed with the same
   * sha256. Throws no-project, not-listed, internal, unknown-….
   */
  local(file: LocalFile, provenance: Uint8Array | undefined): Promise<Explanation>
  /** A listed file by its name. Throws bad-request, not-listed, internal, unknown-…. */
  byName(filename: string): Promise<Explanation>
  /** A listed file by its path at the gate. Throws not-listed, internal, unknown-…. */
  byPath(path: FilePath): Promise<Explanation>
  /**
   * The files that a lock allows of a release, in its order, and all others of the release where it leaves them open. A file that
   * the index does not list now as the lock has it is `not-listed`, and nothing here throws a GateError: each outcome has its own.
   * What is not `wanted` is not judged.
   */
  locked(locked: Locked, wanted?: Wanted): Promise<readonly LockedExplanation[]>
  /**
   * The newest file of the project that would pass instead of a refused one; a few that nobody judged yet are judged for it.
   * `undefined` where none is known.
   */
  passing(refused: Refused): Promise<Passing | undefined>
  /** Every listed file of a project, each judged when that is asked for. Throws no-project, internal, unknown-…. */
  listed(project: ProjectName): Promise<readonly ListedFile[]>
  /** What is remembered of a project. Throws unknown-…. */
  history(project: ProjectName): Promise<History>
  /** The policy that decides. */
  policy(): Policy
  /** Every listed file of a version, in the index's order; what is not `wanted` is not judged. Throws no-project, not-listed, internal, unknown-…. */
  release(project: ProjectName, version: Version, wanted?: Wanted): Promise<readonly Promise<Explanation>[]>
  /** The version that an installer takes of a project without being told one. Throws no-project, not-listed, internal, unknown-…. */
  newest(project: ProjectName): Promise<Version>
}

/** A file on the page of its project, and what becomes of it. */
export interface ListedFile {
  readonly file: IndexFile
  judge(): Promise<LockedExplanation>
}

export interface ExplainSettings {
  /** the moment at which exemptions are judged; `undefined` is now */
  readonly at: Instant | undefined
  /** bytes */
  readonly maxSize: number
  readonly isInternal: (project: ProjectName) => boolean
  /** whether somebody owns the name, so that none of the other sources may hear of it; default: nobody owns any */
  readonly isOwned?: (project: ProjectName) => boolean
}

/** One command is one look: what it read stays good until it ends. */
const WHOLE_RUN = millis(600_000)
/** Whoever looks at many projects looks at one after the other. */
const PAGES_KEPT = 32

type Look = (artifact: Artifact) => Promise<LockedExplanation>

export function createExplain(parts: ExplainParts, settings: ExplainSettings): Explain {
  const { policies, memory, events, clock, trust } = parts
  const { maxSize, isInternal, isOwned, at } = settings
  const times = { maxAge: WHOLE_RUN, maxStale: millis(0) }
  const indexes = createIndexes({
    index: parts.index,
    memory,
    events,
    clock,
    ...times,
    isInternal,
    unoffered: createUnoffered(),
    kept: PAGES_KEPT,
  })
  const lookalike = (project: ProjectName) => parts.index.lookalike?.(project)
  const sound = createSound({ indexes, memory, policies, maxSize, isInternal, isOwned, lookalike, clock })
  const locate = createLocate({ indexes, sound, memory, policies, isInternal, isOwned })
  const explain = createExplainArtifact(parts, at)
  const { negativeTtl } = parts
  const alternatives = createAlternatives({ indexes, policies, sound, clock, negativeTtl, ...explain.beside })
  const pages = createLimit({ running: 16, waiting: 100_000, what: 'pages' })

  async function explainLocated(located: Artifact | Refused, look: Look): Promise<LockedExplanation> {
    return 'kind' in located ? anyhow(bareExplanation(located.file, located)) : await look(located)
  }

  /** A file that a page lists; what cannot be determined of it is an outcome of its own. */
  async function explainListed(page: KnownPage, file: IndexFile): Promise<LockedExplanation> {
    return await explainOn(page.index, file, sound.artifact(page, file))
  }

  async function explainOn(
    { name, source }: ProjectIndex,
    file: IndexFile,
    locating: Promise<Artifact | Refused>,
  ): Promise<LockedExplanation> {
    const located = await orUnknown(locating)
    if (!(located instanceof GateError)) return await explainLocated(located, explain.remembering)
    const { filename, dist, sha256 } = file
    const its = source === undefined ? {} : { source }
    return anyhow(bareExplanation({ project: name, ...its, version: dist?.version, filename, sha256 }, located))
  }

  /** What the page does not list as the lock has it is an outcome of its own. */
  function explainUnlisted({ project, version }: Locked, file: LockedFile, error: GateError): LockedExplanation {
    const { filename = `a file of ${project} ${version}`, sha256 } = file
    return anyhow(bareExplanation({ project, version, filename, sha256 }, error))
  }

  /** Judged for the bytes at hand, with all that the index says of the name. */
  async function explainLocal({ filename, sha256, size }: LocalFile): Promise<Explanation> {
    const located = await orUnknown(locate.byFilename(filename.text))
    if (located instanceof GateError)
      return bareExplanation(
        { project: filename.project, version: filename.version, filename: filename.text, sha256 },
        located,
      )
    if ('kind' in located) return bareExplanation(located.file, located)
    const explanation = await explain.given({ ...located, sha256, size }, parts.integrity)
    return located.sha256 === sha256 ? explanation : contradictIndex(explanation, located.sha256, policies.current())
  }

  async function explainPackage(locked: Locked, wanted: Wanted): Promise<readonly LockedExplanation[]> {
    const { project } = locked
    await trust.settled() // what is remembered is remembered under a root
    const page = await pages.run(() => indexes.current(project))
    if (page === undefined) return await explainMoved(locked, wanted)
    return await Promise.all(
      chosenOf(findAllLocked(page, locked), nameOfFound, wanted).map(async it =>
        'error' in it ? explainUnlisted(locked, it.file, it.error) : await explainListed(page, it),
      ),
    )
  }

  /** Of a name that its source has lost, what others have: each file is the first's that lists it, as at the door. */
  async function explainMoved(locked: Locked, wanted: Wanted): Promise<readonly LockedExplanation[]> {
    const { project, version } = locked
    const outcomes = new Map<LockedFile, readonly LockedExplanation[]>()
    for (;;) {
      const files = locked.files.filter(file => !outcomes.has(file))
      const isMeant = (file: IndexFile) => pinsFile({ project, files }, file)
      const moved = files.length === 0 ? undefined : await indexes.elsewhere(project, isMeant, OURSELVES)
      if (moved === undefined) break
      const { page, was } = moved
      const release = { page: { index: page }, version, files: filesLetIn({ index: page }, version) }
      const found = files.flatMap(file => {
        const listed = findLocked(release, file)
        return listed instanceof GateError ? [] : [{ file, listed }]
      })
      if (found.length === 0) break
      for (const { file, listed } of found) {
        const chosen = chosenOf(listed, ({ filename }) => filename, wanted)
        const its = chosen.map(one => explainOn(page, one, sound.moved(page, one, was)))
        outcomes.set(file, await Promise.all(its))
      }
    }
    const error = new GateError('not-listed', indexes.unknown(project).detail)
    if (outcomes.size === 0) throw error
    return locked.files.flatMap(file => outcomes.get(file) ?? [explainUnlisted(locked, file, error)])
  }

  return {
    async local(file, provenance) {
      if (provenance === undefined) return await explainLocal(file)
      return skipIndexSteps(
        await explain.given(localArtifact(file, parts.index.sourceOf?.(file.filename.project)), handedOver(provenance)),
        policies.current(),
      )
    },
    byName: async filename => await explainLocated(await locate.byFilename(filename), explain.anew),
    byPath: async path => await explainLocated(await locate.byPath(path), explain.anew),
    passing: alternatives.passing,
    history: async project => (await memory.of(project)).history,
    policy: () => policies.current(),
    async locked(locked, wanted = all => new Set(all)) {
      try {
        return await explainPackage(locked, wanted)
      } catch (error) {
        if (!(error instanceof GateError)) throw error
        const named = chosenOf(namedIn(locked), ({ filename }) => filename, wanted)
        return named.map(file => anyhow(bareExplanation(file, error)))
      }
    },
    async listed(project) {
      await trust.settled() // what is remembered is remembered under a root
      const page = await pages.run(() => indexes.current(project))
      if (page === undefined) throw indexes.unknown(project)
      return page.index.files.map(file => ({ file, judge: () => explainListed(page, file) }))
    },
    async release(project, version, wanted = all => new Set(all)) {
      const page = await indexes.current(project)
      if (page === undefined) throw indexes.unknown(project)
      const files = filesOfRelease(page, version)
      if (files.length === 0)
        throw new GateError(
          'not-listed',
          `the index lists no file of ${project} ${version}${spelledVersions(page, version)}${indexes.whose(project)}`,
        )
      const chosen = chosenOf(files, ({ filename }) => filename, wanted)
      const explanations = chosen.map(file => explainListed(page, file))
      for (const explanation of explanations) explanation.catch(() => {}) // whoever reads them stops at the first that fails
      return explanations
    },
    async newest(project) {
      const page = await indexes.current(project)
      if (page === undefined) throw indexes.unknown(project)
      const version = newestVersion(page)
      if (version === undefined)
        throw new GateError('not-listed', `the index lists no file of ${project}${indexes.whose(project)}`)
      return version
    },
  }
}

/** Of files that are known by a name, those that somebody takes. */
export type Wanted = (filenames: readonly string[]) => ReadonlySet<string>

function nameOfFound(found: Found): string | undefined {
  return 'error' in found ? found.file.filename : found.filename
}

/** What has no name that says anything is not for anybody to leave out. */
function chosenOf<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string | undefined,
  wanted: Wanted,
): readonly Item[] {
  const chosen = wanted(items.flatMap(item => nameOf(item) ?? []))
  return items.filter(item => {
    const name = nameOf(item)
    return name === undefined || chosen.has(name)
  })
}

type Locked = Pick<LockedPackage, 'project' | 'version' | 'files' | 'open'>

/** The files that a lock names of a package, or the package itself where it names none. */
function namedIn({ project, version, files }: Locked): readonly Explanation['file'][] {
  const whole = `${project} ${version}`
  if (files.length === 0) return [{ project, version, filename: whole, sha256: undefined }]
  return files.map(({ filename, sha256 }) => ({ project, version, filename: filename ?? whole, sha256 }))
}

/** A document that somebody has at hand, instead of one that an index gives out. */
function handedOver(bytes: Uint8Array): Integrity {
  return { isOwnOrigin: () => false, provenance: async () => ({ kind: 'provenance', bytes }) }
}

/** "Cannot tell" as a value, for a file that is known apart from the index. */
async function orUnknown<Located>(locating: Promise<Located>): Promise<Located | GateError> {
  try {
    return await locating
  } catch (error) {
    if (error instanceof GateError && error.code.startsWith('unknown-')) return error
    throw error
  }
}

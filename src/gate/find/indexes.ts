import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import { isChanged } from '../../domain/memory/sighting.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { createOnce } from '../../flow/once.ts'
import { inSlices, stepsFor } from '../../flow/slices.ts'
import { mapInSteps, type Steps } from '../../flow/steps.ts'
import type { Events } from '../../observe/events.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Index } from '../../ports/outward.ts'
import type { ProjectIndex } from '../../protocol/simple/project-index.ts'
import { UnreadableStatus } from '../../protocol/simple/project-status.ts'
import { listedFile } from './artifacts.ts'
import { type KnownPage, knownPage } from './known-page.ts'

interface Remembered {
  /** `undefined`: the upstream said 404 */
  readonly page: KnownPage | undefined
  readonly validated: Instant
  /** while the upstream cannot answer, it is asked again only after this */
  readonly askAgain: Instant
}

/** A page this young is not asked for again because of what it lacks: whoever asks for nonsense costs one question in this time. */
const YOUNG = millis(5_000)
/** Ask again this long after a failure; until then a page that may stand in does. */
const AFTER_FAILURE = millis(5_000)

/** entries of one page that were left out and are named */
const MOST_TOLD = 5

/** files of a page that are learned at once: a millisecond or two */
const AT_ONCE = 1_000

/** Others have a turn in between. */
function* aTurn(): Steps<undefined> {
  yield
  return undefined
}

export interface Indexes {
  /**
   * The page, validated within `maxAge`, or within `maxStale` while the upstream cannot answer. `undefined` is the
   * upstream's 404. Throws `internal` without any packet, `unknown-…` when nothing may stand in.
   */
  current(project: ProjectName): Promise<KnownPage | undefined>
  /**
   * As `current`, for somebody who missed something on the page: asked for again where its last validation is more than
   * a few seconds old, so that a file is found as soon as the index lists it.
   */
  anew(project: ProjectName): Promise<KnownPage | undefined>
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(project: ProjectName): KnownPage | undefined
  /** As `current`, but a page whose serial went backwards is stood in for by the one before it (listings only). */
  listed(project: ProjectName): Promise<KnownPage | undefined>
}

interface Options {
  readonly index: Index
  readonly memory: Memory
  readonly events: Events
  readonly clock: Clock
  readonly maxAge: Millis
  readonly maxStale: Millis
  readonly isInternal: (project: ProjectName) => boolean
}

export function createIndexes(options: Options): Indexes {
  const { index, memory, events, clock, maxAge, maxStale, isInternal } = options
  const known = new LRUCache<ProjectName, Remembered>({
    maxSize: 100_000,
    sizeCalculation: remembered => 1 + (remembered.page?.index.files.length ?? 0),
  })
  const once = createOnce<KnownPage | undefined>()

  function fresh(remembered: Remembered | undefined, now: Instant): remembered is Remembered {
    if (remembered === undefined) return false
    const age = now - remembered.validated
    return age >= 0 && age <= maxAge
  }

  /** Only a page may stand in for an upstream that cannot answer, and only for so long. */
  function mayStandIn(
    remembered: Remembered | undefined,
    now: Instant,
  ): remembered is Remembered & { page: KnownPage } {
    if (remembered?.page === undefined) return false
    const age = now - remembered.validated
    return age >= 0 && age <= maxStale
  }

  async function revalidate(project: ProjectName): Promise<KnownPage | undefined> {
    const before = known.get(project)
    const now = clock()
    if (mayStandIn(before, now) && now < before.askAgain) return before.page
    try {
      const answer = await index.project(project, before?.page === undefined ? undefined : { etag: before.page.etag })
      const page =
        answer.kind === 'absent'
          ? undefined
          : answer.kind === 'unchanged'
            ? before?.page
            : await admitPage(answer.index, answer.etag)
      if (answer.kind === 'unchanged' && page === undefined)
        throw new GateError('unknown-upstream', 'the index answered 304 to a page that was never fetched')
      if (answer.kind === 'unchanged') await memory.learn(project, { reread: now })
      known.set(project, { page, validated: now, askAgain: now })
      return page
    } catch (error) {
      // that the status is another now is known, and what it was stands in for nothing
      if (error instanceof UnreadableStatus) known.delete(project)
      if (
        error instanceof UnreadableStatus ||
        !(error instanceof GateError) ||
        !error.code.startsWith('unknown-upstream') ||
        !mayStandIn(before, now)
      )
        throw error
      known.set(project, { ...before, askAgain: (clock() + AFTER_FAILURE) as Instant })
      return before.page
    }
  }

  async function admitPage(fresher: ProjectIndex, etag: string | undefined): Promise<KnownPage> {
    const { name, serial, status, files } = fresher
    const { serial: highest } = await memory.of(name)
    if (serial !== undefined && highest !== undefined && serial < highest) {
      const detail = `the serial of ${name} went back from ${highest} to ${serial}`
      events.emit({ type: 'alarm', alarm: 'serial-backwards', detail, untrusted: undefined })
      throw new GateError('unknown-index-changed', detail)
    }
    const listed = await stepsFor(files.length, mapInSteps(files, listedFile))
    const made = await stepsFor(files.length, knownPage(fresher, etag))
    const page = { at: clock(), status, files: listed }
    for (let from = 0; listed.length > AT_ONCE && from < listed.length; from += AT_ONCE) {
      await memory.learn(name, { listed: { at: page.at, files: listed.slice(from, from + AT_ONCE) } })
      await inSlices(aTurn())
    }
    const { sightings } = await memory.learn(name, { page, ...(serial === undefined ? {} : { serial }) })
    for (const file of files) if (isChanged(sightings, file)) tellChanged(name, file.filename)
    tellDoubts(fresher)
    return made
  }

  /** What of a page could not be believed, or was read although it is not as it must be: once for each new body. */
  function tellDoubts({ name: project, dropped, warnings = [] }: ProjectIndex): void {
    for (const detail of warnings) events.emit({ type: 'index-warning', project, detail, untrusted: undefined })
    if (dropped.length === 0) return
    const detail = `${dropped.length} of its entries were left out`
    events.emit({ type: 'index-warning', project, detail, untrusted: dropped.slice(0, MOST_TOLD) })
  }

  function tellChanged(project: ProjectName, filename: string): void {
    const detail = `${filename} of ${project} came back with another sha256`
    events.emit({ type: 'alarm', alarm: 'digest-changed', detail, untrusted: undefined })
  }

  function assertAskable(project: ProjectName): void {
    if (isInternal(project)) throw new GateError('internal', `${project} is an internal name`)
  }

  async function current(project: ProjectName): Promise<KnownPage | undefined> {
    assertAskable(project)
    const remembered = known.get(project)
    return fresh(remembered, clock()) ? remembered.page : await once(project, () => revalidate(project))
  }

  async function anew(project: ProjectName): Promise<KnownPage | undefined> {
    assertAskable(project)
    const remembered = known.get(project)
    const young = fresh(remembered, clock()) && clock() - remembered.validated < YOUNG
    return young ? remembered.page : await once(project, () => revalidate(project))
  }

  return {
    current,
    anew,
    atHand(project) {
      const remembered = known.get(project)
      return !isInternal(project) && fresh(remembered, clock()) ? remembered.page : undefined
    },
    async listed(project) {
      try {
        return await current(project)
      } catch (error) {
        const before = known.get(project)
        const changed = error instanceof GateError && error.code === 'unknown-index-changed'
        if (changed && mayStandIn(before, clock())) return before.page
        throw error
      }
    },
  }
}

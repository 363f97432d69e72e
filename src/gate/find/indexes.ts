import { LRUCache } from 'lru-cache'
import { GateError } from '../../domain/base/errors.ts'
import { type Clock, type Instant, type Millis, millis } from '../../domain/base/instant.ts'
import { tellUnknown, tellWhose } from '../../domain/decide/story.ts'
import type { ProjectMemory } from '../../domain/memory/project-memory.ts'
import { lasted, SECOND_OPINION } from '../../domain/memory/second-sight.ts'
import { standingOf } from '../../domain/memory/serial.ts'
import { isChanged } from '../../domain/memory/sighting.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { type Asker, OURSELVES } from '../../flow/asker.ts'
import { createOnce } from '../../flow/once.ts'
import { inSlices, stepsFor } from '../../flow/slices.ts'
import { mapInSteps, type Steps } from '../../flow/steps.ts'
import type { Events } from '../../observe/events.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Asking, Index } from '../../ports/outward.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'
import { UnreadableStatus } from '../../protocol/simple/project-status.ts'
import { listedFile, unreadFile } from './artifacts.ts'
import { type FullAnswers, isSettled, mayBeUnchanged, saysTheSame } from './full-answers.ts'
import { type KnownPage, knownPage } from './known-page.ts'
import { secondOpinion } from './second-opinion.ts'
import type { Unoffered } from './unoffered.ts'

interface Remembered {
  /** `undefined`: the upstream said 404 */
  readonly page: KnownPage | undefined
  /** that told the page */
  readonly answers: FullAnswers | undefined
  readonly validated: Instant
  /** while the upstream cannot answer, it is asked again only after this */
  readonly askAgain: Instant
}

/** A page this young is not asked for again because of what it lacks: whoever asks for nonsense costs one question in this time. */
const YOUNG = millis(5_000)
/** Ask again this long after a failure; until then a page that may stand in does. */
const AFTER_FAILURE = millis(5_000)

/** How often an index is asked that answers with what one of its nodes had before, where nothing may stand in. */
const NODES_ASKED = 3

/** The page of a node that is one change behind: no rollback, but not to be believed either. */
class Behind extends GateError {}
/** In line for a question to the upstream, where a page can stand in for the answer. */
const PATIENCE_WITH_A_PAGE = millis(500)
/** Names that the upstream did not know: there is no end of them, and they push no page out. */
const MOST_ABSENT = 10_000

/** entries of one page that were left out and are named */
const MOST_TOLD = 5

/** files of a page that are learned at once: a millisecond or two */
const AT_ONCE = 1_000

/** Others have a turn in between. */
function* aTurn(): Steps<undefined> {
  yield
  return undefined
}

/** A page as it was told of, or that there is none. */
type Told = Pick<Remembered, 'page' | 'answers'>

export interface Indexes {
  /**
   * The page, validated within `maxAge`, or within `maxStale` while the upstream cannot answer or cannot be asked for want of a
   * place. `undefined` is the upstream's 404. Throws `internal` without any packet, `unknown-…` when nothing may stand in.
   */
  current(project: ProjectName, asker?: Asker): Promise<KnownPage | undefined>
  /**
   * As `current`, for somebody who missed something on the page: asked for again where its last validation is more than
   * a few seconds old, so that a file is found as soon as the index lists it.
   */
  anew(project: ProjectName, asker?: Asker): Promise<KnownPage | undefined>
  /** Another source that has such a file of a name that its own has lost: see the port. */
  elsewhere(
    project: ProjectName,
    isMeant: (file: IndexFile) => boolean,
    asker: Asker,
  ): ReturnType<NonNullable<Index['elsewhere']>>
  /** `the index does not know flask`, with whose the name is where there are several sources. */
  unknown(project: ProjectName): GateError
  /** Whose it is, to be put behind such words; `''` where there is one source. */
  whose(project: ProjectName): string
  /** The same where it needs no waiting; `undefined` when it does. */
  atHand(project: ProjectName): KnownPage | undefined
  /** As `current`, but a page whose serial went backwards is stood in for by the one before it (listings only). */
  listed(project: ProjectName, asker?: Asker): Promise<KnownPage | undefined>
}

interface Options {
  readonly index: Index
  readonly memory: Memory
  readonly events: Events
  readonly clock: Clock
  readonly maxAge: Millis
  readonly maxStale: Millis
  readonly isInternal: (project: ProjectName) => boolean
  readonly unoffered: Pick<Unoffered, 'without'>
  /** pages that are kept at most; by default as many as take 128 MiB together, which are some 100,000 entries */
  readonly kept?: number
}

/** bytes of pages, about */
const MOST_KEPT = 128 * 1024 * 1024
/** of what is kept although its page is not known */
const LEAST = 1_024

export function createIndexes(options: Options): Indexes {
  const { index, memory, events, clock, maxAge, maxStale, isInternal, unoffered, kept } = options
  const known = new LRUCache<ProjectName, Remembered>({
    maxSize: MOST_KEPT,
    ...(kept === undefined ? {} : { max: kept }),
    sizeCalculation: ({ page }) => page?.weight ?? LEAST,
  })
  const absent = new LRUCache<ProjectName, Remembered>({ max: MOST_ABSENT })
  const once = createOnce<KnownPage | undefined>()

  /** A page of another source than the one that the name belongs to by now is nothing that is known. */
  function recall(project: ProjectName): Remembered | undefined {
    const remembered = known.get(project) ?? absent.get(project)
    const source = remembered?.page?.index.source
    return source === undefined || source === index.sourceOf?.(project) ? remembered : undefined
  }

  function remember(project: ProjectName, remembered: Remembered): void {
    const [here, there] = remembered.page === undefined ? [absent, known] : [known, absent]
    here.set(project, remembered)
    there.delete(project)
  }

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

  /** Nothing of a project is known before its first page: anybody can think up as many such names as he likes. */
  async function askingFor(project: ProjectName, asker: Asker, before: Remembered | undefined): Promise<Asking> {
    if (before?.page !== undefined)
      return mayStandIn(before, clock()) ? { asker, patience: PATIENCE_WITH_A_PAGE } : { asker }
    const { reading, sightings } = await memory.of(project)
    return { asker, sight: reading === undefined && sightings.size === 0 ? 'first' : 'known' }
  }

  async function revalidate(project: ProjectName, asker: Asker): Promise<KnownPage | undefined> {
    const before = recall(project)
    const now = clock()
    if (mayStandIn(before, now) && now < before.askAgain) return before.page
    try {
      const askWhole = before?.answers === undefined || !mayBeUnchanged(before.answers, now)
      const etag = askWhole ? undefined : before.page?.etag
      const answer = await index.project(project, { etag }, await askingFor(project, asker, before))
      const told =
        answer.kind === 'absent'
          ? { page: undefined, answers: undefined }
          : answer.kind === 'unchanged'
            ? await unchanged(project, before, now, asker)
            : await admitPage(answer, before, mayStandIn(before, now) ? 'may stand' : 'may not', asker)
      remember(project, { ...told, validated: now, askAgain: now })
      return told.page
    } catch (error) {
      // that the status is another now is known, and what it was stands in for nothing
      if (error instanceof UnreadableStatus) known.delete(project)
      if (
        error instanceof UnreadableStatus ||
        !(error instanceof GateError) ||
        !(
          error.code.startsWith('unknown-upstream') ||
          error.code === 'unknown-overloaded' ||
          error instanceof Behind
        ) ||
        !mayStandIn(before, now)
      )
        throw error
      // that there was no place for one client is nothing that another one has to wait for
      if (error.code !== 'unknown-overloaded')
        remember(project, { ...before, askAgain: (clock() + AFTER_FAILURE) as Instant })
      return before.page
    }
  }

  /** The page that is the same upstream, with what may be offered of it by now. */
  async function unchanged(
    project: ProjectName,
    before: Remembered | undefined,
    now: Instant,
    asker: Asker,
  ): Promise<Told> {
    if (before?.page === undefined)
      throw new GateError('unknown-upstream', 'the index answered 304 to a page that was never fetched')
    const { page, answers } = before
    const offered = unoffered.without(page.index)
    const same =
      offered === page.index ? page : await stepsFor(offered.files.length, knownPage(offered, page.etag), asker)
    if (answers !== undefined && isSettled(answers)) await readAgain(project, same, now)
    return { page: same, answers }
  }

  /** What has lasted since the page was read first is no single sight any more. */
  async function readAgain(project: ProjectName, { index: page }: KnownPage, now: Instant): Promise<void> {
    const { serial } = page
    const before = await memory.of(project)
    const read = await memory.learn(project, { reread: now, ...(serial === undefined ? {} : { serial }) })
    tellCorrected(before, await settleDisputes(page, before, read))
  }

  async function admitPage(
    { index: answered, etag }: { readonly index: ProjectIndex; readonly etag: string | undefined },
    known: Remembered | undefined,
    itsPage: 'may stand' | 'may not',
    asker: Asker,
  ): Promise<Told> {
    const fresher = itsPage === 'may not' ? await notBehind(answered) : answered
    const { name, serial, status, files, dropped } = fresher
    await assertForward(fresher)
    const before = await memory.of(name)
    const offered = unoffered.without(fresher)
    const listed = await stepsFor(files.length, mapInSteps(files, listedFile), asker)
    const told = await tellPage(offered, fresher === answered ? etag : undefined, known, asker)
    const unread = await stepsFor(
      dropped.length,
      mapInSteps(dropped, entry => unreadFile(entry, name)),
      asker,
    )
    const page = { at: told.answers.last, status, files: listed, unread: unread.flat() }
    for (let from = 0; listed.length > AT_ONCE && from < listed.length; from += AT_ONCE) {
      await memory.learn(name, { listed: { at: page.at, files: listed.slice(from, from + AT_ONCE) } })
      await inSlices(aTurn(), asker)
    }
    const read = await memory.learn(name, { page, ...(serial === undefined ? {} : { serial }) })
    const after = await settleDisputes(fresher, before, read)
    tellCorrected(before, after)
    for (const file of files) if (isChanged(after.sightings, file)) tellChanged(name, file.filename)
    if (told.page !== known?.page) tellDoubts(fresher)
    return told
  }

  /** A page that came whole: the one that is known where it says the same under the same ETag. */
  async function tellPage(
    page: ProjectIndex,
    etag: string | undefined,
    known: Remembered | undefined,
    asker: Asker,
  ): Promise<Told & { readonly answers: FullAnswers }> {
    const before = known?.page?.etag === etag ? known?.page : undefined
    const same = before !== undefined && (await stepsFor(page.files.length, saysTheSame(before.index, page), asker))
    const made = same ? before : await stepsFor(page.files.length, knownPage(page, etag), asker)
    const at = clock()
    return { page: made, answers: { first: (same ? known?.answers?.first : undefined) ?? at, last: at } }
  }

  /** Where there is no page that may stand in for the one of a node that is behind, another node is asked for its own. */
  async function notBehind(answered: ProjectIndex): Promise<ProjectIndex> {
    const { serials } = await memory.of(answered.name)
    let page = answered
    for (let asked = 1; asked < NODES_ASKED; asked += 1) {
      if (page.serial === undefined || standingOf(serials, page.serial) !== 'behind') return page
      const again = await index.project(page.name)
      if (again.kind !== 'page') return page
      page = again.index
    }
    return page
  }

  /** A page that went back is not believed, and neither is one that is behind; both count as a reading of their serial. */
  async function assertForward({ name, serial }: ProjectIndex): Promise<void> {
    const { serials: known } = await memory.of(name)
    if (serial === undefined || standingOf(known, serial) === 'current') return
    const { serials } = await memory.learn(name, { serial, serialAt: clock() })
    const standing = standingOf(serials, serial)
    const floors = `from ${known?.floor} to ${serial}`
    if (standing === 'current') return warn(name, `its serial went back ${floors}, which was read once and never again`)
    if (standing === 'behind')
      throw new Behind('unknown-index-changed', `the page of ${name} is behind: its serial went ${floors}`)
    const detail = `the serial of ${name} went back ${floors}`
    events.emit({ type: 'alarm', alarm: 'serial-backwards', detail, untrusted: undefined })
    throw new GateError('unknown-index-changed', detail)
  }

  /**
   * A first sha256 whose bytes nobody ever saw may have been one odd answer. Where the page goes on giving another one, the index is
   * asked in another way.
   */
  async function settleDisputes(
    { name, files }: ProjectIndex,
    { sightings: before }: ProjectMemory,
    read: ProjectMemory,
  ): Promise<ProjectMemory> {
    const disputed = files.flatMap(file => {
      const { filename, sha256 } = file
      const other = before.get(filename)?.other
      if (sha256 === undefined || other?.value !== sha256 || !lasted(other, clock(), SECOND_OPINION)) return []
      return isChanged(read.sightings, file) && !read.settled.has(filename) ? [{ filename, sha256 }] : []
    })
    if (disputed.length === 0) return read
    const agreed = await secondOpinion(index, name, disputed)
    return agreed.length === 0 ? read : await memory.learn(name, { agreed })
  }

  function tellCorrected({ project, sightings: before }: ProjectMemory, { sightings: after }: ProjectMemory): void {
    if (before === after) return
    for (const { filename, sha256 } of before.values())
      if (sha256 !== undefined && after.get(filename)?.sha256 !== sha256)
        warn(project, `the sha256 of ${filename} that it gave first, and whose bytes nobody had, was given once alone`)
  }

  function warn(project: ProjectName, detail: string): void {
    events.emit({ type: 'index-warning', project, detail, untrusted: undefined })
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

  async function current(project: ProjectName, asker: Asker = OURSELVES): Promise<KnownPage | undefined> {
    assertAskable(project)
    const remembered = recall(project)
    return fresh(remembered, clock()) ? remembered.page : await ask(project, asker)
  }

  async function anew(project: ProjectName, asker: Asker = OURSELVES): Promise<KnownPage | undefined> {
    assertAskable(project)
    const remembered = recall(project)
    const young = fresh(remembered, clock()) && clock() - remembered.validated < YOUNG
    return young ? remembered.page : await ask(project, asker)
  }

  function ask(project: ProjectName, asker: Asker): Promise<KnownPage | undefined> {
    return once(project, everybody => revalidate(project, everybody), asker)
  }

  function whose(project: ProjectName): string {
    return isInternal(project) ? '' : tellWhose(index.whose?.(project))
  }

  return {
    current,
    anew,
    atHand(project) {
      const remembered = recall(project)
      return !isInternal(project) && fresh(remembered, clock()) ? remembered.page : undefined
    },
    unknown: project => new GateError('no-project', tellUnknown(project, index.whose?.(project))),
    whose,
    async elsewhere(project, isMeant, asker) {
      if (index.elsewhere === undefined || isInternal(project)) return undefined
      return await index.elsewhere(project, isMeant, { asker, sight: 'first' })
    },
    async listed(project, asker) {
      try {
        return await current(project, asker)
      } catch (error) {
        const before = recall(project)
        const changed = error instanceof GateError && error.code === 'unknown-index-changed'
        if (changed && mayStandIn(before, clock())) return before.page
        throw error
      }
    },
  }
}

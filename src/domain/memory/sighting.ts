import type { Sha256 } from '../base/digest.ts'
import { type Instant, instant } from '../base/instant.ts'
import type { FilePath, ProjectStatus } from '../packaging/artifact.ts'
import type { Version } from '../packaging/version.ts'
import { lasted, SECOND_SIGHT, SINGLE_SIGHT_LASTS, type Sight } from './second-sight.ts'

/** A file as a page lists it. */
export interface ListedFile {
  readonly path: FilePath
  readonly filename: string
  readonly sha256: Sha256 | undefined
  /** `undefined` for what is neither wheel nor sdist */
  readonly version: Version | undefined
  readonly uploaded: Instant | undefined
  /** the page offers provenance for it */
  readonly offered: boolean
  readonly yanked: boolean
}

/** A page that was read whole. */
export interface PageRead {
  readonly at: Instant
  readonly status: ProjectStatus
  readonly files: readonly ListedFile[]
}

/** When a project's page was read last, and what it said of the project. */
export interface PageReading {
  readonly lastRead: Instant
  readonly status: ProjectStatus
  readonly statusSince: Instant
}

/** A file name of a project as it was seen: its first sha256 and upload time, and when it came, was missing and went. */
export interface Sighting {
  readonly filename: string
  /** the first that was given, or one that took its place before anybody had its bytes; `undefined` while none was given */
  readonly sha256: Sha256 | undefined
  /** another one that the page gives now */
  readonly other: Sight<Sha256> | undefined
  readonly firstSeen: Instant
  /** by the index's word; the first that it gave */
  readonly uploaded: Instant | undefined
  /** when provenance was offered first */
  readonly offered: Instant | undefined
  /** the last reading of the page without the file */
  readonly absent: Instant | undefined
  readonly path: FilePath
  readonly version: Version | undefined
  /** the last reading with it, once the page lists it no longer */
  readonly gone: Instant | undefined
  /** when it was first read as yanked; `undefined` while it is not */
  readonly yanked: Instant | undefined
  /** the reading that path, version, gone and yanked are as of */
  readonly asOf: Instant
}

/** By file name. */
export type Sightings = ReadonlyMap<string, Sighting>

/** Bytes of a file that were had or proved here, by its name: from then on its sha256 is what it is. */
export type SettledFiles = ReadonlyMap<string, SettledFile>

export interface SettledFile {
  readonly filename: string
  readonly sha256: Sha256
  readonly at: Instant
}

/** What a page is read against. */
interface ReadBefore {
  readonly sightings: Sightings
  readonly settled: SettledFiles
  readonly reading: PageReading | undefined
}

/**
 * What a page changes in what was seen of a project: the sightings that are new or different. A file that was not on the page
 * when it was read last was absent until then, or until now where that lies ahead: a clock was wrong.
 */
export function sightingsOn(memory: ReadBefore, page: PageRead): readonly Sighting[] {
  const { at, files } = page
  const fresh = freshSightings(memory, page)
  const listed = new Set(files.map(({ filename }) => filename))
  const before = readingBefore(memory, at)
  for (const sighting of memory.sightings.values())
    if (sighting.gone === undefined && !listed.has(sighting.filename))
      fresh.set(sighting.filename, { ...sighting, gone: before ?? sighting.firstSeen, asOf: later(sighting.asOf, at) })
  return [...fresh.values()]
}

/** The same of some of its files: of the others nothing is said. */
export function sightingsAmong(memory: ReadBefore, some: Pick<PageRead, 'at' | 'files'>): readonly Sighting[] {
  return [...freshSightings(memory, some).values()]
}

function readingBefore({ reading }: ReadBefore, at: Instant): Instant | undefined {
  return reading === undefined || reading.lastRead <= at ? reading?.lastRead : at
}

function freshSightings(memory: ReadBefore, { at, files }: Pick<PageRead, 'at' | 'files'>): Map<string, Sighting> {
  const { sightings: known, settled } = memory
  const before = readingBefore(memory, at)
  const fresh = new Map<string, Sighting>()
  for (const file of files) {
    const seen = fresh.get(file.filename) ?? known.get(file.filename)
    if (seen !== undefined && saysTheSame(seen, file)) continue
    const sighting =
      seen === undefined
        ? firstSighting(file, at, before)
        : { ...seenAgain(seen, file, at, before), ...digestAfter(seen, file.sha256, at, settled) }
    if (seen === undefined || !isSameSighting(seen, sighting)) fresh.set(file.filename, sighting)
  }
  return fresh
}

/** What it changes that the page is the same as when it was read last: another sha256 that it gives has lasted. */
export function sightingsAgain({ sightings, settled }: ReadBefore, at: Instant): readonly Sighting[] {
  return [...sightings.values()].flatMap(seen => {
    if (seen.other === undefined || seen.gone !== undefined) return []
    const sighting = { ...seen, ...digestAfter(seen, seen.other.value, at, settled) }
    return isSameSighting(seen, sighting) ? [] : [sighting]
  })
}

/** What it changes that bytes were had of files: where somebody let go of the sha256, theirs is the first. */
export function sightingsHad(known: Sightings, had: readonly SettledFile[]): readonly Sighting[] {
  return had.flatMap(({ filename, sha256 }) => {
    const seen = known.get(filename)
    return seen === undefined || seen.sha256 !== undefined ? [] : [{ ...seen, sha256 }]
  })
}

/** What it changes that another document of the index, too, gives these sha256. */
export function sightingsAgreed(
  { sightings, settled }: ReadBefore,
  agreed: readonly Pick<SettledFile, 'filename' | 'sha256'>[],
): readonly Sighting[] {
  return agreed.flatMap(({ filename, sha256 }) => {
    const seen = sightings.get(filename)
    if (seen?.other?.value !== sha256 || settled.has(filename)) return []
    return [{ ...seen, sha256, other: undefined }]
  })
}

/**
 * The first sha256 stays, for good once its bytes were had or proved. One of which nobody ever saw the bytes gives way to another
 * that the page went on giving for {@link SECOND_SIGHT}.
 */
function digestAfter(
  { filename, sha256: first, other }: Sighting,
  sha256: Sha256 | undefined,
  at: Instant,
  settled: SettledFiles,
): Pick<Sighting, 'sha256' | 'other'> {
  if (sha256 === undefined) return { sha256: first, other }
  if (first === undefined || sha256 === first) return { sha256, other: undefined }
  if (settled.has(filename)) return { sha256: first, other: undefined }
  if (other?.value !== sha256 || at < other.since) return { sha256: first, other: { value: sha256, since: at } }
  return lasted(other, at, SECOND_SIGHT) ? { sha256, other: undefined } : { sha256: first, other }
}

/**
 * Whether a project that listed a file counts as one that it may belong to: while it lists it, and for good where it went on
 * listing it. One listing alone claims nothing for longer than {@link SINGLE_SIGHT_LASTS} after it is gone.
 */
export function claims({ firstSeen, gone, asOf }: Sighting, now: Instant): boolean {
  if (gone === undefined || gone - firstSeen >= SECOND_SIGHT) return true
  return asOf <= now && now - asOf < SINGLE_SIGHT_LASTS
}

/** Whether a file name comes with another sha256 than the first that was given for it. */
export function isChanged(known: Sightings, { filename, sha256 }: Pick<ListedFile, 'filename' | 'sha256'>): boolean {
  const first = known.get(filename)?.sha256
  return first !== undefined && sha256 !== undefined && sha256 !== first
}

/** The reading after this one; its time only rises. The same object where it says nothing new. */
export function readAgain(
  before: PageReading | undefined,
  { at, status }: Pick<PageRead, 'at' | 'status'>,
): PageReading {
  if (before === undefined) return { lastRead: at, status, statusSince: at }
  const lastRead = later(before.lastRead, at)
  if (before.status !== status) return { lastRead, status, statusSince: at }
  return lastRead === before.lastRead ? before : { ...before, lastRead }
}

/**
 * What two saw of one file. The earlier sight tells when it came and with which sha256, one with a sha256 before any without;
 * of two upload times the later counts, for neither may make a file older than the other knows it; provenance was offered
 * when it was first, and the file was missing when it was last; what changes is told by the later look. Associative,
 * commutative, and nothing when repeated.
 */
export function mergeSighting(one: Sighting, other: Sighting): Sighting {
  const { filename, sha256, firstSeen } = isFirst(one, other) ? one : other
  const { path, version, gone, yanked, asOf, other: another } = isLatest(one, other) ? one : other
  return {
    filename,
    sha256,
    other: another,
    firstSeen,
    uploaded: pick(Math.max, one.uploaded, other.uploaded),
    offered: pick(Math.min, one.offered, other.offered),
    absent: pick(Math.max, one.absent, other.absent),
    path,
    version,
    gone,
    yanked,
    asOf,
  }
}

/**
 * The later reading; of two of the same moment, the one whose status is older. Associative, commutative, and nothing when
 * repeated.
 */
export function mergeReading(one: PageReading | undefined, other: PageReading | undefined): PageReading | undefined {
  if (one === undefined || other === undefined) return one ?? other
  if (one.lastRead !== other.lastRead) return one.lastRead > other.lastRead ? one : other
  if (one.statusSince !== other.statusSince) return one.statusSince < other.statusSince ? one : other
  return one.status <= other.status ? one : other
}

/** The earlier, or the later, of two times that may be missing. */
function pick(
  choose: (...times: number[]) => number,
  one: Instant | undefined,
  other: Instant | undefined,
): Instant | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return instant(choose(one, other))
}

function firstSighting(file: ListedFile, at: Instant, before: Instant | undefined): Sighting {
  const { filename, sha256, path, version, uploaded, offered, yanked } = file
  return {
    filename,
    sha256,
    other: undefined,
    firstSeen: at,
    uploaded,
    offered: offered ? at : undefined,
    absent: before,
    path,
    version,
    gone: undefined,
    yanked: yanked ? at : undefined,
    asOf: at,
  }
}

function seenAgain(seen: Sighting, file: ListedFile, at: Instant, before: Instant | undefined): Sighting {
  const { path, version, uploaded, offered, yanked } = file
  return {
    ...seen,
    uploaded: seen.uploaded ?? uploaded,
    offered: seen.offered ?? (offered ? at : undefined),
    absent: seen.gone === undefined ? seen.absent : (before ?? seen.absent),
    path,
    version,
    gone: undefined,
    yanked: yanked ? (seen.yanked ?? at) : undefined,
    asOf: later(seen.asOf, at),
  }
}

/** Whether the file stands there as it was seen last, which is what most of a page does. */
function saysTheSame(seen: Sighting, file: ListedFile): boolean {
  return (
    seen.gone === undefined &&
    seen.path === file.path &&
    seen.version === file.version &&
    seen.other === undefined &&
    (file.sha256 === undefined || file.sha256 === seen.sha256) &&
    (seen.uploaded !== undefined || file.uploaded === undefined) &&
    (seen.offered !== undefined || !file.offered) &&
    (seen.yanked !== undefined) === file.yanked
  )
}

/** But for the reading that it is as of. */
function isSameSighting(one: Sighting, other: Sighting): boolean {
  return (
    one.sha256 === other.sha256 &&
    one.other?.value === other.other?.value &&
    one.other?.since === other.other?.since &&
    one.path === other.path &&
    one.version === other.version &&
    one.uploaded === other.uploaded &&
    one.offered === other.offered &&
    one.absent === other.absent &&
    one.gone === other.gone &&
    one.yanked === other.yanked
  )
}

/** With a sha256 before without, then by time, then by the sha256: some order, the same everywhere. */
function isFirst(one: Sighting, other: Sighting): boolean {
  if ((one.sha256 === undefined) !== (other.sha256 === undefined)) return one.sha256 !== undefined
  if (one.firstSeen !== other.firstSeen) return one.firstSeen < other.firstSeen
  return (one.sha256 ?? '') <= (other.sha256 ?? '')
}

/** By time, then by what it says. */
function isLatest(one: Sighting, other: Sighting): boolean {
  return one.asOf === other.asOf ? textOf(one) <= textOf(other) : one.asOf > other.asOf
}

function textOf({ path, version, gone, yanked, other }: Sighting): string {
  return JSON.stringify([path, version, gone, yanked, other?.value, other?.since])
}

function later(one: Instant, other: Instant): Instant {
  return one > other ? one : other
}

import type { Sha256 } from '../base/digest.ts'
import { type Instant, instant } from '../base/instant.ts'
import type { FilePath, ProjectStatus } from '../packaging/artifact.ts'
import type { Version } from '../packaging/version.ts'

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
  /** the first that was given; `undefined` while none was */
  readonly sha256: Sha256 | undefined
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

/**
 * What a page changes in what was seen of a project: the sightings that are new or different. `before` is the last reading: a
 * file that was not there then was absent until then.
 */
export function sightingsOn(known: Sightings, page: PageRead, before: Instant | undefined): readonly Sighting[] {
  const { at, files } = page
  const fresh = freshSightings(known, page, before)
  const listed = new Set(files.map(({ filename }) => filename))
  for (const sighting of known.values())
    if (sighting.gone === undefined && !listed.has(sighting.filename))
      fresh.set(sighting.filename, { ...sighting, gone: before ?? sighting.firstSeen, asOf: later(sighting.asOf, at) })
  return [...fresh.values()]
}

/** The same of some of its files: of the others nothing is said. */
export function sightingsAmong(
  known: Sightings,
  some: Pick<PageRead, 'at' | 'files'>,
  before: Instant | undefined,
): readonly Sighting[] {
  return [...freshSightings(known, some, before).values()]
}

function freshSightings(
  known: Sightings,
  { at, files }: Pick<PageRead, 'at' | 'files'>,
  before: Instant | undefined,
): Map<string, Sighting> {
  const fresh = new Map<string, Sighting>()
  for (const file of files) {
    const seen = fresh.get(file.filename) ?? known.get(file.filename)
    if (seen !== undefined && saysTheSame(seen, file)) continue
    const sighting = seen === undefined ? firstSighting(file, at, before) : seenAgain(seen, file, at, before)
    if (seen === undefined || !isSameSighting(seen, sighting)) fresh.set(file.filename, sighting)
  }
  return fresh
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
  const { path, version, gone, yanked, asOf } = isLatest(one, other) ? one : other
  return {
    filename,
    sha256,
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
  const { sha256, path, version, uploaded, offered, yanked } = file
  return {
    ...seen,
    sha256: seen.sha256 ?? sha256,
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
    (seen.sha256 !== undefined || file.sha256 === undefined) &&
    (seen.uploaded !== undefined || file.uploaded === undefined) &&
    (seen.offered !== undefined || !file.offered) &&
    (seen.yanked !== undefined) === file.yanked
  )
}

/** But for the reading that it is as of. */
function isSameSighting(one: Sighting, other: Sighting): boolean {
  return (
    one.sha256 === other.sha256 &&
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

function textOf({ path, version, gone, yanked }: Sighting): string {
  return JSON.stringify([path, version, gone, yanked])
}

function later(one: Instant, other: Instant): Instant {
  return one > other ? one : other
}

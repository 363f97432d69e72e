import type { Sha256 } from '../base/digest.ts'
import { type Instant, instant } from '../base/instant.ts'
import type { FilePath, ProjectStatus } from '../packaging/artifact.ts'
import type { Version } from '../packaging/version.ts'
import { type Offer, offerAfter } from './offer.ts'
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

/** A page that was read to its end. */
export interface PageRead {
  readonly at: Instant
  readonly status: ProjectStatus
  readonly files: readonly ListedFile[]
  /** file names of entries that could not be read, and `undefined` for those without one: what may be listed for all that we know */
  readonly unread: readonly (string | undefined)[]
}

/** When a project's page was read last, and what it said of the project. */
export interface PageReading {
  readonly lastRead: Instant
  readonly status: ProjectStatus
  readonly statusSince: Instant
  /** the first and the last reading that told all files there are; `undefined` while none did */
  readonly whole: { readonly first: Instant; readonly last: Instant } | undefined
}

/** A file name of a project as it was seen: its first sha256 and upload time, and when it came, was missing and went. */
export interface Sighting extends Offer {
  readonly filename: string
  /** the first that was given, or one that took its place before anybody had its bytes; `undefined` while none was given */
  readonly sha256: Sha256 | undefined
  /** another one that the page gives now; while none is known, the one that somebody let go of */
  readonly other: Sight<Sha256> | undefined
  readonly firstSeen: Instant
  /** by the index's word; the first that it gave, or a later one that came before that had lasted */
  readonly uploaded: Instant | undefined
  /** the last moment at which the file was not there with this sha256, by any reading of the page */
  readonly absent: Instant | undefined
  /** the last reading without the file of those that make no single sight: it was missing in several, {@link SECOND_SIGHT} apart */
  readonly missed: Instant | undefined
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
 * What a page changes in what was seen of a project: the sightings that are new or different. A file whose entry could not be
 * read is there, whatever it says, and so may be one that was there for long, where an entry has no name. Neither is offered.
 */
export function sightingsOn(memory: ReadBefore, page: PageRead): readonly Sighting[] {
  const { at, files } = page
  const fresh = freshSightings(memory, page)
  const listed = new Set(files.map(({ filename }) => filename))
  const unread = new Set(page.unread)
  const before = readingBefore(memory, at)
  for (const sighting of memory.sightings.values()) {
    const { filename, gone, firstSeen, offering } = sighting
    if (listed.has(filename)) continue
    const asOf = later(sighting.asOf, at)
    const left = { firstSeen, gone: before ?? firstSeen }
    const isThere = unread.has(filename) || (unread.has(undefined) && !isFleeting(left))
    const unoffered = { ...sighting, offering: undefined, asOf }
    if (gone !== undefined && unread.has(filename))
      fresh.set(filename, { ...unoffered, ...absenceOf(sighting, memory, at), gone: undefined })
    else if (gone === undefined && !isThere) fresh.set(filename, { ...unoffered, ...left })
    else if (gone === undefined && offering !== undefined) fresh.set(filename, unoffered)
  }
  return [...fresh.values()]
}

/** Whether a page tells all files there are, but for those that are known anyway. */
export function isWhole(known: Sightings, { files, unread }: PageRead): boolean {
  if (unread.length === 0) return true
  const listed = new Set(files.map(({ filename }) => filename))
  return unread.every(filename => filename !== undefined && (known.has(filename) || listed.has(filename)))
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
  const fresh = new Map<string, Sighting>()
  for (const file of files) {
    const seen = fresh.get(file.filename) ?? known.get(file.filename)
    if (seen !== undefined && saysTheSame(seen, file)) continue
    const sighting =
      seen === undefined
        ? firstSighting(file, at, memory)
        : withDigest(seenAgain(seen, file, at, memory), file.sha256, at, settled)
    if (seen === undefined || !isSameSighting(seen, sighting)) fresh.set(file.filename, sighting)
  }
  return fresh
}

/**
 * What it changes that the page is the same as when it was read last: another sha256 that it gives, or an offer that it makes, has
 * lasted. A sha256 that somebody let go of is none that it gives.
 */
export function sightingsAgain({ sightings, settled }: ReadBefore, at: Instant): readonly Sighting[] {
  return [...sightings.values()].flatMap(seen => {
    const { sha256, other, offering, gone } = seen
    if ((other === undefined && offering === undefined) || gone !== undefined) return []
    const given = sha256 === undefined ? undefined : other?.value
    const offer = offering === undefined ? seen : offerAfter(seen, true, at)
    const sighting = withDigest({ ...seen, ...offer }, given, at, settled)
    return isSameSighting(seen, sighting) ? [] : [sighting]
  })
}

/** What it changes that bytes were had of files: where somebody let go of the sha256, theirs is the first. */
export function sightingsHad(known: Sightings, had: readonly SettledFile[]): readonly Sighting[] {
  return had.flatMap(({ filename, sha256 }) => {
    const seen = known.get(filename)
    return seen === undefined || seen.sha256 !== undefined ? [] : [{ ...seen, sha256, other: undefined }]
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
    return [{ ...seen, ...isSince(seen, seen.other) }]
  })
}

/**
 * The first sha256 stays, for good once its bytes were had or proved. One of which nobody ever saw the bytes gives way to another
 * that the page went on giving for {@link SECOND_SIGHT}.
 */
function withDigest(seen: Sighting, sha256: Sha256 | undefined, at: Instant, settled: SettledFiles): Sighting {
  const { filename, sha256: first, other, firstSeen } = seen
  if (sha256 === undefined) return seen
  if (sha256 === first) return { ...seen, other: undefined }
  if (first === undefined) {
    const isAsBefore = other?.value === sha256 || at <= firstSeen
    return { ...seen, ...(isAsBefore ? { sha256, other: undefined } : isSince(seen, { value: sha256, since: at })) }
  }
  if (settled.has(filename)) return { ...seen, other: undefined }
  if (other?.value !== sha256 || at < other.since) return { ...seen, other: { value: sha256, since: at } }
  return lasted(other, at, SECOND_SIGHT) ? { ...seen, ...isSince(seen, other) } : seen
}

/** Bytes that were listed under this name since then are no older, whatever else was listed under it before. */
function isSince({ absent }: Sighting, { value, since }: Sight<Sha256>): Pick<Sighting, 'sha256' | 'other' | 'absent'> {
  return { sha256: value, other: undefined, absent: pick(Math.max, absent, since) }
}

/**
 * Whether a project that listed a file counts as one that it may belong to: while it lists it, and for good where it went on
 * listing it. One listing alone claims nothing for longer than {@link SINGLE_SIGHT_LASTS} after it is gone.
 */
export function claims(sighting: Sighting, now: Instant): boolean {
  const { asOf } = sighting
  return !isFleeting(sighting) || (asOf <= now && now - asOf < SINGLE_SIGHT_LASTS)
}

/** Whether a file was listed for less than a second sight takes, and is gone: one odd page may have made it up. */
export function isFleeting({ firstSeen, gone }: Pick<Sighting, 'firstSeen' | 'gone'>): boolean {
  return gone !== undefined && !lasted({ value: undefined, since: firstSeen }, gone, SECOND_SIGHT)
}

/** Whether a file name comes with another sha256 than the first that was given for it. */
export function isChanged(known: Sightings, { filename, sha256 }: Pick<ListedFile, 'filename' | 'sha256'>): boolean {
  const first = known.get(filename)?.sha256
  return first !== undefined && sha256 !== undefined && sha256 !== first
}

/** The reading after this one, which tells all files or not; its time only rises. The same object where it says nothing new. */
export function readAgain(
  before: PageReading | undefined,
  { at, status }: Pick<PageRead, 'at' | 'status'>,
  told: 'all files' | 'some files',
): PageReading {
  const whole = told === 'all files' ? spanOf(before?.whole, { first: at, last: at }) : before?.whole
  if (before === undefined) return { lastRead: at, status, statusSince: at, whole }
  const lastRead = later(before.lastRead, at)
  if (before.status !== status) return { lastRead, status, statusSince: at, whole }
  return lastRead === before.lastRead && whole === before.whole ? before : { ...before, lastRead, whole }
}

/** Whether the page that was read last told all files: then it does so where it is the same. */
export function wasWhole({ lastRead, whole }: PageReading): boolean {
  return whole?.last === lastRead
}

/** From the first of all to the last; the same object where it is as long. */
function spanOf(one: PageReading['whole'], other: PageReading['whole']): PageReading['whole'] {
  if (one === undefined || other === undefined) return one ?? other
  const [first, last] = [earlier(one.first, other.first), later(one.last, other.last)]
  return first === one.first && last === one.last ? one : { first, last }
}

/**
 * What two saw of one file. The earlier sight tells when it came and with which sha256, one with a sha256 before any without;
 * of two upload times the later counts, for neither may make a file older than the other knows it; provenance was offered, by an
 * offer that lasted, when it was first, and the file was missing when it was last; what changes is told by the later look. Associative,
 * commutative, and nothing when repeated.
 */
export function mergeSighting(one: Sighting, other: Sighting): Sighting {
  const { filename, sha256, firstSeen } = isFirst(one, other) ? one : other
  const { path, version, gone, yanked, asOf, offering, other: another } = isLatest(one, other) ? one : other
  return {
    filename,
    sha256,
    other: another,
    firstSeen,
    uploaded: pick(Math.max, one.uploaded, other.uploaded),
    offered: pick(Math.min, one.offered, other.offered),
    offering,
    absent: pick(Math.max, one.absent, other.absent),
    missed: pick(Math.max, one.missed, other.missed),
    path,
    version,
    gone,
    yanked,
    asOf,
  }
}

/**
 * The later reading; of two of the same moment, the one whose status is older; from the first that told all files to the last.
 * Associative, commutative, and nothing when repeated.
 */
export function mergeReading(one: PageReading | undefined, other: PageReading | undefined): PageReading | undefined {
  if (one === undefined || other === undefined) return one ?? other
  const reading = laterReading(one, other)
  const whole = spanOf(reading.whole, (reading === one ? other : one).whole)
  return whole === reading.whole ? reading : { ...reading, whole }
}

function laterReading(one: PageReading, other: PageReading): PageReading {
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

/** A file that comes for the first time was missing ever since the page was read whole. */
function firstSighting(file: ListedFile, at: Instant, { reading }: ReadBefore): Sighting {
  const { filename, sha256, path, version, uploaded, offered, yanked } = file
  return {
    filename,
    sha256,
    other: undefined,
    firstSeen: at,
    uploaded,
    offered: undefined,
    offering: offered ? at : undefined,
    ...(reading === undefined ? NEVER : absence(reading, reading.whole?.first, at)),
    path,
    version,
    gone: undefined,
    yanked: yanked ? at : undefined,
    asOf: at,
  }
}

function seenAgain(seen: Sighting, file: ListedFile, at: Instant, memory: ReadBefore): Sighting {
  const { path, version, uploaded, offered, yanked } = file
  return {
    ...seen,
    uploaded: uploadedAfter(seen, uploaded, memory, at),
    ...offerAfter(seen, offered, at),
    ...absenceOf(seen, memory, at),
    path,
    version,
    gone: undefined,
    yanked: yanked ? (seen.yanked ?? at) : undefined,
    asOf: later(seen.asOf, at),
  }
}

type Absence = Pick<Sighting, 'absent' | 'missed'>

const NEVER: Absence = { absent: undefined, missed: undefined }

/**
 * No later word makes a file older. One that makes it younger is taken while the first was given for less than {@link SECOND_SIGHT}:
 * too early a time makes all other files of the release late.
 */
function uploadedAfter(
  { uploaded: first, firstSeen, gone }: Sighting,
  uploaded: Instant | undefined,
  memory: ReadBefore,
  at: Instant,
): Instant | undefined {
  if (first === undefined || uploaded === undefined || uploaded <= first) return first ?? uploaded
  const last = earlier(gone ?? memory.reading?.lastRead ?? firstSeen, at)
  return lasted({ value: first, since: firstSeen }, last, SECOND_SIGHT) ? first : uploaded
}

/** A file that was gone was missing since the reading that told so. */
function absenceOf({ gone, asOf, absent, missed }: Sighting, { reading }: ReadBefore, at: Instant): Absence {
  if (gone === undefined || reading === undefined || reading.lastRead < asOf) return { absent, missed }
  const now = absence(reading, asOf, at)
  return { absent: pick(Math.max, absent, now.absent), missed: now.missed ?? missed }
}

/**
 * Of a file that was in no reading from the first on: until now where the last lies ahead, a clock was wrong. For what passes any reading
 * counts, whatever else on the page could not be read; for what stays, those that told all files.
 */
function absence({ lastRead, whole }: PageReading, first: Instant | undefined, at: Instant): Absence {
  const absent = earlier(lastRead, at)
  if (first === undefined || whole === undefined) return { absent, missed: undefined }
  const last = earlier(whole.last, at)
  return { absent, missed: lasted({ value: undefined, since: first }, last, SECOND_SIGHT) ? last : undefined }
}

/** Whether the file stands there as it was seen last, which is what most of a page does. */
function saysTheSame(seen: Sighting, file: ListedFile): boolean {
  return (
    seen.gone === undefined &&
    seen.path === file.path &&
    seen.version === file.version &&
    seen.other === undefined &&
    (file.sha256 === undefined || file.sha256 === seen.sha256) &&
    (file.uploaded === undefined || file.uploaded === seen.uploaded) &&
    (seen.offered !== undefined || (seen.offering === undefined && !file.offered)) &&
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
    one.offering === other.offering &&
    one.absent === other.absent &&
    one.missed === other.missed &&
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

function textOf({ path, version, gone, yanked, other, offering }: Sighting): string {
  return JSON.stringify([path, version, gone, yanked, other?.value, other?.since, offering])
}

function later(one: Instant, other: Instant): Instant {
  return one > other ? one : other
}

function earlier(one: Instant, other: Instant): Instant {
  return one < other ? one : other
}

import { hash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { Instant } from '../../domain/base/instant.ts'
import type { FilePath, ProjectStatus } from '../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Version } from '../../domain/packaging/version.ts'
import type { ListedFile, Sightings } from '../../ports/memory.ts'
import type { WriteBehind } from './write-behind.ts'

/** A file as it was seen: its first sha256 (`''` while none was given), its newest path, and when it came and went. */
export interface Sight {
  readonly filename: string
  readonly sha256: string
  readonly path: FilePath
  readonly firstSeen: Instant
  readonly version: Version | undefined
  readonly uploaded: Instant | undefined
  readonly offered: Instant | undefined
  readonly absent: Instant | undefined
  /** the last reading with it, once the page lists it no longer */
  readonly gone: Instant | undefined
  /** when it was first read as yanked; `undefined` while it is not */
  readonly yanked: Instant | undefined
}

export interface PageRead {
  readonly lastRead: Instant
  readonly status: ProjectStatus
  readonly statusSince: Instant
}

export interface PageRow {
  readonly last_read: number
  readonly status: ProjectStatus
  readonly status_since: number
}

export const SELECT_PAGE = 'select last_read, status, status_since from pages where project = ?'

export function pageOf({ last_read, status, status_since }: PageRow): PageRead {
  return { lastRead: last_read as Instant, status, statusSince: status_since as Instant }
}

/** A page as it was just read. */
export function readNow(before: PageRead | undefined, status: ProjectStatus, at: Instant): PageRead {
  return { lastRead: at, status, statusSince: before?.status === status ? before.statusSince : at }
}

export interface SightingsTable extends Sightings {
  /** By file name; what waits to be written is there too. */
  files(project: ProjectName): ReadonlyMap<string, Sight>
  page(project: ProjectName): PageRead | undefined
}

/** A page that was recorded whole, by its fingerprint, and what had changed in it. */
interface RecordedPage {
  readonly fingerprint: string
  readonly changed: readonly string[]
}

const PREFIX = '/packages/'

/** Columns of a sight in the order in which {@link sightOf} reads them. */
export const SIGHT_COLUMNS = `filename, lower(hex(coalesce(sha256, x''))), lower(hex(place)), first_seen, version, uploaded, offered,
  absent, gone, yanked`

export type SightRow = readonly [
  filename: string,
  sha256: string,
  place: string,
  firstSeen: number,
  version: string | null,
  uploaded: number | null,
  offered: number | null,
  absent: number | null,
  gone: number | null,
  yanked: number | null,
]

export function sightOf(row: SightRow): Sight {
  const [filename, sha256, place, firstSeen, version, uploaded, offered, absent, gone, yanked] = row
  const time = (at: number | null) => (at === null ? undefined : (at as Instant))
  return {
    filename,
    sha256,
    path: pathOf(place, filename),
    firstSeen: firstSeen as Instant,
    version: version === null ? undefined : (version as Version),
    uploaded: time(uploaded),
    offered: time(offered),
    absent: time(absent),
    gone: time(gone),
    yanked: time(yanked),
  }
}

/**
 * First sights are compared with one query for the whole page and written beside the request; a page that comes back
 * the same is known by its fingerprint and costs no SQL. Nothing of it is ever deleted: some 150 bytes a file.
 */
export function createSightingsTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
  changed: (project: ProjectName) => void,
): SightingsTable {
  const selectProject = database
    .prepare<[string, string], ProjectName>(
      'select project from files where place = unhex(?) and filename = ? order by first_seen limit 1',
    )
    .pluck()
  const selectListed = database
    .prepare<[string, string], number>('select 1 from files where project = ? and filename = ?')
    .pluck()
  const selectFiles = database.prepare<[string], SightRow>(`select ${SIGHT_COLUMNS} from files where project = ?`).raw()
  const upsertFile = database.prepare<(string | number | null)[]>(
    `insert into files (project, filename, sha256, place, first_seen, version, uploaded, offered, absent, gone, yanked)
     values (?, ?, unhex(?), unhex(?), ?, ?, ?, ?, ?, ?, ?)
     on conflict do update set sha256 = coalesce(files.sha256, excluded.sha256), place = excluded.place,
       version = excluded.version, uploaded = coalesce(files.uploaded, excluded.uploaded),
       offered = coalesce(files.offered, excluded.offered), absent = excluded.absent, gone = excluded.gone,
       yanked = excluded.yanked`,
  )
  const selectPage = database.prepare<[string], PageRow>(SELECT_PAGE)
  const upsertPage = database.prepare<[string, number, string, number]>(
    `insert into pages (project, last_read, status, status_since) values (?, ?, ?, ?)
     on conflict do update set last_read = max(last_read, excluded.last_read), status = excluded.status,
       status_since = excluded.status_since`,
  )
  const selectSerial = database.prepare<[string], number>('select serial from serials where project = ?').pluck()
  const upsertSerial = database.prepare<[string, number]>(
    'insert into serials (project, serial) values (?, ?) on conflict do update set serial = max(serial, excluded.serial)',
  )
  const pages = new LRUCache<ProjectName, RecordedPage>({ max: 10_000 })
  const reads = new LRUCache<ProjectName, PageRead>({ max: 10_000 })
  /** project, then file name: what is not written yet */
  const pending = new Map<ProjectName, Map<string, Sight>>()
  const pendingPaths = new Map<FilePath, ProjectName>()
  const pendingPages = new Map<ProjectName, PageRead>()
  const pendingSerials = new Map<ProjectName, number>()
  let pendingFiles = 0

  writes.add({
    size: () => pendingFiles,
    write(limit) {
      const sights = [
        ...pending
          .entries()
          .flatMap(([project, files]) => files.values().map(sight => ({ project, sight })))
          .take(limit),
      ]
      for (const { project, sight } of sights) upsertFile.run(...columnsOf(project, sight))
      return () => {
        for (const { project, sight } of sights) forget(project, sight)
      }
    },
  })
  writes.add({
    size: () => pendingPages.size,
    write(limit) {
      const rows = [...pendingPages.entries().take(limit)]
      for (const [project, { lastRead, status, statusSince }] of rows)
        upsertPage.run(project, lastRead, status, statusSince)
      return () => {
        for (const [project, read] of rows) if (pendingPages.get(project) === read) pendingPages.delete(project)
      }
    },
  })
  writes.add({
    size: () => pendingSerials.size,
    write(limit) {
      const serials = [...pendingSerials.entries().take(limit)]
      for (const [project, serial] of serials) upsertSerial.run(project, serial)
      return () => {
        for (const [project] of serials) pendingSerials.delete(project)
      }
    },
  })

  function keep(project: ProjectName, sight: Sight): void {
    let files = pending.get(project)
    if (files === undefined) {
      files = new Map()
      pending.set(project, files)
    }
    if (!files.has(sight.filename)) pendingFiles += 1
    files.set(sight.filename, sight)
    if (!pendingPaths.has(sight.path)) pendingPaths.set(sight.path, project)
  }

  /** What was written, unless something newer of the same file waits by now. */
  function forget(project: ProjectName, sight: Sight): void {
    const files = pending.get(project)
    if (files?.get(sight.filename) === sight && files.delete(sight.filename)) pendingFiles -= 1
    if (files?.size === 0) pending.delete(project)
    if (pendingPaths.get(sight.path) === project) pendingPaths.delete(sight.path)
  }

  function files(project: ProjectName): ReadonlyMap<string, Sight> {
    const rows = writes.ask('a page could not be compared with what was seen before', () => selectFiles.all(project))
    const known = new Map(rows.map(row => [row[0], sightOf(row)] as const))
    for (const [filename, sight] of pending.get(project) ?? []) known.set(filename, sight)
    return known
  }

  function page(project: ProjectName): PageRead | undefined {
    const known = pendingPages.get(project) ?? reads.get(project)
    if (known !== undefined) return known
    const row = writes.ask('a page could not be looked up', () => selectPage.get(project))
    if (row === undefined) return undefined
    const read = pageOf(row)
    reads.set(project, read)
    return read
  }

  function markRead(project: ProjectName, read: PageRead): void {
    writes.assertWriting()
    raise(read.lastRead)
    reads.set(project, read)
    pendingPages.set(project, read)
    writes.due()
  }

  /** Compares with first sights and keeps what is new. */
  function compare(project: ProjectName, listed: readonly ListedFile[], at: Instant): readonly string[] {
    const known = files(project)
    const before = page(project)?.lastRead
    const { changed: others, sights } = compareSights(known, listed, at, before)
    if (sights.length > 0) {
      writes.assertWriting()
      for (const sight of sights) keep(project, sight)
      writes.due()
      changed(project)
    }
    return others
  }

  function lastSerial(project: ProjectName): number | undefined {
    const waiting = pendingSerials.get(project)
    if (waiting !== undefined) return waiting
    return writes.ask('a serial could not be looked up', () => selectSerial.get(project))
  }

  return {
    files,
    page,
    projectOf(path) {
      const filename = path.slice(path.lastIndexOf('/') + 1)
      const written = writes.ask('a path could not be looked up', () => selectProject.get(placeOf(path), filename))
      // what is written was seen first
      return written ?? pendingPaths.get(path)
    },
    hasListed(project, filename) {
      if (pending.get(project)?.has(filename) === true) return true
      return writes.ask('a file name could not be looked up', () => selectListed.get(project, filename)) !== undefined
    },
    record(project, listed, { at, status }) {
      const fingerprint = fingerprintOf(listed)
      const before = pages.get(project)
      const others = before?.fingerprint === fingerprint ? before.changed : compare(project, listed, at)
      pages.set(project, { fingerprint, changed: others })
      markRead(project, readNow(page(project), status, at))
      return { changed: others }
    },
    reread(project, at) {
      const before = page(project)
      if (before !== undefined) markRead(project, { ...before, lastRead: at })
    },
    lastSerial,
    raiseSerial(project, serial) {
      writes.assertWriting()
      const highest = lastSerial(project)
      if (highest !== undefined && highest >= serial) return
      pendingSerials.set(project, serial)
      writes.due()
    },
  }
}

/**
 * What a page changes in what is known of a project. `before` is its last reading: a file that was not there then was
 * absent until then.
 */
export function compareSights(
  known: ReadonlyMap<string, Sight>,
  listed: readonly ListedFile[],
  at: Instant,
  before: Instant | undefined,
): { readonly changed: readonly string[]; readonly sights: readonly Sight[] } {
  const changed = new Set<string>()
  const fresh = new Map<string, Sight>()
  const present = new Set<string>()
  for (const file of listed) {
    const { filename, sha256 = '' } = file
    present.add(filename)
    const seen = fresh.get(filename) ?? known.get(filename)
    const sight = seen === undefined ? firstSight(file, at, before) : seenAgain(seen, file, at, before)
    if (sha256 !== '' && sight.sha256 !== sha256) changed.add(filename)
    if (seen === undefined || !isSame(seen, sight)) fresh.set(filename, sight)
  }
  for (const sight of known.values())
    if (!present.has(sight.filename) && sight.gone === undefined)
      fresh.set(sight.filename, { ...sight, gone: before ?? sight.firstSeen })
  return { changed: [...changed], sights: [...fresh.values()] }
}

function firstSight(file: ListedFile, at: Instant, before: Instant | undefined): Sight {
  const { filename, sha256, path, version, uploaded, offered, yanked } = file
  return {
    filename,
    sha256: sha256 ?? '',
    path,
    firstSeen: at,
    version,
    uploaded,
    offered: offered ? at : undefined,
    absent: before,
    gone: undefined,
    yanked: yanked ? at : undefined,
  }
}

function seenAgain(seen: Sight, file: ListedFile, at: Instant, before: Instant | undefined): Sight {
  const { sha256, path, version, uploaded, offered, yanked } = file
  return {
    ...seen,
    path,
    version,
    yanked: yanked ? (seen.yanked ?? at) : undefined,
    sha256: seen.sha256 === '' ? (sha256 ?? '') : seen.sha256,
    uploaded: seen.uploaded ?? uploaded,
    offered: seen.offered ?? (offered ? at : undefined),
    absent: seen.gone === undefined ? seen.absent : (before ?? seen.absent),
    gone: undefined,
  }
}

function isSame(one: Sight, other: Sight): boolean {
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

function fingerprintOf(files: readonly ListedFile[]): string {
  const text = files
    .map(({ path, filename, sha256 = '', version, uploaded, offered, yanked }) =>
      [path, filename, sha256, version, uploaded, offered, yanked].join(' '),
    )
    .join('\n')
  return hash('sha256', text, 'base64url')
}

function columnsOf(project: ProjectName, sight: Sight): (string | number | null)[] {
  const { filename, sha256, path, firstSeen, version, uploaded, offered, absent, gone, yanked } = sight
  return [
    project,
    filename,
    sha256 === '' ? null : sha256,
    placeOf(path),
    firstSeen,
    version ?? null,
    uploaded ?? null,
    offered ?? null,
    absent ?? null,
    gone ?? null,
    yanked ?? null,
  ]
}

/** The 64 hexadecimal digits of `/packages/aa/bb/<60>/<filename>`. */
function placeOf(path: FilePath): string {
  const from = PREFIX.length
  return path.slice(from, from + 2) + path.slice(from + 3, from + 5) + path.slice(from + 6, path.lastIndexOf('/'))
}

function pathOf(place: string, filename: string): FilePath {
  return `${PREFIX}${place.slice(0, 2)}/${place.slice(2, 4)}/${place.slice(4)}/${filename}` as FilePath
}

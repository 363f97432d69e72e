import type Database from 'better-sqlite3'
import { parseSha256, type Sha256 } from '../../../domain/base/digest.ts'
import { type Instant, instant } from '../../../domain/base/instant.ts'
import type { Sighting, Sightings } from '../../../domain/memory/sighting.ts'
import type { FilePath } from '../../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Version } from '../../../domain/packaging/version.ts'
import type { ListedAs } from '../../../ports/memory.ts'
import type { SourceId } from './sources-table.ts'

interface FilesTable {
  read(source: SourceId, project: ProjectName): Sightings
  /** By the rules of `domain/memory`, which made the sighting: an offer stays, a look only gets later. */
  write(source: SourceId, project: ProjectName, sighting: Sighting): void
  remove(source: SourceId, project: ProjectName, filename: string): void
  /** Those that list a file under this path, or listed one there last; the first to see it first. */
  projectsAt(source: SourceId, path: FilePath): readonly Owner[]
  /** The files of any project with this sha256. */
  listedAs(source: SourceId, sha256: Sha256): readonly ListedAs[]
}

/** A project that has a file under some path, and since when it has the file. */
export interface Owner {
  readonly project: ProjectName
  readonly firstSeen: Instant
}

type Row = readonly [
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
  asOf: number,
  other: string,
  otherSince: number | null,
  missed: number | null,
  offering: number | null,
]

/** Nothing of it is ever deleted: some 150 bytes a file. */
export function prepareFiles(database: Database.Database): FilesTable {
  const select = database
    .prepare<[SourceId, string], Row>(
      `select filename, lower(hex(sha256)), lower(hex(place)), first_seen, version, uploaded, offered, absent, gone,
         yanked, as_of, lower(hex(other)), other_since, missed, offering
       from files where source = ? and project = ?`,
    )
    .raw()
  const selectOwners = database.prepare<[string, string, SourceId], Owner>(
    `select project, first_seen as firstSeen from files where place = unhex(?) and filename = ? and source = ?
     order by first_seen, project`,
  )
  const remove = database.prepare<[SourceId, string, string]>(
    'delete from files where source = ? and project = ? and filename = ?',
  )
  const selectListed = database.prepare<[string, SourceId], ListedAs>(
    'select project, filename from files where sha256 = unhex(?) and source = ?',
  )
  const upsert = database.prepare<(string | number | null)[]>(
    `insert into files (source, project, filename, sha256, place, first_seen, version, uploaded, offered, absent, gone, yanked, as_of,
       other, other_since, missed, offering)
     values (?, ?, ?, unhex(?), unhex(?), ?, ?, ?, ?, ?, ?, ?, ?, unhex(?), ?, ?, ?)
     on conflict do update set sha256 = coalesce(excluded.sha256, files.sha256), place = excluded.place,
       version = excluded.version, uploaded = excluded.uploaded,
       offered = coalesce(files.offered, excluded.offered), absent = excluded.absent, gone = excluded.gone,
       yanked = excluded.yanked, as_of = max(files.as_of, excluded.as_of),
       other = excluded.other, other_since = excluded.other_since, missed = excluded.missed, offering = excluded.offering`,
  )

  return {
    read(source, project) {
      const sightings = select.all(source, project).map(sightingOf)
      return new Map(sightings.map(sighting => [sighting.filename, sighting] as const))
    },
    write: (source, project, sighting) => void upsert.run(source, project, ...columnsOf(sighting)),
    listedAs: (source, sha256) => selectListed.all(sha256, source),
    remove: (source, project, filename) => void remove.run(source, project, filename),
    projectsAt: (source, path) => selectOwners.all(placeOf(path), filenameIn(path), source),
  }
}

function sightingOf(row: Row): Sighting {
  const [filename, sha256, place, firstSeen, version, uploaded, offered, absent, gone, yanked, asOf, ...rest] = row
  const [another, since, missed, offering] = rest
  const other = parseSha256(another)
  return {
    filename,
    // '' while none was given
    sha256: parseSha256(sha256),
    other: other === undefined || since === null ? undefined : { value: other, since: instant(since) },
    firstSeen: instant(firstSeen),
    uploaded: timeOf(uploaded),
    offered: timeOf(offered),
    offering: timeOf(offering),
    absent: timeOf(absent),
    missed: timeOf(missed),
    path: pathOf(place, filename),
    version: version === null ? undefined : (version as Version),
    gone: timeOf(gone),
    yanked: timeOf(yanked),
    asOf: instant(asOf),
  }
}

function timeOf(at: number | null): Instant | undefined {
  return at === null ? undefined : instant(at)
}

function columnsOf(sighting: Sighting): (string | number | null)[] {
  const { filename, sha256, path, firstSeen, version, uploaded, offered, offering } = sighting
  const { absent, missed, gone, yanked, asOf, other } = sighting
  return [
    filename,
    sha256 ?? null,
    placeOf(path),
    firstSeen,
    version ?? null,
    uploaded ?? null,
    offered ?? null,
    absent ?? null,
    gone ?? null,
    yanked ?? null,
    asOf,
    other?.value ?? null,
    other?.since ?? null,
    missed ?? null,
    offering ?? null,
  ]
}

const PREFIX = '/packages/'

/** The 64 hexadecimal digits of `/packages/aa/bb/<60>/<filename>`. */
function placeOf(path: FilePath): string {
  const from = PREFIX.length
  return path.slice(from, from + 2) + path.slice(from + 3, from + 5) + path.slice(from + 6, path.lastIndexOf('/'))
}

function pathOf(place: string, filename: string): FilePath {
  return `${PREFIX}${place.slice(0, 2)}/${place.slice(2, 4)}/${place.slice(4)}/${filename}` as FilePath
}

function filenameIn(path: FilePath): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

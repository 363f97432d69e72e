import { hash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { FilePath } from '../domain/artifact.ts'
import type { Instant } from '../domain/instant.ts'
import type { ProjectName } from '../domain/name.ts'
import type { Sightings } from '../ports.ts'
import type { WriteBehind } from './write-behind.ts'

type SeenFile = Parameters<Sightings['record']>[1][number]

/** A file as it was seen: its first sha256 (`''` while none was given) and its newest path. */
interface Sight {
  readonly sha256: string
  readonly path: FilePath
}

interface PendingSight extends Sight {
  readonly project: ProjectName
  readonly filename: string
  readonly at: Instant
}

/** A page that was recorded whole, by its fingerprint, and what had changed in it. */
interface RecordedPage {
  readonly fingerprint: string
  readonly changed: readonly string[]
}

const PREFIX = '/packages/'

/**
 * First sights are compared with one query for the whole page and written beside the request; a page that comes back
 * the same is known by its fingerprint and costs no SQL.
 */
export function createSightingsTable(
  database: Database.Database,
  writes: WriteBehind,
  raise: (at: Instant) => void,
): Sightings {
  const selectProject = database
    .prepare<[string, string], ProjectName>(
      'select project from files where place = unhex(?) and filename = ? order by first_seen limit 1',
    )
    .pluck()
  const selectListed = database
    .prepare<[string, string], number>('select 1 from files where project = ? and filename = ?')
    .pluck()
  const selectFiles = database
    .prepare<[string], [string, string, string]>(
      `select filename, lower(hex(coalesce(sha256, x''))), lower(hex(place)) from files where project = ?`,
    )
    .raw()
  const upsertFile = database.prepare<[string, string, string | null, string, number]>(
    `insert into files (project, filename, sha256, place, first_seen) values (?, ?, unhex(?), unhex(?), ?)
     on conflict do update set sha256 = coalesce(files.sha256, excluded.sha256), place = excluded.place`,
  )
  const selectSerial = database.prepare<[string], number>('select serial from serials where project = ?').pluck()
  const upsertSerial = database.prepare<[string, number]>(
    'insert into serials (project, serial) values (?, ?) on conflict do update set serial = max(serial, excluded.serial)',
  )
  const pages = new LRUCache<ProjectName, RecordedPage>({ max: 10_000 })
  /** project, then file name: what is not written yet */
  const pending = new Map<ProjectName, Map<string, PendingSight>>()
  const pendingPaths = new Map<FilePath, ProjectName>()
  const pendingSerials = new Map<ProjectName, number>()
  let pendingFiles = 0

  writes.add({
    size: () => pendingFiles,
    write(limit) {
      const sights = [
        ...pending
          .values()
          .flatMap(files => files.values())
          .take(limit),
      ]
      for (const { project, filename, sha256, path, at } of sights)
        upsertFile.run(project, filename, sha256 === '' ? null : sha256, placeOf(path), at)
      return () => {
        for (const sight of sights) forget(sight)
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

  function keep(sight: PendingSight): void {
    let files = pending.get(sight.project)
    if (files === undefined) {
      files = new Map()
      pending.set(sight.project, files)
    }
    if (!files.has(sight.filename)) pendingFiles += 1
    files.set(sight.filename, sight)
    if (!pendingPaths.has(sight.path)) pendingPaths.set(sight.path, sight.project)
  }

  function forget({ project, filename, path }: PendingSight): void {
    const files = pending.get(project)
    if (files?.delete(filename)) pendingFiles -= 1
    if (files?.size === 0) pending.delete(project)
    if (pendingPaths.get(path) === project) pendingPaths.delete(path)
  }

  function knownFiles(project: ProjectName): ReadonlyMap<string, Sight> {
    const known = new Map<string, Sight>()
    const rows = writes.ask('a page could not be compared with what was seen before', () => selectFiles.all(project))
    for (const [filename, sha256, place] of rows) known.set(filename, { sha256, path: pathOf(place, filename) })
    for (const [filename, sight] of pending.get(project) ?? []) known.set(filename, sight)
    return known
  }

  /** Compares with first sights and keeps what is new. */
  function compare(project: ProjectName, files: readonly SeenFile[], at: Instant): readonly string[] {
    const known = knownFiles(project)
    const changed = new Set<string>()
    const news = new Map<string, PendingSight>()
    for (const { path, filename, sha256 = '' } of files) {
      const before = news.get(filename) ?? known.get(filename)
      const first = before === undefined || before.sha256 === '' ? sha256 : before.sha256
      if (sha256 !== '' && first !== sha256) changed.add(filename)
      if (before === undefined || before.path !== path || before.sha256 !== first)
        news.set(filename, { project, filename, sha256: first, path, at })
    }
    if (news.size > 0) {
      writes.assertWriting()
      for (const sight of news.values()) keep(sight)
      writes.due()
    }
    return [...changed]
  }

  function lastSerial(project: ProjectName): number | undefined {
    const waiting = pendingSerials.get(project)
    if (waiting !== undefined) return waiting
    return writes.ask('a serial could not be looked up', () => selectSerial.get(project))
  }

  return {
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
    record(project, files, at) {
      raise(at)
      const fingerprint = hash(
        'sha256',
        files.map(({ path, filename, sha256 = '' }) => `${path} ${filename} ${sha256}`).join('\n'),
        'base64url',
      )
      const before = pages.get(project)
      if (before?.fingerprint === fingerprint) return { changed: before.changed }
      const changed = compare(project, files, at)
      pages.set(project, { fingerprint, changed })
      return { changed }
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

/** The 64 hexadecimal digits of `/packages/aa/bb/<60>/<filename>`. */
function placeOf(path: FilePath): string {
  const from = PREFIX.length
  return path.slice(from, from + 2) + path.slice(from + 3, from + 5) + path.slice(from + 6, path.lastIndexOf('/'))
}

function pathOf(place: string, filename: string): FilePath {
  return `${PREFIX}${place.slice(0, 2)}/${place.slice(2, 4)}/${place.slice(4)}/${filename}` as FilePath
}

import type Database from 'better-sqlite3'
import { type Instant, instant } from '../../../domain/base/instant.ts'
import type { SerialState } from '../../../domain/memory/serial.ts'
import type { PageReading } from '../../../domain/memory/sighting.ts'
import type { ProjectStatus } from '../../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { SourceId } from './sources-table.ts'

interface PagesTable {
  /** Every project whose page was ever read, by name. */
  projects(source: SourceId): readonly ProjectName[]
  reading(source: SourceId, project: ProjectName): PageReading | undefined
  /** Its time only rises. */
  writeReading(source: SourceId, project: ProjectName, reading: PageReading): void
  serials(source: SourceId, project: ProjectName): SerialState | undefined
  /** As the rules of `domain/memory` left them; `undefined`: somebody let go of them. */
  writeSerials(source: SourceId, project: ProjectName, serials: SerialState | undefined): void
}

interface Row {
  readonly lastRead: Instant
  readonly status: ProjectStatus
  readonly statusSince: Instant
  readonly first: Instant | null
  readonly last: Instant | null
}

/** Projects as their pages told of them: when each was read last, what it said of the project, its serials. */
export function preparePages(database: Database.Database): PagesTable {
  const selectProjects = database
    .prepare<[SourceId], ProjectName>('select project from pages where source = ? order by project')
    .pluck()
  const selectReading = database.prepare<[SourceId, string], Row>(
    `select last_read as lastRead, status, status_since as statusSince, whole_first as first, whole_last as last
     from pages where source = ? and project = ?`,
  )
  const upsertReading = database.prepare<(number | string | null)[]>(
    `insert into pages (source, project, last_read, status, status_since, whole_first, whole_last)
     values (?, ?, ?, ?, ?, ?, ?)
     on conflict do update set last_read = max(last_read, excluded.last_read), status = excluded.status,
       status_since = excluded.status_since, whole_first = excluded.whole_first, whole_last = excluded.whole_last`,
  )

  const selectSerials = database.prepare<[SourceId, string], SerialRow>(
    'select serial, since, confirmed, before, doubt, doubt_since from serials where source = ? and project = ?',
  )
  const replaceSerials = database.prepare<(number | string | null)[]>(
    `insert or replace into serials (source, project, serial, since, confirmed, before, doubt, doubt_since)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const removeSerials = database.prepare<[SourceId, string]>('delete from serials where source = ? and project = ?')

  return {
    projects: source => selectProjects.all(source),
    reading(source, project) {
      const row = selectReading.get(source, project)
      if (row === undefined) return undefined
      const { first, last, ...reading } = row
      return { ...reading, whole: first === null || last === null ? undefined : { first, last } }
    },
    writeReading(source, project, { lastRead, status, statusSince, whole }) {
      const span = [whole?.first ?? null, whole?.last ?? null]
      upsertReading.run(source, project, lastRead, status, statusSince, ...span)
    },
    serials(source, project) {
      const row = selectSerials.get(source, project)
      return row === undefined ? undefined : serialsOf(row)
    },
    writeSerials(source, project, serials) {
      if (serials === undefined) return void removeSerials.run(source, project)
      const { floor, since, confirmed, before, doubt } = serials
      const doubted = [doubt?.value ?? null, doubt?.since ?? null]
      replaceSerials.run(source, project, floor, since, confirmed ? 1 : 0, before ?? null, ...doubted)
    },
  }
}

interface SerialRow {
  readonly serial: number
  readonly since: number
  readonly confirmed: number
  readonly before: number | null
  readonly doubt: number | null
  readonly doubt_since: number | null
}

function serialsOf({ serial, since, confirmed, before, doubt, doubt_since }: SerialRow): SerialState {
  return {
    floor: serial,
    since: instant(since),
    confirmed: confirmed === 1,
    before: before ?? undefined,
    doubt: doubt === null || doubt_since === null ? undefined : { value: doubt, since: instant(doubt_since) },
  }
}

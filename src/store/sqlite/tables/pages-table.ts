import type Database from 'better-sqlite3'
import type { Instant } from '../../../domain/base/instant.ts'
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
  serial(source: SourceId, project: ProjectName): number | undefined
  /** It only rises. */
  writeSerial(source: SourceId, project: ProjectName, serial: number): void
}

interface Row {
  readonly lastRead: Instant
  readonly status: ProjectStatus
  readonly statusSince: Instant
}

/** Projects as their pages told of them: when each was read last, what it said of the project, its highest serial. */
export function preparePages(database: Database.Database): PagesTable {
  const selectProjects = database
    .prepare<[SourceId], ProjectName>('select project from pages where source = ? order by project')
    .pluck()
  const selectReading = database.prepare<[SourceId, string], Row>(
    `select last_read as lastRead, status, status_since as statusSince from pages where source = ? and project = ?`,
  )
  const upsertReading = database.prepare<[SourceId, string, number, string, number]>(
    `insert into pages (source, project, last_read, status, status_since) values (?, ?, ?, ?, ?)
     on conflict do update set last_read = max(last_read, excluded.last_read), status = excluded.status,
       status_since = excluded.status_since`,
  )
  const selectSerial = database
    .prepare<[SourceId, string], number>('select serial from serials where source = ? and project = ?')
    .pluck()
  const upsertSerial = database.prepare<[SourceId, string, number]>(
    `insert into serials (source, project, serial) values (?, ?, ?)
     on conflict do update set serial = max(serial, excluded.serial)`,
  )

  return {
    projects: source => selectProjects.all(source),
    reading: (source, project) => selectReading.get(source, project),
    writeReading: (source, project, { lastRead, status, statusSince }) =>
      void upsertReading.run(source, project, lastRead, status, statusSince),
    serial: (source, project) => selectSerial.get(source, project),
    writeSerial: (source, project, serial) => void upsertSerial.run(source, project, serial),
  }
}

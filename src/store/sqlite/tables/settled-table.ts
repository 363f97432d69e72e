import type Database from 'better-sqlite3'
import { parseSha256 } from '../../../domain/base/digest.ts'
import { instant } from '../../../domain/base/instant.ts'
import type { SettledFile, SettledFiles } from '../../../domain/memory/sighting.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { SourceId } from './sources-table.ts'

interface SettledTable {
  read(source: SourceId, project: ProjectName): SettledFiles
  /** The first of a file stays. */
  write(source: SourceId, project: ProjectName, file: SettledFile): void
  remove(source: SourceId, project: ProjectName, filename: string): void
}

/** Files whose bytes were had or proved here, and with which sha256. */
export function prepareSettled(database: Database.Database): SettledTable {
  const select = database.prepare<[SourceId, string], { filename: string; sha256: string; at: number }>(
    'select filename, lower(hex(sha256)) as sha256, at from settled where source = ? and project = ?',
  )
  const insert = database.prepare<[SourceId, string, string, string, number]>(
    'insert into settled (source, project, filename, sha256, at) values (?, ?, ?, unhex(?), ?) on conflict do nothing',
  )
  const remove = database.prepare<[SourceId, string, string]>(
    'delete from settled where source = ? and project = ? and filename = ?',
  )
  return {
    read(source, project) {
      const files = select.all(source, project).flatMap(({ filename, sha256: hex, at }) => {
        const sha256 = parseSha256(hex)
        return sha256 === undefined ? [] : [[filename, { filename, sha256, at: instant(at) }] as const]
      })
      return new Map(files)
    },
    write: (source, project, { filename, sha256, at }) => void insert.run(source, project, filename, sha256, at),
    remove: (source, project, filename) => void remove.run(source, project, filename),
  }
}

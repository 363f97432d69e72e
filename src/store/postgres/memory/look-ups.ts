import { candidateProjects } from '../../../domain/packaging/filename.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { ListedAs, Memory } from '../../../ports/memory.ts'
import type { SourceId } from '../../sqlite/tables/sources-table.ts'
import type { Connection } from '../connection.ts'

/** What is asked across the projects of one source. */
export function createLookUps(
  connection: Connection,
  source: SourceId,
): Pick<Memory, 'projectOf' | 'names' | 'listedAs'> {
  return {
    async projectOf(path) {
      const filename = path.slice(path.lastIndexOf('/') + 1)
      const [owner] = await connection.ask<{ project: ProjectName }>(
        'a path could not be looked up',
        `select project from files where path = $1 and filename = $2 and source = $3 and project = any($4)
         order by first_seen, project collate "C" limit 1`,
        // a page may list anything: a name that cannot be of that project does not lead there
        [path, filename, source, candidateProjects(filename)],
      )
      return owner?.project
    },
    async names() {
      const rows = await connection.ask<{ project: ProjectName }>(
        'names of projects could not be read',
        'select project from projects where source = $1 and reading is not null order by project collate "C"',
        [source],
      )
      return rows.map(({ project }) => project)
    },
    listedAs: async sha256 =>
      await connection.ask<ListedAs>(
        'a sha256 could not be looked up',
        'select project, filename from files where sha256 = $1 and source = $2',
        [sha256, source],
      ),
  }
}

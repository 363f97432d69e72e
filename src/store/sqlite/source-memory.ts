import type { Sha256 } from '../../domain/base/digest.ts'
import { type Facts, learn, type ProjectMemory, timeOf } from '../../domain/memory/project-memory.ts'
import type { FilePath } from '../../domain/packaging/artifact.ts'
import { candidateProjects } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Memory } from '../../ports/memory.ts'
import type { Watermark } from '../../ports/store.ts'
import type { KnownMemories } from './known-memories.ts'
import type { Owner } from './tables/files-table.ts'
import type { LoadedMemory, prepareProjectTables } from './tables/project-tables.ts'
import type { SourceId } from './tables/sources-table.ts'
import type { WriteBehind } from './write-behind.ts'

interface Options {
  readonly tables: ReturnType<typeof prepareProjectTables>
  /** of all sources */
  readonly known: KnownMemories
  readonly writes: WriteBehind
  readonly watermark: Watermark
}

/** What is remembered of one source: in memory first, then one query a table; written beside the request. */
export function createSourceMemory(source: SourceId, { tables, known, writes, watermark }: Options): Memory {
  function loadedOf(project: ProjectName): LoadedMemory {
    const atHand = known.get(source, project)
    if (atHand !== undefined) return atHand
    const loaded = writes.ask('what is remembered of a project could not be read', () => tables.load(source, project))
    known.keep(source, loaded)
    return loaded
  }

  /** Nothing is waited for between what was known and what is known then: whoever else learns meanwhile is not forgotten. */
  function take(project: ProjectName, facts: Facts): ProjectMemory {
    writes.assertWriting()
    const { memory: before, characters } = loadedOf(project)
    const learned = learn(before, facts)
    const { memory } = learned
    const at = timeOf(facts)
    if (at !== undefined) watermark.raise(at)
    const rows = tables.rowsOf(source, learned)
    if (rows.rows.length > 0) {
      known.learn(source, { memory, characters }, rows)
      writes.due()
    }
    return memory
  }

  /** What waits counts as it is now, everything else as it is written. */
  function ownersOf(path: FilePath): readonly Owner[] {
    const candidates = candidateProjects(path.slice(path.lastIndexOf('/') + 1))
    const written = writes.ask('a path could not be looked up', () => tables.projectsAt(source, path))
    const filename = path.slice(path.lastIndexOf('/') + 1)
    const waiting = [...known.waiting(source)].flatMap(({ project, sightings }) => {
      const sighting = sightings.get(filename)
      return sighting?.path === path ? [{ project, firstSeen: sighting.firstSeen }] : []
    })
    const owners = [...written.filter(({ project }) => !known.isWaiting(source, project)), ...waiting]
    // a page may list anything: a name that cannot be of that project does not lead there
    return owners.filter(({ project }) => candidates.includes(project))
  }

  function isListed(sha256: Sha256): boolean {
    const isWaiting = [...known.waiting(source)].some(({ sightings }) =>
      sightings.values().some(sighting => sighting.sha256 === sha256),
    )
    return isWaiting || writes.ask('a sha256 could not be looked up', () => tables.isListed(source, sha256))
  }

  return {
    of: async project => loadedOf(project).memory,
    atHand: project => known.get(source, project)?.memory,
    learn: async (project, facts) => take(project, facts),
    isListed: async sha256 => isListed(sha256),
    projectOf: async path => ownersOf(path).toSorted(byFirstSight)[0]?.project,
  }
}

function byFirstSight(one: Owner, other: Owner): number {
  return one.firstSeen - other.firstSeen || (one.project < other.project ? -1 : 1)
}

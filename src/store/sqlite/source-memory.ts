import type Database from 'better-sqlite3'
import type { Sha256 } from '../../domain/base/digest.ts'
import { type Facts, learn, mergeMemories, type ProjectMemory, timeOf } from '../../domain/memory/project-memory.ts'
import type { Sightings } from '../../domain/memory/sighting.ts'
import { agrees, isEmpty, learnBeside, withUnclaimed } from '../../domain/memory/unclaimed.ts'
import type { FilePath } from '../../domain/packaging/artifact.ts'
import { candidateProjects } from '../../domain/packaging/filename.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { ListedAs, Memory } from '../../ports/memory.ts'
import type { Watermark } from '../../ports/store.ts'
import type { KnownMemories } from './known-memories.ts'
import type { Owner } from './tables/files-table.ts'
import type { LoadedMemory, prepareProjectTables } from './tables/project-tables.ts'
import type { Given, SourceId, SourcesTable } from './tables/sources-table.ts'
import type { WriteBehind } from './write-behind.ts'

interface Options {
  readonly database: Database.Database
  /** what was written before sources were told apart; `undefined` where nothing was */
  readonly unclaimed: SourceId | undefined
  readonly sources: Pick<SourcesTable, 'give'>
  readonly given: Given
  readonly tables: ReturnType<typeof prepareProjectTables>
  /** of all sources */
  readonly known: KnownMemories
  readonly writes: WriteBehind
  readonly watermark: Watermark
}

/**
 * What is remembered of one source: in memory first, then one query a table; written beside the request. What is nobody's counts by
 * the rules of `domain/memory/unclaimed.ts`.
 */
export function createSourceMemory(source: SourceId, options: Options): Memory {
  const { database, unclaimed, sources, given, tables, known, writes, watermark } = options
  const both = unclaimed === undefined ? [source] : [source, unclaimed]
  /** by the source's own memory and what is nobody's, which are values */
  const together = new WeakMap<ProjectMemory, { readonly nobodys: ProjectMemory; readonly memory: ProjectMemory }>()

  function loadedOf(project: ProjectName, of = source): LoadedMemory {
    const atHand = known.get(of, project)
    if (atHand !== undefined) return atHand
    const loaded = writes.ask('what is remembered of a project could not be read', () => tables.load(of, project))
    known.keep(of, loaded)
    return loaded
  }

  function withNobodys(own: ProjectMemory, nobodys: ProjectMemory): ProjectMemory {
    const before = together.get(own)
    if (before?.nobodys === nobodys) return before.memory
    const memory = withUnclaimed(own, nobodys)
    together.set(own, { nobodys, memory })
    return memory
  }

  /** What is nobody's of a project; nothing once it was given to somebody. */
  function nobodysOf(project: ProjectName): ProjectMemory | undefined {
    if (unclaimed === undefined || given.to(project).length > 0) return undefined
    const { memory } = loadedOf(project, unclaimed)
    return isEmpty(memory) ? undefined : memory
  }

  function memoryOf(project: ProjectName): ProjectMemory {
    const { memory } = loadedOf(project)
    const nobodys = nobodysOf(project)
    return nobodys === undefined ? memory : withNobodys(memory, nobodys)
  }

  function atHand(project: ProjectName): ProjectMemory | undefined {
    const own = known.get(source, project)?.memory
    if (own === undefined || unclaimed === undefined || given.to(project).length > 0) return own
    const nobodys = known.get(unclaimed, project)?.memory
    return nobodys === undefined ? undefined : withNobodys(own, nobodys)
  }

  /** A page that agrees with what is nobody's is given it, whatever its source knew already: once. */
  function giveWhereAgreed(project: ProjectName, { page }: Facts): void {
    if (unclaimed === undefined || page === undefined || given.to(project).includes(source)) return
    if (agrees(loadedOf(project, unclaimed).memory, page)) give(project, unclaimed)
  }

  function give(project: ProjectName, from: SourceId): void {
    writes.now('what was remembered could not be given to its source', () =>
      database
        .transaction(() => {
          tables.give(from, source, mergeMemories(tables.loadSeen(source, project), tables.loadSeen(from, project)))
          sources.give(project, source)
        })
        .immediate(),
    )
    given.add(project, source)
    known.forget(source, project)
  }

  /** Nothing is waited for between what was known and what is known then: whoever else learns meanwhile is not forgotten. */
  function take(project: ProjectName, facts: Facts): ProjectMemory {
    writes.assertWriting()
    giveWhereAgreed(project, facts)
    const nobodys = nobodysOf(project)
    const { memory: before, characters } = loadedOf(project)
    const learned = nobodys === undefined ? learn(before, facts) : learnBeside(before, nobodys, facts)
    const { memory } = learned
    const at = timeOf(facts)
    if (at !== undefined) watermark.raise(at)
    const rows = tables.rowsOf(source, learned)
    if (rows.rows.length > 0) {
      known.learn(source, { memory, characters }, rows)
      writes.due()
    }
    return nobodys === undefined ? memory : withNobodys(memory, nobodys)
  }

  /** What waits counts as it is now, everything else as it is written. */
  function ownersOf(path: FilePath): readonly Owner[] {
    const candidates = candidateProjects(path.slice(path.lastIndexOf('/') + 1))
    const written = writes.ask('a path could not be looked up', () =>
      both.flatMap(of =>
        tables.projectsAt(of, path).filter(({ project }) => of === source || given.to(project).length === 0),
      ),
    )
    const filename = path.slice(path.lastIndexOf('/') + 1)
    const waiting = candidates.flatMap(project => {
      const sighting = known.waitingOf(source, project)?.sightings.get(filename)
      return sighting?.path === path ? [{ project, firstSeen: sighting.firstSeen }] : []
    })
    const owners = [...written.filter(({ project }) => !known.isWaiting(source, project)), ...waiting]
    // a page may list anything: a name that cannot be of that project does not lead there
    return owners.filter(({ project }) => candidates.includes(project))
  }

  /** What waits counts as it is now, everything else as it is written. */
  function listedAs(sha256: Sha256): readonly ListedAs[] {
    const written = writes.ask('a sha256 could not be looked up', () => both.flatMap(of => tables.listedAs(of, sha256)))
    const waiting = [...known.waiting(source)].flatMap(({ project, sightings }) => {
      const filenames = bySha256(sightings).get(sha256) ?? []
      return filenames.map(filename => ({ project, filename }))
    })
    return [...written.filter(({ project }) => !known.isWaiting(source, project)), ...waiting]
  }

  return {
    of: async project => memoryOf(project),
    atHand,
    learn: async (project, facts) => take(project, facts),
    names: async () => writes.ask('names of projects could not be read', () => tables.projects(source)),
    listedAs: async sha256 => listedAs(sha256),
    projectOf: async path => ownersOf(path).toSorted(byFirstSight)[0]?.project,
  }
}

/** Sightings are values, and every `.metadata` that is fetched asks for one sha256 among those of all projects that wait. */
const filenames = new WeakMap<Sightings, ReadonlyMap<Sha256, readonly string[]>>()

function bySha256(sightings: Sightings): ReadonlyMap<Sha256, readonly string[]> {
  const known = filenames.get(sightings)
  if (known !== undefined) return known
  const made = new Map<Sha256, string[]>()
  for (const { filename, sha256 } of sightings.values()) {
    if (sha256 === undefined) continue
    const same = made.get(sha256)
    if (same === undefined) made.set(sha256, [filename])
    else same.push(filename)
  }
  filenames.set(sightings, made)
  return made
}

function byFirstSight(one: Owner, other: Owner): number {
  return one.firstSeen - other.firstSeen || (one.project < other.project ? -1 : 1)
}

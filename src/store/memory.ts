import type { Sha256 } from '../domain/base/digest.ts'
import { type Clock, type Instant, instant } from '../domain/base/instant.ts'
import type { SourceName } from '../domain/base/source-name.ts'
import { type NewestTime, recordedAt } from '../domain/memory/newest-time.ts'
import { learn, ProjectMemory, timeOf } from '../domain/memory/project-memory.ts'
import type { Sighting, Sightings } from '../domain/memory/sighting.ts'
import type { Source } from '../domain/memory/source.ts'
import type { FilePath } from '../domain/packaging/artifact.ts'
import { candidateProjects } from '../domain/packaging/filename.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { Events } from '../observe/events.ts'
import type { Belongings } from '../ports/belongings.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { ListedAs, Memory } from '../ports/memory.ts'
import type { JournalRow } from '../ports/records.ts'
import type { KeptRefusal, Store } from '../ports/store.ts'
import { createMemoryBlobs } from './memory-blobs.ts'

export interface MemoryStoreOptions {
  /** the gate's; nothing here reads the time by itself */
  readonly clock: Clock
  readonly events: Events
}

export interface MemoryStore {
  readonly store: Store
  readonly blobs: Blobs
  /** everything recorded so far, oldest first */
  readonly journal: readonly JournalRow[]
}

/** The inward ports without a disk: for commands that judge one file, and for tests. Forgets everything at the end. */
export function createMemoryStore({ events }: MemoryStoreOptions): MemoryStore {
  const journal: JournalRow[] = []
  return { store: createStore(journal), blobs: createMemoryBlobs(events), journal }
}

function createStore(journal: JournalRow[]): Store {
  const sources = new Map<Source, Memory>()
  const refusals = new Map<string, KeptRefusal>()
  const belongings = new Map<string, Belongings>()
  let time: NewestTime = { newest: instant(0), leap: undefined }

  function raise(at: Instant): void {
    time = recordedAt(time, at, performance.now())
  }

  return {
    async memory(source) {
      const memory = sources.get(source) ?? createMemory(raise)
      sources.set(source, memory)
      return memory
    },
    belongings(index) {
      const known = belongings.get(index) ?? createBelongings()
      belongings.set(index, known)
      return known
    },
    journal: {
      record(entry) {
        journal.push({ ...entry, count: 1 })
        raise(entry.at)
      },
      async flush() {},
    },
    refusals: {
      put(id, refused, at) {
        refusals.set(id, { refused, at })
        raise(at)
      },
      get: async id => refusals.get(id),
      watch() {}, // none ever goes
    },
    watermark: { newest: () => time.newest, raise },
    journalBytes: () => 0,
    async probe() {},
    async close() {},
  }
}

function createBelongings(): Belongings {
  const sources = new Map<ProjectName, SourceName>()
  let begun = false
  return {
    of: project => sources.get(project),
    remember(project, source) {
      const first = sources.get(project) ?? source
      sources.set(project, first)
      return first
    },
    hasBegun: () => begun,
    takeOver() {}, // nothing is kept for longer than an index has its place
    begin(known) {
      if (begun) return
      begun = true
      for (const [project, source] of known) if (!sources.has(project)) sources.set(project, source)
    },
  }
}

function createMemory(raise: (at: Instant) => void): Memory {
  const projects = new Map<ProjectName, ProjectMemory>()
  const paths = createPaths()
  const digests = new Map<Sha256, ListedAs[]>()

  function known(project: ProjectName): ProjectMemory {
    return projects.get(project) ?? ProjectMemory.of(project)
  }

  return {
    of: async project => known(project),
    atHand: known,
    async learn(project, facts) {
      const before = known(project)
      const { memory, sightings } = learn(before, facts)
      projects.set(project, memory)
      paths.move(project, before.sightings, sightings)
      for (const { sha256, filename } of sightings)
        if (sha256 !== undefined && before.sightings.get(filename)?.sha256 !== sha256)
          digests.set(sha256, [...(digests.get(sha256) ?? []), { project, filename }])
      const at = timeOf(facts)
      if (at !== undefined) raise(at)
      return memory
    },
    names: async () =>
      [...projects.values()].flatMap(({ reading, project }) => (reading === undefined ? [] : [project])),
    projectOf: async path => paths.firstAt(path),
    listedAs: async sha256 =>
      (digests.get(sha256) ?? []).filter(
        ({ project, filename }) => known(project).sightings.get(filename)?.sha256 === sha256,
      ),
  }
}

interface Paths {
  move(project: ProjectName, before: Sightings, after: readonly Sighting[]): void
  /** Of those that have a file there, the project that saw it first. */
  firstAt(path: FilePath): ProjectName | undefined
}

function createPaths(): Paths {
  const owners = new Map<FilePath, Map<ProjectName, Instant>>()
  return {
    move(project, before, after) {
      for (const { filename, path, firstSeen } of after) {
        const left = before.get(filename)?.path
        if (left !== undefined && left !== path) owners.get(left)?.delete(project)
        const here = owners.get(path) ?? new Map<ProjectName, Instant>()
        owners.set(path, here.set(project, firstSeen))
      }
    },
    firstAt(path) {
      const candidates = candidateProjects(path.slice(path.lastIndexOf('/') + 1))
      const [first] = [...(owners.get(path) ?? [])]
        .filter(([project]) => candidates.includes(project))
        .sort(([one, came], [other, cameThen]) => came - cameThen || (one < other ? -1 : 1))
      return first?.[0]
    },
  }
}

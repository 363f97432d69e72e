import type Database from 'better-sqlite3'
import type { Sha256 } from '../../../domain/base/digest.ts'
import type { LearnedFinding } from '../../../domain/memory/findings.ts'
import { type Learned, ProjectMemory } from '../../../domain/memory/project-memory.ts'
import type { FilePath } from '../../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { ListedAs } from '../../../ports/memory.ts'
import { encodeFinding } from '../../../verify/evidence/finding-codec.ts'
import { type Owner, prepareFiles } from './files-table.ts'
import { type FindingRow, prepareFindings } from './findings-table.ts'
import { preparePages } from './pages-table.ts'
import { prepareProofs } from './proofs-table.ts'
import { prepareSettled } from './settled-table.ts'
import type { SourceId } from './sources-table.ts'

/** A memory, and the characters of its findings that are kept as text. */
export interface LoadedMemory {
  readonly memory: ProjectMemory
  readonly characters: number
}

/** What was learned, as rows that are written one by one. */
export interface LearnedRows {
  readonly rows: readonly (() => void)[]
  /** of the findings among them */
  readonly characters: number
}

interface ProjectTables {
  /** Every project whose page was ever read, by name. */
  projects(source: SourceId): readonly ProjectName[]
  /** One query a table. */
  load(source: SourceId, project: ProjectName): LoadedMemory
  /** Without findings. */
  loadSeen(source: SourceId, project: ProjectName): ProjectMemory
  /** In this order: a page that is known as read has all its files known. */
  rowsOf(source: SourceId, learned: Learned): LearnedRows
  /** Writes what is otherwise in `after`, which somebody let go of something in, at once. */
  replace(source: SourceId, before: ProjectMemory, after: ProjectMemory): void
  /** What `to` knows of a project is `merged`, but for findings, of which it gets those of `from` beside its own, at once. */
  give(from: SourceId, to: SourceId, merged: ProjectMemory): void
  projectsAt(source: SourceId, path: FilePath): readonly Owner[]
  listedAs(source: SourceId, sha256: Sha256): readonly ListedAs[]
}

/** The tables that hold what is remembered of projects. */
export function prepareProjectTables(database: Database.Database): ProjectTables {
  const files = prepareFiles(database)
  const pages = preparePages(database)
  const proofs = prepareProofs(database)
  const findings = prepareFindings(database)
  const settled = prepareSettled(database)
  const removals = ['files', 'proofs', 'settled', 'pages', 'serials'].map(table =>
    database.prepare<[SourceId, string]>(`delete from ${table} where source = ? and project = ?`),
  )

  function loadSeen(source: SourceId, project: ProjectName): ProjectMemory {
    return ProjectMemory.of(project, {
      sightings: files.read(source, project),
      reading: pages.reading(source, project),
      proofs: proofs.read(source, project),
      settled: settled.read(source, project),
      serials: pages.serials(source, project),
    })
  }

  return {
    projects: source => pages.projects(source),
    load(source, project) {
      const kept = findings.read(source, project)
      return { memory: loadSeen(source, project).with({ findings: kept.findings }), characters: kept.characters }
    },
    loadSeen,
    rowsOf(source, { memory: { project }, ...learned }) {
      const found = learned.findings.map(finding => findingRow(source, project, finding))
      const { reading, serials: read } = learned
      const rows = [
        ...learned.sightings.map(sighting => () => files.write(source, project, sighting)),
        ...learned.proofs.map(proved => () => proofs.write(source, project, proved)),
        ...learned.settled.map(file => () => settled.write(source, project, file)),
        ...found.map(row => () => findings.write(row)),
        ...(reading === undefined ? [] : [() => pages.writeReading(source, project, reading)]),
        ...(read === undefined ? [] : [() => pages.writeSerials(source, project, read)]),
      ]
      return { rows, characters: found.reduce((sum, { finding }) => sum + finding.length, 0) }
    },
    replace(source, before, after) {
      const { project } = before
      for (const [filename, sighting] of before.sightings) {
        const left = after.sightings.get(filename)
        if (left === sighting) continue
        files.remove(source, project, filename)
        if (left !== undefined) files.write(source, project, left)
      }
      for (const filename of before.proofs.keys())
        if (!after.proofs.has(filename)) proofs.remove(source, project, filename)
      for (const filename of before.settled.keys())
        if (!after.settled.has(filename)) settled.remove(source, project, filename)
      if (after.serials !== before.serials) pages.writeSerials(source, project, after.serials)
    },
    give(from, to, { project, ...merged }) {
      for (const removal of removals) removal.run(to, project)
      for (const sighting of merged.sightings.values()) files.write(to, project, sighting)
      for (const proved of merged.proofs.values()) proofs.write(to, project, proved)
      for (const file of merged.settled.values()) settled.write(to, project, file)
      findings.copy(from, to, project)
      if (merged.reading !== undefined) pages.writeReading(to, project, merged.reading)
      if (merged.serials !== undefined) pages.writeSerials(to, project, merged.serials)
    },
    projectsAt: (source, path) => files.projectsAt(source, path),
    listedAs: (source, sha256) => files.listedAs(source, sha256),
  }
}

function findingRow(source: SourceId, project: ProjectName, { key, finding, found }: LearnedFinding): FindingRow {
  return { source, project, key, finding: encodeFinding(finding), found }
}

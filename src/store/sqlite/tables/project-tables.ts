import type Database from 'better-sqlite3'
import type { LearnedFinding } from '../../../domain/memory/findings.ts'
import { type Learned, ProjectMemory } from '../../../domain/memory/project-memory.ts'
import type { FilePath } from '../../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import { encodeFinding } from '../../../verify/evidence/finding-codec.ts'
import { type Owner, prepareFiles } from './files-table.ts'
import { type FindingRow, prepareFindings } from './findings-table.ts'
import { preparePages } from './pages-table.ts'
import { prepareProofs } from './proofs-table.ts'
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
  /** One query a table. */
  load(source: SourceId, project: ProjectName): LoadedMemory
  /** Without findings. */
  loadSeen(source: SourceId, project: ProjectName): ProjectMemory
  /** In this order: a page that is known as read has all its files known. */
  rowsOf(source: SourceId, learned: Learned): LearnedRows
  projectsAt(source: SourceId, path: FilePath): readonly Owner[]
}

/** The tables that hold what is remembered of projects. */
export function prepareProjectTables(database: Database.Database): ProjectTables {
  const files = prepareFiles(database)
  const pages = preparePages(database)
  const proofs = prepareProofs(database)
  const findings = prepareFindings(database)

  function loadSeen(source: SourceId, project: ProjectName): ProjectMemory {
    return ProjectMemory.of(project, {
      sightings: files.read(source, project),
      reading: pages.reading(source, project),
      proofs: proofs.read(source, project),
      serial: pages.serial(source, project),
    })
  }

  return {
    load(source, project) {
      const kept = findings.read(source, project)
      return { memory: loadSeen(source, project).with({ findings: kept.findings }), characters: kept.characters }
    },
    loadSeen,
    rowsOf(source, { memory: { project }, ...learned }) {
      const found = learned.findings.map(finding => findingRow(source, project, finding))
      const { reading, serial } = learned
      const rows = [
        ...learned.sightings.map(sighting => () => files.write(source, project, sighting)),
        ...learned.proofs.map(proved => () => proofs.write(source, project, proved)),
        ...found.map(row => () => findings.write(row)),
        ...(reading === undefined ? [] : [() => pages.writeReading(source, project, reading)]),
        ...(serial === undefined ? [] : [() => pages.writeSerial(source, project, serial)]),
      ]
      return { rows, characters: found.reduce((sum, { finding }) => sum + finding.length, 0) }
    },
    projectsAt: (source, path) => files.projectsAt(source, path),
  }
}

function findingRow(source: SourceId, project: ProjectName, { key, finding, found }: LearnedFinding): FindingRow {
  return { source, project, key, finding: encodeFinding(finding), found }
}

import { hash } from 'node:crypto'
import type Database from 'better-sqlite3'
import { parseSha256, type Sha256 } from '../../../domain/base/digest.ts'
import { instant } from '../../../domain/base/instant.ts'
import { type FindingKey, Findings, type RememberedFinding } from '../../../domain/memory/findings.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import { decodeFinding } from '../../../verify/evidence/finding-codec.ts'
import type { SourceId } from './sources-table.ts'

/** Findings that a trust root made: no failures under any root, no METADATA that differs. See `gate/judge/examine.ts`. */
export const OF_A_ROOT = `trust <> 'any' and trust not like 'metadata %'`

/** A finding as it is kept: what it is about, its text, and when it was found. */
export interface FindingRow {
  readonly source: SourceId
  readonly project: ProjectName
  readonly key: FindingKey
  readonly finding: string
  readonly found: number
}

/** What is kept of one project, and how many characters that is. */
export interface KeptFindings {
  readonly findings: Findings
  readonly characters: number
}

interface FindingsTable {
  /** Nothing is decoded, and no seal looked at, before it is asked for. */
  read(source: SourceId, project: ProjectName): KeptFindings
  /** The latest under a key stays. */
  write(row: FindingRow): void
  /** Those of the project whose seal is right are given to another source; where it has one under the same key, that stays. */
  copy(from: SourceId, to: SourceId, project: ProjectName): void
  /** The latest of these bytes under this name that a trust root made and that can be read. */
  latest(
    source: SourceId,
    project: ProjectName,
    file: Pick<FindingKey, 'sha256' | 'filename'>,
  ): RememberedFinding | undefined
}

/** Columns of a finding in the order in which {@link rowOf} reads them. */
const COLUMNS = 'source, project, lower(hex(sha256)), filename, trust, finding, found, seal'

type Columns = readonly [
  source: SourceId,
  project: ProjectName,
  sha256: string,
  filename: string,
  trust: string,
  finding: string,
  found: number,
  seal: Buffer,
]

export function prepareFindings(database: Database.Database): FindingsTable {
  const select = database
    .prepare<[SourceId, string], Columns>(`select ${COLUMNS} from findings where source = ? and project = ?`)
    .raw()
  const selectLatest = database
    .prepare<[SourceId, string, string, string], Columns>(
      `select ${COLUMNS} from findings
       where source = ? and project = ? and sha256 = unhex(?) and filename = ? and ${OF_A_ROOT} order by found desc`,
    )
    .raw()
  const upsert = database.prepare<[SourceId, string, string, string, string, string, number, Buffer]>(
    `insert into findings (source, project, sha256, filename, trust, finding, found, seal)
     values (?, ?, unhex(?), ?, ?, ?, ?, ?)
     on conflict do update set finding = excluded.finding, found = excluded.found, seal = excluded.seal`,
  )

  return {
    read(source, project) {
      const rows = select.all(source, project).flatMap(columns => sealedRow(columns) ?? [])
      const characters = rows.reduce((sum, { row }) => sum + row.finding.length, 0)
      return { findings: Findings.reading(rows.map(sealed => [sealed.row.key, () => readSealed(sealed)])), characters }
    },
    write(row) {
      const { source, project, key, finding, found } = row
      upsert.run(source, project, key.sha256, key.filename, key.trustDigest, finding, found, sealOf(row))
    },
    copy(from, to, project) {
      const own = new Set(select.all(to, project).map(keyText))
      for (const columns of select.all(from, project)) {
        const sealed = sealedRow(columns)
        if (sealed === undefined || own.has(keyText(columns)) || !sealOf(sealed.row).equals(sealed.seal)) continue
        this.write({ ...sealed.row, source: to })
      }
    },
    latest(source, project, { sha256, filename }) {
      for (const columns of selectLatest.all(source, project, sha256, filename)) {
        const sealed = sealedRow(columns)
        const read = sealed === undefined ? undefined : readSealed(sealed)
        if (read !== undefined) return read
      }
      return undefined
    },
  }
}

function keyText([, , sha256, filename, trust]: Columns): string {
  return JSON.stringify([sha256, filename, trust])
}

/** The findings of a project that are what was written, as they stand. */
export function prepareFindingRows(
  database: Database.Database,
): (source: SourceId, project: ProjectName) => readonly FindingRow[] {
  const select = database
    .prepare<[SourceId, string], Columns>(`select ${COLUMNS} from findings where source = ? and project = ?`)
    .raw()
  return (source, project) =>
    select.all(source, project).flatMap(columns => {
      const sealed = sealedRow(columns)
      return sealed !== undefined && sealOf(sealed.row).equals(sealed.seal) ? [sealed.row] : []
    })
}

/** A batch of findings that a trust root made, in the order in which they were written, for whoever reads them all. */
export function prepareFindingsInOrder(
  database: Database.Database,
): (
  source: SourceId,
  after: number,
  limit: number,
) => readonly { readonly id: number; readonly row: SealedRow | undefined }[] {
  const select = database
    .prepare<[SourceId, number, number], readonly [id: number, ...Columns]>(
      `select rowid, ${COLUMNS} from findings where source = ? and rowid > ? and ${OF_A_ROOT} order by rowid limit ?`,
    )
    .raw()
  return (source, after, limit) =>
    select.all(source, after, limit).map(([id, ...columns]) => ({ id, row: sealedRow(columns) }))
}

export interface SealedRow {
  readonly row: FindingRow
  readonly seal: Buffer
}

function sealedRow(columns: Columns): SealedRow | undefined {
  const [source, project, digest, filename, trustDigest, finding, found, seal] = columns
  const sha256: Sha256 | undefined = parseSha256(digest)
  if (sha256 === undefined) return undefined
  return { row: { source, project, key: { sha256, filename, trustDigest }, finding, found }, seal }
}

/** `undefined` for a row that is not what was written, or was written by another version of the verifier. */
export function readSealed({ row, seal }: SealedRow): RememberedFinding | undefined {
  if (!sealOf(row).equals(seal)) return undefined
  const finding = decodeFinding(row.finding)
  return finding === undefined ? undefined : { finding, found: instant(row.found) }
}

/**
 * Binds what was found to the source, the project and the file that it was found for, and to the roots that it was found under.
 * Guards against damage, not against who can write here.
 */
export function sealOf({ source, project, key, finding, found }: FindingRow): Buffer {
  const { sha256, filename, trustDigest } = key
  return hash('sha256', [source, project, sha256, filename, trustDigest, found, finding].join('\n'), 'buffer')
}

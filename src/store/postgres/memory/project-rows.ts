import { parseSha256 } from '../../../domain/base/digest.ts'
import { type Instant, instant } from '../../../domain/base/instant.ts'
import { Findings } from '../../../domain/memory/findings.ts'
import { ProjectMemory, type ProvedFile } from '../../../domain/memory/project-memory.ts'
import type { SerialState } from '../../../domain/memory/serial.ts'
import type { PageReading, SettledFile, Sighting } from '../../../domain/memory/sighting.ts'
import type { FilePath } from '../../../domain/packaging/artifact.ts'
import type { ProjectName } from '../../../domain/packaging/name.ts'
import type { Version } from '../../../domain/packaging/version.ts'
import type { Agreed } from '../../shared/ledger.ts'
import { type FindingRow, readSealed } from '../../sqlite/tables/findings-table.ts'
import { signerOf } from '../../sqlite/tables/proofs-table.ts'
import type { SourceId } from '../../sqlite/tables/sources-table.ts'

/** What is known of a project, as one statement answers it: all of one moment. */
export const LOAD = `
select coalesce(p.version, 0) as version, p.reading, p.serials,
  (select json_agg(f.sighting) from files f where f.source = k.source and f.project = k.project) as files,
  (select json_agg(json_build_array(r.filename, r.proof)) from proofs r
    where r.source = k.source and r.project = k.project) as proofs,
  (select json_agg(json_build_array(s.filename, s.sha256, s.at)) from settled s
    where s.source = k.source and s.project = k.project) as settled,
  (select json_agg(json_build_array(n.sha256, n.filename, n.trust, n.finding, n.found, encode(n.seal, 'hex')))
    from findings n where n.source = k.source and n.project = k.project) as findings
from (select $1::integer as source, $2::text as project) k
left join projects p on p.source = k.source and p.project = k.project`

export interface LoadedRow {
  readonly version: number
  readonly reading: string | null
  readonly serials: string | null
  readonly files: readonly StoredSighting[] | null
  readonly proofs: readonly (readonly [filename: string, proof: StoredProof])[] | null
  readonly settled: readonly (readonly [filename: string, sha256: string, at: number])[] | null
  readonly findings:
    | readonly (readonly [
        sha256: string,
        filename: string,
        trust: string,
        finding: string,
        found: number,
        seal: string,
      ])[]
    | null
}

/** As it stands in the database: what is absent is left out. */
type StoredSighting = { readonly filename: string; readonly path: string } & Readonly<Record<string, unknown>>

/** Who signed, in the order of the columns of SQLite. */
interface StoredProof {
  readonly version: string
  readonly key: string
  readonly root: string
  readonly claims: string
  readonly at: number
  readonly signedAt: number
}

export function memoryOf(source: SourceId, project: ProjectName, row: LoadedRow): Agreed {
  const found = findingsOf(source, project, row)
  const memory = ProjectMemory.of(project, {
    sightings: byName((row.files ?? []).map(sightingOf)),
    reading: readingOf(row.reading),
    proofs: byName((row.proofs ?? []).flatMap(([filename, proof]) => provedFile(filename, proof) ?? [])),
    settled: byName((row.settled ?? []).flatMap(settledFile)),
    serials: serialsOf(row.serials),
    findings: found.findings,
  })
  return { memory, version: row.version, characters: found.characters }
}

function byName<Entry extends { readonly filename: string }>(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(entries.map(entry => [entry.filename, entry] as const))
}

function timeIn(value: unknown): Instant | undefined {
  return typeof value === 'number' ? instant(value) : undefined
}

function sightingOf(stored: StoredSighting): Sighting {
  const { filename, path } = stored
  const other = stored['other'] as { readonly value: string; readonly since: number } | undefined
  const another = parseSha256(other?.value ?? '')
  const [version, sha256] = [stored['version'], stored['sha256']]
  return {
    filename,
    sha256: typeof sha256 === 'string' ? parseSha256(sha256) : undefined,
    other: other === undefined || another === undefined ? undefined : { value: another, since: instant(other.since) },
    firstSeen: instant(Number(stored['firstSeen'])),
    uploaded: timeIn(stored['uploaded']),
    offered: timeIn(stored['offered']),
    offering: timeIn(stored['offering']),
    absent: timeIn(stored['absent']),
    missed: timeIn(stored['missed']),
    path: path as FilePath,
    version: typeof version === 'string' ? (version as Version) : undefined,
    gone: timeIn(stored['gone']),
    yanked: timeIn(stored['yanked']),
    asOf: instant(Number(stored['asOf'])),
  }
}

/** A row whose claims are not what was written, or not those of its key, is absent. */
function provedFile(filename: string, stored: StoredProof): ProvedFile | undefined {
  const signer = signerOf(stored)
  if (signer === undefined) return undefined
  const { version, at, signedAt } = stored
  return { filename, version: version as Version, proof: { ...signer, at: instant(at), signedAt: instant(signedAt) } }
}

export function storedProof({ version, proof: { signer, root, claims, at, signedAt } }: ProvedFile): StoredProof {
  return { version, key: signer, root, claims: JSON.stringify(claims), at, signedAt }
}

function settledFile([filename, hex, at]: readonly [string, string, number]): readonly SettledFile[] {
  const sha256 = parseSha256(hex)
  return sha256 === undefined ? [] : [{ filename, sha256, at: instant(at) }]
}

export function readingOf(text: string | null): PageReading | undefined {
  if (text === null) return undefined
  const { lastRead, status, statusSince, whole } = JSON.parse(text) as PageReading
  return {
    lastRead,
    status,
    statusSince,
    whole: whole === undefined ? undefined : { first: whole.first, last: whole.last },
  }
}

function serialsOf(text: string | null): SerialState | undefined {
  if (text === null) return undefined
  const { floor, since, confirmed, before, doubt } = JSON.parse(text) as SerialState
  const doubted = doubt === undefined ? undefined : { value: doubt.value, since: doubt.since }
  return { floor, since, confirmed, before, doubt: doubted }
}

/** Nothing is decoded, and no seal looked at, before it is asked for. */
function findingsOf(
  source: SourceId,
  project: ProjectName,
  { findings }: LoadedRow,
): { readonly findings: Findings; readonly characters: number } {
  const sealed = (findings ?? []).flatMap(([digest, filename, trustDigest, finding, found, seal]) => {
    const sha256 = parseSha256(digest)
    if (sha256 === undefined) return []
    const row: FindingRow = { source, project, key: { sha256, filename, trustDigest }, finding, found }
    return [{ row, seal: Buffer.from(seal, 'hex') }]
  })
  return {
    findings: Findings.reading(sealed.map(each => [each.row.key, () => readSealed(each)])),
    characters: sealed.reduce((sum, { row }) => sum + row.finding.length, 0),
  }
}

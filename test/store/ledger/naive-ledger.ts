import { type Instant, instant } from '../../../src/domain/base/instant.ts'
import type {
  DownloadSums,
  GroupFilter,
  JournalFilter,
  RefusalGroup,
  TimeSums,
} from '../../../src/ports/console/ledger.ts'
import type { JournalRow } from '../../../src/ports/records.ts'

/** A row that is there, under its id. */
export interface ThereRow extends JournalRow {
  readonly id: number
}

/** The right answers, the plain way. */
export function rowsOf(rows: readonly ThereRow[], filter: JournalFilter): readonly ThereRow[] {
  return rows.filter(row => isMeant(row, filter)).toReversed()
}

function isMeant(row: ThereRow, filter: JournalFilter): boolean {
  const { since, until, identity, commit, kind, ...equal } = filter
  if (Object.entries(equal).some(([key, value]) => (row[key as keyof typeof equal] ?? '') !== value)) return false
  if (row.at < (since ?? row.at) || row.at >= (until ?? Number.POSITIVE_INFINITY)) return false
  if (identity !== undefined) {
    const parts = row.identity === undefined ? [] : Object.values(row.identity)
    if (!parts.some(part => part?.toLowerCase().includes(identity.toLowerCase()) === true)) return false
  }
  const built = row.identity?.commit ?? row.identity?.san.split('@')[1]
  if (commit !== undefined && built !== commit) return false
  if (kind === undefined) return true
  if (row.outcome !== 'admitted') return false
  return kind === 'attested' ? row.identity !== undefined : row.code.startsWith('audit:')
}

function inGroups<Key>(
  rows: readonly ThereRow[],
  keyOf: (row: ThereRow) => Key,
): readonly (readonly [ThereRow, ...ThereRow[]])[] {
  const groups = [...Map.groupBy(rows, row => JSON.stringify(keyOf(row))).values()]
  return groups
    .map(group => group as [ThereRow, ...ThereRow[]])
    .sort((one, other) => (other.at(-1)?.id ?? 0) - (one.at(-1)?.id ?? 0))
}

export function requests(rows: readonly ThereRow[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0)
}

function span(rows: readonly ThereRow[]): { readonly first: Instant; readonly last: Instant } {
  const times = rows.map(({ at }) => at)
  return { first: instant(Math.min(...times)), last: instant(Math.max(...times)) }
}

export function groupsOf(
  rows: readonly ThereRow[],
  kind: 'refused' | 'watched',
  filter: GroupFilter,
): readonly RefusalGroup[] {
  const of: JournalFilter = kind === 'refused' ? { ...filter, outcome: 'refused' } : { ...filter, kind: 'watched' }
  const meant = rows.filter(row => isMeant(row, of))
  return inGroups(meant, ({ index, project, code, rule }) => [index, project, code, rule]).map(group => {
    const last = group.at(-1) ?? group[0]
    const { index, project, code, rule } = last
    return {
      index,
      project,
      code,
      rule,
      requests: requests(group),
      files: new Set(group.map(({ filename }) => filename)).size,
      subjects: new Set(group.flatMap(({ subject }) => subject ?? [])).size,
      ...span(group),
      filename: last.filename,
      sha256: last.sha256,
    }
  })
}

export function downloadsOf(rows: readonly ThereRow[], filter: JournalFilter): readonly DownloadSums[] {
  const meant = rows.filter(row => row.outcome === 'admitted' && isMeant(row, filter))
  const keyOf = ({ subject, client, index, filename, sha256 }: ThereRow) => [subject, client, index, filename, sha256]
  return inGroups(meant, keyOf).map(group => {
    const { subject, client, index, source, project, filename, sha256, code, rule } = group.at(-1) ?? group[0]
    const latest = { subject, client, index, source, project, filename, sha256, code, rule }
    return { ...latest, requests: requests(group), ...span(group) }
  })
}

export interface PlainProject {
  readonly project: string
  readonly admitted: number
  readonly refused: number
  readonly watched: number
  readonly last: Instant
}

export function projectsOf(rows: readonly ThereRow[], text: string): readonly PlainProject[] {
  const groups = Map.groupBy(rows, ({ project }) => project)
  return [...groups]
    .filter(([project]) => project !== '' && project.includes(text))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([project, its]) => {
      const { admitted, refused, watched } = countsOf(its)
      return { project, admitted, refused, watched, last: span(its).last }
    })
}

function countsOf(rows: readonly ThereRow[]): Pick<TimeSums, 'admitted' | 'attested' | 'refused' | 'watched'> {
  const of = (filter: JournalFilter): number => requests(rows.filter(row => isMeant(row, filter)))
  return {
    admitted: of({ outcome: 'admitted' }),
    attested: of({ kind: 'attested' }),
    refused: of({ outcome: 'refused' }),
    watched: of({ kind: 'watched' }),
  }
}

/** What is told of these hours or days. */
export function timesOf(
  rows: readonly ThereRow[],
  buckets: readonly Pick<TimeSums, 'from' | 'until'>[],
  index: string | undefined,
): readonly TimeSums[] {
  return buckets.map(({ from, until }) => {
    const its = rows.filter(row => isMeant(row, { since: from, until, ...(index === undefined ? {} : { index }) }))
    return { from, until, ...countsOf(its) }
  })
}

export function mostOf(
  rows: readonly ThereRow[],
  since: Instant,
  limit: number,
  nameOf: (row: ThereRow) => string | undefined,
): readonly { readonly name: string; readonly refused: number }[] {
  const refused = rows.filter(row => isMeant(row, { since, outcome: 'refused' }))
  return [...Map.groupBy(refused, row => nameOf(row) ?? '')]
    .map(([name, its]) => ({ name, refused: requests(its) }))
    .sort((one, other) => other.refused - one.refused || (one.name < other.name ? -1 : 1))
    .slice(0, limit)
}

export function attestedOf(
  rows: readonly ThereRow[],
  since: Instant,
): { readonly projects: number; readonly ofProjects: number } {
  const of = (filter: JournalFilter): number =>
    new Set(rows.filter(row => isMeant(row, { since, ...filter })).map(({ project }) => project)).size
  return { projects: of({ kind: 'attested' }), ofProjects: of({ outcome: 'admitted' }) }
}

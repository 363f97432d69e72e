import { instant } from '../../../../src/domain/base/instant.ts'
import type {
  DownloadSums,
  JournalFilter,
  Ledger,
  LedgerPage,
  LedgerRows,
  NumberedRow,
  RefusalGroup,
  Sum,
  TimeSums,
} from '../../../../src/ports/console/ledger.ts'

const DAY = 86_400_000

/** The ledger over rows that a test has in its hands, the newest first: small, plain, and as slow as that is. */
export function rowsLedger(rows: readonly NumberedRow[]): Ledger {
  const refused = (row: NumberedRow) => row.outcome === 'refused'
  const watched = (row: NumberedRow) => row.outcome === 'admitted' && row.code.startsWith('audit:')
  return {
    coverage: async () => ({ since: undefined }),
    journal: async (filter, page) =>
      pageOf(
        rows.filter(row => fits(row, filter)),
        page,
      ),
    refusals: async (filter, page) => pageOf(groupsOf(rows.filter(row => refused(row) && fits(row, filter))), page),
    wouldRefuse: async (filter, page) => pageOf(groupsOf(rows.filter(row => watched(row) && fits(row, filter))), page),
    async projects({ text = '' }, page) {
      const named = Map.groupBy(
        rows.filter(({ project }) => project.includes(text)),
        ({ project }) => project,
      )
      const sums = [...named].map(([project, own]) => ({
        project,
        admitted: sum(own.filter(row => row.outcome === 'admitted')),
        refused: sum(own.filter(refused)),
        watched: sum(own.filter(watched)),
        last: instant(Math.max(...own.map(({ at }) => at))),
      }))
      return pageOf(sums, page)
    },
    async downloads(filter, page) {
      const wanted = rows.filter(row => row.outcome === 'admitted' && fits(row, filter))
      const groups = Map.groupBy(wanted, ({ subject, client, index, filename, sha256 }) =>
        JSON.stringify([subject, client, index, filename, sha256]),
      )
      return pageOf([...groups.values()].map(downloadOf), page)
    },
    async overTime({ since, until }) {
      const sums: TimeSums[] = []
      for (let from = since; from < until; from = instant(from + DAY)) {
        const own = rows.filter(({ at }) => at >= from && at < from + DAY)
        const admitted = own.filter(row => row.outcome === 'admitted')
        sums.push({
          from,
          until: instant(from + DAY),
          admitted: sum(admitted),
          attested: sum(admitted.filter(({ identity }) => identity !== undefined)),
          refused: sum(own.filter(refused)),
          watched: sum(own.filter(watched)),
        })
      }
      return sums
    },
    async top(since, limit) {
      const own = rows.filter(row => refused(row) && row.at >= since)
      const by = (name: (row: NumberedRow) => string | undefined): readonly Sum[] =>
        [...Map.groupBy(own, row => name(row) ?? '')]
          .map(([called, its]) => ({ name: called, refused: sum(its) }))
          .sort((one, other) => other.refused - one.refused)
          .slice(0, limit)
      const admitted = rows.filter(row => row.outcome === 'admitted' && row.at >= since)
      const names = (some: readonly NumberedRow[]) => new Set(some.map(({ project }) => project)).size
      return {
        projects: by(({ project }) => project),
        rules: by(({ rule }) => rule),
        subjects: by(({ subject }) => subject),
        codes: by(({ code }) => code),
        attested: {
          projects: names(admitted.filter(({ identity }) => identity !== undefined)),
          ofProjects: names(admitted),
        },
      }
    },
    close: async () => {},
  }
}

function sum(rows: readonly NumberedRow[]): number {
  return rows.reduce((total, { count }) => total + count, 0)
}

function pageOf<Row>(rows: readonly Row[], { cursor = '0', limit }: LedgerPage): LedgerRows<Row> {
  const from = Number(cursor)
  const next = from + limit < rows.length ? String(from + limit) : undefined
  return { rows: rows.slice(from, from + limit), next }
}

const SAME = ['project', 'filename', 'code', 'outcome', 'client'] as const
const SAME_OR_NONE = ['sha256', 'subject', 'index', 'rule'] as const

function fits(row: NumberedRow, filter: JournalFilter): boolean {
  const { identity, kind, since, until } = filter
  return (
    SAME.every(name => filter[name] === undefined || filter[name] === row[name]) &&
    SAME_OR_NONE.every(name => filter[name] === undefined || filter[name] === (row[name] ?? '')) &&
    (identity === undefined || JSON.stringify(row.identity ?? {}).includes(identity)) &&
    (kind === undefined || row.outcome === 'admitted') &&
    (kind !== 'attested' || row.identity !== undefined) &&
    (kind !== 'watched' || row.code.startsWith('audit:')) &&
    (since === undefined || row.at >= since) &&
    (until === undefined || row.at < until)
  )
}

function groupsOf(rows: readonly NumberedRow[]): readonly RefusalGroup[] {
  const groups = Map.groupBy(rows, ({ index, project, code, rule }) => JSON.stringify([index, project, code, rule]))
  return [...groups.values()].flatMap(own => {
    const [latest] = own
    if (latest === undefined) return []
    const { index, project, code, rule, filename, sha256 } = latest
    const times = own.map(({ at }) => at)
    return [
      {
        index,
        project,
        code,
        rule,
        filename,
        sha256,
        requests: sum(own),
        files: new Set(own.map(row => row.filename)).size,
        subjects: new Set(own.map(({ subject }) => subject)).size,
        first: instant(Math.min(...times)),
        last: instant(Math.max(...times)),
      },
    ]
  })
}

function downloadOf(own: readonly NumberedRow[]): DownloadSums {
  const [latest] = own
  if (latest === undefined) throw new TypeError('a group has a row')
  const { subject, client, index, source, project, filename, sha256, code, rule } = latest
  const times = own.map(({ at }) => at)
  const [first, last] = [instant(Math.min(...times)), instant(Math.max(...times))]
  return { subject, client, index, source, project, filename, sha256, code, rule, requests: sum(own), first, last }
}

import { instant } from '../../../domain/base/instant.ts'
import type { DownloadSums, JournalFilter, LedgerPage, LedgerRows } from '../../../ports/console/ledger.ts'
import { numberAt, type Segment, type WordColumn, wordAt } from '../columns/segment.ts'
import { isOutside, select, type Wanted } from '../columns/select.ts'
import { numbersCursor, readLimit, readNumbers } from './cursor.ts'
import { type Asked, conditionsOf, maybe, within } from './wanted.ts'

const LIST = 'd'
/** What is one: who, from where, at which index, and what. */
const KEY = ['subject', 'client', 'index', 'filename', 'sha256'] as const satisfies readonly WordColumn[]
/** Of so many it is looked at once who they are, where some may have been told on an earlier page. */
const MOST_LOOKED_AT = 1_000

interface Download {
  /** words of {@link KEY} */
  readonly key: readonly number[]
  requests: number
  first: number
  last: number
  lastId: number
  project: number
  code: number
  rule: number
}

/** Admissions, put together; what was given out last first. */
export async function downloadSums(
  asked: Asked,
  filter: JournalFilter,
  page: LedgerPage,
): Promise<LedgerRows<DownloadSums>> {
  const limit = readLimit(page)
  const [top = asked.scene.last, before = top + 1] = readNumbers(LIST, page.cursor, 2) ?? []
  const conditions = conditionsOf(asked, { ...filter, outcome: filter.outcome ?? 'admitted' })
  if (conditions === undefined || (filter.outcome ?? 'admitted') !== 'admitted') return { rows: [], next: undefined }
  const wanted = { ...within(asked.scene, filter), conditions, top }
  const isFirst = page.cursor === undefined
  const found = latestOf(asked, wanted, before, isFirst ? limit + 1 : MOST_LOOKED_AT)
  sumUpAll(asked, wanted, found.downloads)
  // what came again later stood on an earlier page
  const after = [...found.downloads.values()].filter(({ lastId }) => lastId < before)
  const shown = after.slice(0, limit)
  const rest = after.length > shown.length ? shown.at(-1)?.lastId : found.rest
  return {
    rows: shown.map(download => told(asked, download)),
    next: rest === undefined ? undefined : numbersCursor(LIST, top, rest),
  }
}

/** Those that are met first on the way back from an id; and before which id there are more, or may be. */
function latestOf(
  { scene, deadline }: Asked,
  wanted: Wanted,
  before: number,
  most: number,
): { readonly downloads: Map<string, Download>; readonly rest: number | undefined } {
  const downloads = new Map<string, Download>()
  for (const segment of scene.segments.toReversed()) {
    const rows = select(segment, { ...wanted, top: Math.min(wanted.top, before - 1) })
    const read = reader(segment)
    const seen = new Set<number>()
    for (let place = rows.length - 1; place >= 0; place -= 1) {
      const row = rows[place] ?? 0
      const short = read.short(row)
      if (seen.has(short)) continue
      seen.add(short)
      const key = read.key(row)
      const text = key.join(' ')
      if (downloads.has(text)) continue
      if (downloads.size === most) return { downloads, rest: read.id(row) + 1 }
      downloads.set(text, {
        key,
        requests: 0,
        first: Infinity,
        last: -Infinity,
        lastId: 0,
        project: 0,
        code: 0,
        rule: 0,
      })
    }
    if (performance.now() > deadline) return { downloads, rest: segment.first }
  }
  return { downloads, rest: undefined }
}

/** Every row of theirs. */
function sumUpAll({ scene }: Asked, wanted: Wanted, downloads: ReadonlyMap<string, Download>): void {
  const files = new Set(downloads.values().map(({ key }) => key[3] ?? 0))
  const clients = new Set(downloads.values().map(({ key }) => key[1] ?? 0))
  if (downloads.size === 0) return
  // what few rows have first: what is asked for passes over whole segments
  const conditions = [
    ...wanted.conditions,
    { column: 'client', accepts: (word: number) => clients.has(word) } as const,
    { column: 'filename', accepts: (word: number) => files.has(word) } as const,
  ]
  for (const segment of scene.segments) {
    if (isOutside(segment, wanted)) continue
    const rows = select(segment, { ...wanted, conditions })
    if (rows.length === 0) continue
    const read = reader(segment)
    const known = new Map<number, Download | undefined>()
    for (const row of rows) {
      const short = read.short(row)
      let download = known.get(short)
      if (download === undefined && !known.has(short)) {
        download = downloads.get(read.key(row).join(' '))
        known.set(short, download)
      }
      if (download !== undefined) read.addTo(download, row)
    }
  }
}

interface Reader {
  /** Tells keys of this segment apart. */
  short(row: number): number
  key(row: number): readonly number[]
  id(row: number): number
  /** A later row than those before. */
  addTo(download: Download, row: number): void
}

function reader(segment: Segment): Reader {
  const words = KEY.map(column => segment.words(column))
  const sizes = words.map(({ dictionary }) => dictionary.length)
  // more than a number can tell apart exactly is told apart by its place
  const isShort = sizes.reduce((product, size) => product * size, 1) < Number.MAX_SAFE_INTEGER
  const [ids, times, counts] = [segment.numbers('id'), segment.numbers('at'), segment.numbers('count')]
  const [project, code, rule] = [segment.words('project'), segment.words('code'), segment.words('rule')]
  return {
    short(row) {
      if (!isShort) return row
      let short = 0
      for (let place = 0; place < words.length; place += 1)
        short = short * (sizes[place] ?? 1) + (words[place]?.codes?.[row] ?? 0)
      return short
    },
    key: row => words.map(its => wordAt(its, row)),
    id: row => numberAt(ids, row),
    addTo(download, row) {
      const at = numberAt(times, row)
      download.requests += numberAt(counts, row)
      download.first = Math.min(download.first, at)
      download.last = Math.max(download.last, at)
      download.lastId = numberAt(ids, row)
      download.project = wordAt(project, row)
      download.code = wordAt(code, row)
      download.rule = wordAt(rule, row)
    },
  }
}

function told(asked: Asked, { key, requests, first, last, project, code, rule }: Download): DownloadSums {
  const { source } = asked
  const [subject = 0, client = 0, index = 0, filename = 0, sha256 = 0] = key
  return {
    subject: maybe(asked, subject),
    client: source.text(client),
    index: maybe(asked, index),
    project: source.text(project),
    filename: source.text(filename),
    sha256: maybe(asked, sha256),
    code: source.text(code),
    rule: maybe(asked, rule),
    requests,
    first: instant(first),
    last: instant(last),
  }
}

import { instant } from '../../../domain/base/instant.ts'
import type { DownloadSums, JournalFilter, LedgerPage, LedgerRows } from '../../../ports/console/ledger.ts'
import { numbersCursor, readLimit, readNumbers } from './cursor.ts'
import { type Download, downloadsBefore, type Found } from './download-sums.ts'
import { type Asked, conditionsOf, maybe, within } from './wanted.ts'

const LIST = 'd'

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
  const { downloads, rest } = enoughBefore(before, limit + 1, asked.deadline, position =>
    downloadsBefore(asked, wanted, position, limit + 1),
  )
  const shown = downloads.slice(0, limit)
  const next = downloads.length > shown.length ? shown.at(-1)?.lastId : rest
  return {
    rows: shown.map(download => told(asked, download)),
    next: next === undefined ? undefined : numbersCursor(LIST, top, next),
  }
}

/** Where much of what is met stood on an earlier page, it is looked further back while there is time. */
function enoughBefore(before: number, enough: number, deadline: number, find: (position: number) => Found): Found {
  const downloads: Download[] = []
  let rest: number | undefined = before
  do {
    const found = find(rest)
    downloads.push(...found.downloads)
    rest = found.rest
  } while (rest !== undefined && downloads.length < enough && performance.now() < deadline)
  return { downloads, rest }
}

function told(asked: Asked, download: Download): DownloadSums {
  const { key, requests, first, last, project, code, rule } = download
  const { source } = asked
  const [filename = 0, sha256 = 0, index = 0, subject = 0, client = 0] = key
  return {
    subject: maybe(asked, subject),
    client: source.text(client),
    index: maybe(asked, index),
    source: maybe(asked, download.source),
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

import { sha256Of } from '../../../domain/base/digest.ts'
import { GateError } from '../../../domain/base/errors.ts'
import { describeRevoked } from '../../../domain/policy/compare-policies.ts'
import type { Revocation } from '../../../domain/policy/revocation.ts'
import { describeRule } from '../../../domain/policy/rule-ref.ts'
import { rowsToLookAt } from '../../../gate/revoked/revoked-rows.ts'
import type { DownloadSums } from '../../../ports/console/ledger.ts'
import { type Html, html } from '../../markup/html.ts'
import type { ConsoleAnswer } from '../answer.ts'
import type { PageData, ShownIndex } from './data.ts'
import { DOWNLOAD_COLUMNS, downloadTable, tellDownload } from './journal.ts'
import { allRows, each, exportOf, formatIn } from './parts/export.ts'
import { cursorIn, turnPages } from './parts/filters.ts'
import { journalPath, linked } from './parts/links.ts'
import { count, named, table } from './parts/table.ts'

const PATH = '/revocations'
const ROWS = 50

interface Row {
  readonly revocation: Revocation
  /** the first whose policy has it, and all of them */
  readonly index: ShownIndex
  readonly indexes: readonly string[]
}

export function showRevocations(data: PageData, query: URLSearchParams): Html | ConsoleAnswer {
  const rows = [...revocationsOf(data)]
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: 'revocations',
      columns: ['key', 'revoked', 'reason', 'place', 'indexes'],
      rows: each(rows),
      tell: ([key, { revocation, indexes }]) => ({
        key,
        revoked: describeRevoked(revocation.what),
        reason: revocation.reason,
        place: describeRule(revocation.ref),
        indexes: indexes.join(' '),
      }),
    })
  return html`<h1>Revocations</h1>
<section>
${table({
  caption: 'What the policy in force trusts no longer, whatever was proved of it',
  columns: [
    { name: 'Revoked', isHead: true, cell: ([, { revocation }]) => describeRevoked(revocation.what) },
    { name: 'Reason', cell: ([, { revocation }]) => revocation.reason },
    {
      name: 'Stands at',
      cell: ([, { revocation, indexes }]) =>
        html`${named(describeRule(revocation.ref))}<br><span class="soft">${indexes.join(', ')}</span>`,
    },
    {
      name: 'Who got it',
      cell: ([key, { revocation }]) => linked(`${PATH}/${key}`, 'who got it', `: ${describeRevoked(revocation.what)}`),
    },
  ],
  rows,
  none: 'The policy in force revokes nothing.',
})}${turnPages({ path: PATH, query, next: undefined })}</section>`
}

/** By a key that is the same as long as what is revoked is. */
function revocationsOf({ indexes }: PageData): ReadonlyMap<string, Row> {
  const rows = new Map<string, { revocation: Revocation; index: ShownIndex; indexes: string[] }>()
  for (const index of indexes)
    for (const revocation of index.policy().revocations) {
      const key = sha256Of(JSON.stringify([describeRevoked(revocation.what), revocation.reason])).slice(0, 16)
      const known = rows.get(key)
      if (known === undefined) rows.set(key, { revocation, index, indexes: [index.name] })
      else if (!known.indexes.includes(index.name)) known.indexes.push(index.name)
    }
  return rows
}

/** Throws `not-found`. */
export async function showRevocation(
  data: PageData,
  key: string,
  query: URLSearchParams,
): Promise<Html | ConsoleAnswer> {
  const row = revocationsOf(data).get(key)
  if (row === undefined) throw new GateError('not-found', 'the policy in force has no such revocation')
  const { what, reason, ref } = row.revocation
  const filter = rowsToLookAt(what)
  const path = `${PATH}/${key}`
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: 'revoked-downloads',
      columns: ['certain', ...DOWNLOAD_COLUMNS],
      rows: revokedAmong(filter === undefined ? each([]) : allRows(page => data.ledger.downloads(filter, page)), row),
      tell: ({ isCertain, download }) => ({ certain: isCertain ? 'yes' : 'no', ...tellDownload(download) }),
    })
  const { rows, next } =
    filter === undefined
      ? { rows: [], next: undefined }
      : await data.ledger.downloads(filter, { cursor: cursorIn(query), limit: ROWS })
  const found: Found[] = []
  for await (const one of revokedAmong(each(rows), row)) found.push(one)
  const doubtful = found.filter(({ isCertain }) => !isCertain)
  return html`<h1>Who got what is revoked</h1>
<section>
<h2>${describeRevoked(what)}</h2>
<p>${reason}</p>
<p class="soft">${describeRule(ref)}. A revocation holds from its load on; this is about what left before.${filter === undefined ? undefined : html` ${linked(journalPath(filter), 'The journal')} has the rows that were looked at.`}</p>
${filter === undefined ? html`<p>The journal does not say what came of this run; <code>portcullis revocations show</code> looks through every attestation on record.</p>` : undefined}
${downloadTable(
  found.filter(({ isCertain }) => isCertain).map(({ download }) => download),
  'Downloads of what it names, the latest first',
)}${
  doubtful.length === 0
    ? undefined
    : html`<h3>Maybe ${count(doubtful.length)} more</h3><p class="soft">How these came to be is not on record any more.</p>${downloadTable(
        doubtful.map(({ download }) => download),
        'Downloads that may be of what it names',
      )}`
}${turnPages({ path, query, next })}</section>`
}

interface Found {
  readonly download: DownloadSums
  /** else it cannot be told any more */
  readonly isCertain: boolean
}

async function* revokedAmong(
  downloads: AsyncIterable<DownloadSums>,
  { revocation, index }: Row,
): AsyncGenerator<Found> {
  for await (const download of downloads) {
    const revoked = await index.isRevoked(download, revocation)
    if (revoked !== false) yield { download, isCertain: revoked === true }
  }
}

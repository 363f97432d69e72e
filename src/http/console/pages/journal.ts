import { instant } from '../../../domain/base/instant.ts'
import type { DownloadSums, JournalFilter, NumberedRow } from '../../../ports/console/ledger.ts'
import { type Content, type Html, html } from '../../markup/html.ts'
import type { ConsoleAnswer } from '../answer.ts'
import type { PageData } from './data.ts'
import { allRows, exportOf, formatIn, type Told } from './parts/export.ts'
import {
  choiceIn,
  cursorIn,
  type Field,
  filterForm,
  momentIn,
  present,
  turnPages,
  valueIn,
  wordIn,
} from './parts/filters.ts'
import { downloadsPath, journalPath, linked, projectPath } from './parts/links.ts'
import { at, badge, codeOf, count, counted, digest, named, table, whom } from './parts/table.ts'

const ROWS = 50
const DAY = 86_400_000
/** What is shown of downloads where nothing is asked for, ms. */
const LATELY = 30 * DAY
const OUTCOMES = ['admitted', 'refused', 'forgotten'] as const
const KINDS = ['attested', 'watched'] as const

/** Throws `bad-request`. */
export function journalFilterIn(query: URLSearchParams): JournalFilter {
  return present({
    project: wordIn(query, 'project'),
    filename: wordIn(query, 'filename'),
    sha256: valueIn(query, 'sha256')
      ?.replace(/^sha256:/, '')
      .toLowerCase(),
    subject: valueIn(query, 'subject'),
    client: wordIn(query, 'client'),
    identity: wordIn(query, 'identity'),
    commit: wordIn(query, 'commit')?.toLowerCase(),
    code: wordIn(query, 'code'),
    rule: valueIn(query, 'rule'),
    index: valueIn(query, 'index'),
    source: valueIn(query, 'source'),
    outcome: choiceIn(query, 'outcome', OUTCOMES),
    kind: choiceIn(query, 'kind', KINDS),
    since: momentIn(query, 'since'),
    until: momentIn(query, 'until'),
  })
}

const FIELDS: readonly Field[] = [
  { name: 'project', label: 'Project' },
  { name: 'filename', label: 'File' },
  { name: 'sha256', label: 'sha256' },
  { name: 'subject', label: 'Who asked' },
  { name: 'client', label: 'Address' },
  { name: 'identity', label: 'Part of the signer' },
  { name: 'commit', label: 'Commit' },
  { name: 'code', label: 'Code' },
  { name: 'rule', label: 'Rule' },
  { name: 'index', label: 'Index' },
  { name: 'source', label: 'Source' },
  { name: 'since', label: 'From', kind: 'day' },
  { name: 'until', label: 'Before', kind: 'day' },
]

const OUTCOME: Field = {
  name: 'outcome',
  label: 'Outcome',
  kind: [
    ['admitted', 'admitted'],
    ['refused', 'refused'],
    ['forgotten', 'let go of'],
  ],
}
const KIND: Field = {
  name: 'kind',
  label: 'Only',
  kind: [
    ['attested', 'attested'],
    ['watched', 'only watched'],
  ],
}

export async function showJournal(data: PageData, query: URLSearchParams): Promise<Html | ConsoleAnswer> {
  const filter = journalFilterIn(query)
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: 'journal',
      columns: JOURNAL_COLUMNS,
      rows: allRows(page => data.ledger.journal(filter, page)),
      tell: tellRow,
    })
  const { rows, next } = await data.ledger.journal(filter, { cursor: cursorIn(query), limit: ROWS })
  return html`<h1>Journal</h1>
<section>
${filterForm('/journal', [...FIELDS, OUTCOME, KIND], query)}${table({
  caption: 'Every verdict that was given out, the latest first; equal ones of a moment are one row',
  columns: [
    { name: 'When', cell: row => at(row.at) },
    { name: 'Verdict', cell: row => html`${badge(outcomeOf(row))} ${codeOf(row.code)}` },
    { name: 'File', isHead: true, cell: fileCell },
    { name: 'Who asked', cell: row => whoCell(row) },
    { name: 'Signed by', cell: signerCell },
    {
      name: 'Rule',
      cell: ({ rule, outcome }) =>
        rule === undefined ? '–' : outcome === 'forgotten' ? rule : linked(journalPath({ rule }), named(rule)),
    },
    { name: 'Times', isNumber: true, cell: ({ count: times }) => count(times) },
  ],
  rows,
  none:
    next === undefined
      ? 'Nothing that was written down fits.'
      : 'Nothing on this page fits; there is more to look through.',
})}${turnPages({ path: '/journal', query, next })}</section>`
}

function isFiltered(filter: JournalFilter): boolean {
  return Object.keys(filter).length > 0
}

function outcomeOf({ outcome, code }: NumberedRow): 'admitted' | 'refused' | 'forgotten' | 'watched' {
  return outcome === 'admitted' && code.startsWith('audit:') ? 'watched' : outcome
}

function fileCell(row: Pick<NumberedRow, 'project' | 'filename' | 'sha256' | 'source'>): Content {
  const { project, filename, sha256, source } = row
  const from =
    source === undefined ? undefined : html` <span class="soft">of ${linked(journalPath({ source }), source)}</span>`
  return html`${linked(projectPath(project), whom(project))}${from}<br>${linked(journalPath({ filename }), filename)}${sha256 === undefined ? undefined : html`<br>${linked(journalPath({ sha256 }), digest(sha256))}`}`
}

function whoCell({ subject, client, index }: Pick<NumberedRow, 'subject' | 'client' | 'index'>): Content {
  return html`${linked(journalPath({ subject: subject ?? '' }), whom(subject ?? 'nobody known'))}<br><span class="soft">from ${linked(journalPath({ client }), client)}${index === undefined ? undefined : html`, at ${index}`}</span>`
}

function signerCell({ identity }: NumberedRow): Content {
  if (identity === undefined) return '–'
  const { repository, workflow, ref, san } = identity
  if (repository === undefined) return linked(journalPath({ identity: san }), san)
  return html`${linked(journalPath({ identity: repository }), repository)}<br><span class="soft">${[workflow, ref].filter(part => part !== undefined).join(' · ')}</span>`
}

const JOURNAL_COLUMNS = [
  'at',
  'outcome',
  'code',
  'project',
  'filename',
  'sha256',
  'subject',
  'client',
  'index',
  'source',
  'rule',
  'issuer',
  'san',
  'repository',
  'workflow',
  'ref',
  'policy',
  'trust',
  'count',
] as const

function tellRow(row: NumberedRow): Told {
  const {
    outcome,
    code,
    project,
    filename,
    sha256,
    subject,
    client,
    index,
    source,
    rule,
    identity,
    policyDigest,
    trustDigest,
  } = row
  return {
    at: new Date(row.at).toISOString(),
    outcome,
    code,
    project,
    filename,
    sha256: sha256 ?? null,
    subject: subject ?? null,
    client,
    index: index ?? null,
    source: source ?? null,
    rule: rule ?? null,
    issuer: identity?.issuer ?? null,
    san: identity?.san ?? null,
    repository: identity?.repository ?? null,
    workflow: identity?.workflow ?? null,
    ref: identity?.ref ?? null,
    policy: policyDigest,
    trust: trustDigest ?? null,
    count: row.count,
  }
}

// ---------------------------------------------------------------- who got what

export async function showDownloads(data: PageData, query: URLSearchParams): Promise<Html | ConsoleAnswer> {
  const filter = journalFilterIn(query)
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: 'downloads',
      columns: DOWNLOAD_COLUMNS,
      rows: allRows(page => data.ledger.downloads(filter, page)),
      tell: tellDownload,
    })
  // who asks for nothing in particular asks for what was lately: all of many years takes seconds
  const since = instant(Math.floor(data.clock() / DAY) * DAY - LATELY)
  const isAsked = isFiltered(filter)
  const asked = isAsked ? filter : { since }
  const { rows, next } = await data.ledger.downloads(asked, { cursor: cursorIn(query), limit: ROWS })
  return html`<h1>Who got what</h1>
<section>
${isAsked ? undefined : html`<p class="soft">Since ${at(since)}. ${linked(downloadsPath({ since: instant(0) }), 'Everything that is kept')}</p>`}
${filterForm('/downloads', FIELDS, query)}${downloadTable(rows, 'Downloads by who, from where, at which index and of what; the latest first. A refusal is none.')}${turnPages({ path: '/downloads', query, next })}</section>`
}

export function downloadTable(rows: readonly DownloadSums[], caption: string): Html {
  return table({
    caption,
    columns: [
      { name: 'Who', cell: row => whoCell(row) },
      { name: 'File', isHead: true, cell: fileCell },
      {
        name: 'Admitted by',
        cell: ({ code, rule }) =>
          html`${codeOf(code)}${rule === undefined ? undefined : html`<br><span class="soft">${rule}</span>`}`,
      },
      { name: 'Times', isNumber: true, cell: row => counted(row.requests, journalPath(rowsOf(row))) },
      { name: 'First', cell: ({ first }) => at(first) },
      { name: 'Last', cell: ({ last }) => at(last) },
    ],
    rows,
    none: 'Nobody got anything that fits.',
  })
}

function rowsOf({ subject, client, index, filename, sha256 }: DownloadSums): JournalFilter {
  return { outcome: 'admitted', subject: subject ?? '', client, index: index ?? '', filename, sha256: sha256 ?? '' }
}

export const DOWNLOAD_COLUMNS = [
  'subject',
  'client',
  'index',
  'source',
  'project',
  'filename',
  'sha256',
  'code',
  'rule',
  'requests',
  'first',
  'last',
] as const

export function tellDownload({
  subject,
  client,
  index,
  source,
  project,
  filename,
  sha256,
  code,
  rule,
  requests,
  first,
  last,
}: DownloadSums): Told {
  return {
    subject: subject ?? null,
    client,
    index: index ?? null,
    source: source ?? null,
    project,
    filename,
    sha256: sha256 ?? null,
    code,
    rule: rule ?? null,
    requests,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
  }
}

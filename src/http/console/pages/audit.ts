import { GateError } from '../../../domain/base/errors.ts'
import type { AuditAction, AuditFilter, AuditRow } from '../../../ports/console/audit-log.ts'
import { AUDIT_COLUMNS, tellAuditCells } from '../../../protocol/text/audit-rows.ts'
import { type Content, type Html, html } from '../../markup/html.ts'
import type { ConsoleAnswer } from '../answer.ts'
import type { PageData } from './data.ts'
import { exportOf, formatIn } from './parts/export.ts'
import { choiceIn, cursorIn, filterForm, momentIn, present, turnPages, wordIn } from './parts/filters.ts'
import { addressOf, linked } from './parts/links.ts'
import { at, digest, table, whom, withDigests } from './parts/table.ts'

const PATH = '/audit'
const ROWS = 50
const EXPORTED = 500

const ACTIONS: Readonly<Record<AuditAction, string>> = {
  'signed-in': 'signed in',
  'sign-in-refused': 'sign-in refused',
  'signed-out': 'signed out',
  'sign-in-link': 'sign-in link made',
  'sessions-ended': 'sessions ended',
  requested: 'requested',
  approved: 'approved',
  declined: 'declined',
  withdrawn: 'withdrawn',
  'change-approved': 'change of publisher approved',
  'token-created': 'token created',
  'token-revoked': 'token revoked',
  revocation: 'revocation',
  forgotten: 'let go of',
  imported: 'mirror imported',
  configured: 'configured',
  'policy-loaded': 'policy loaded',
  'policy-reloaded': 'policy reloaded',
  'policy-kept': 'reload kept back',
}

const NAMES = Object.keys(ACTIONS) as readonly AuditAction[]

export async function showAudit(data: PageData, query: URLSearchParams): Promise<Html | ConsoleAnswer> {
  const filter: AuditFilter = present({
    action: choiceIn(query, 'action', NAMES),
    actor: wordIn(query, 'actor'),
    text: wordIn(query, 'text'),
    since: momentIn(query, 'since'),
    until: momentIn(query, 'until'),
  })
  const format = formatIn(query)
  if (format !== undefined)
    return exportOf(format, {
      name: 'audit',
      columns: AUDIT_COLUMNS,
      rows: allOf(data, filter),
      tell: tellAuditCells,
    })
  const rows = await data.audit.rows(filter, { before: beforeIn(query), limit: ROWS + 1 })
  const shown = rows.slice(0, ROWS)
  const next = rows.length > ROWS ? shown.at(-1)?.sequence : undefined
  return html`<h1>Audit log</h1>
<section>
${filterForm(
  PATH,
  [
    { name: 'action', label: 'What', kind: NAMES.map(name => [name, ACTIONS[name]] as const) },
    { name: 'actor', label: 'Who' },
    { name: 'text', label: 'Part of target, reason or who' },
    { name: 'since', label: 'From', kind: 'day' },
    { name: 'until', label: 'Before', kind: 'day' },
  ],
  query,
)}
${table({
  caption: html`What people did, and what a gate did that people answer for; each row holds the hash of the one before it, and <code>portcullis audit-log verify</code> holds all of them to it`,
  columns: [
    { name: 'No.', isNumber: true, cell: ({ sequence }) => sequence },
    { name: 'When', cell: row => at(row.at) },
    { name: 'What', isHead: true, cell: ({ action }) => html`<span class="word">${ACTIONS[action]}</span>` },
    {
      name: 'Who',
      cell: ({ actor, from }) =>
        html`${linked(addressOf(PATH, { actor }), whom(actor))}<br><span class="soft">from ${from}</span>`,
    },
    { name: 'Target', cell: ({ target }) => withDigests(target) },
    { name: 'Why', cell: ({ why, detail }) => html`${why ?? '–'}${detailOf(detail)}` },
    { name: 'Hash', cell: ({ hash }) => digest(hash) },
  ],
  rows: shown,
  none: 'Nothing that was written down fits.',
})}${turnPages({ path: PATH, query, next: next === undefined ? undefined : String(next) })}</section>`
}

/** Throws `bad-request` for a cursor that nobody gave out. */
function beforeIn(query: URLSearchParams): number | undefined {
  const cursor = cursorIn(query)
  if (cursor === undefined) return undefined
  if (!/^[1-9]\d{0,14}$/.test(cursor)) throw new GateError('bad-request', 'the cursor is none of this list')
  return Number(cursor)
}

function detailOf(detail: AuditRow['detail']): Content {
  const entries = Object.entries(detail)
  if (entries.length === 0) return undefined
  return html`<details><summary>More</summary><dl>${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></details>`
}

async function* allOf({ audit }: PageData, filter: AuditFilter): AsyncGenerator<AuditRow> {
  let before: number | undefined
  do {
    const rows = await audit.rows(filter, { before, limit: EXPORTED })
    yield* rows
    before = rows.length < EXPORTED ? undefined : rows.at(-1)?.sequence
  } while (before !== undefined)
}

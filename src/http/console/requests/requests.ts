import { GateError } from '../../../domain/base/errors.ts'
import type { Instant } from '../../../domain/base/instant.ts'
import type { Decider, Decisions } from '../../../gate/requests/decide.ts'
import type { Looks } from '../../../gate/requests/look.ts'
import { parseEnd } from '../../../protocol/clauses/time.ts'
import type { Fields } from '../../door/body.ts'
import { seeOther } from '../answer.ts'
import { layout } from '../layout.ts'
import { allRows, exportOf, formatIn } from '../pages/parts/export.ts'
import { cursorIn } from '../pages/parts/filters.ts'
import { MOMENTS_PATH } from '../pages/parts/table.ts'
import type { ConsoleRouter } from '../router.ts'
import type { Visit } from '../visit.ts'
import { REQUEST_COLUMNS, REQUESTS_PATH, renderList, tellRow } from './list-page.ts'
import { renderLook } from './look-page.ts'

interface Parts {
  readonly decisions: Decisions
  readonly looks: Looks
}

/** rows of a page */
const ROWS = 50

/** `/requests`: what people ask to be let through, and what others decide about it. */
export function addRequestPages(router: ConsoleRouter, { decisions, looks }: Parts): void {
  router.page('/requests', 'viewer', async visit => {
    const { query } = visit
    const shown = query.get('show') === 'decided' ? 'decided' : 'open'
    const project = query.get('project')?.trim() || undefined
    const filter = shown === 'open' ? ({ state: 'open', project } as const) : ({ decided: true, project } as const)
    const format = formatIn(query)
    if (format !== undefined)
      return exportOf(format, {
        name: 'requests',
        columns: REQUEST_COLUMNS,
        rows: allRows(async ({ cursor, limit }) => {
          const rows = await looks.list(filter, { before: cursor, limit })
          return { rows, next: rows.length < limit ? undefined : rows.at(-1)?.id }
        }),
        tell: tellRow,
      })
    // addresses that were kept call it `before`
    const before = cursorIn(query) ?? (query.get('before') || undefined)
    query.delete('before')
    const found = await looks.list(filter, { before, limit: ROWS + 1 })
    const rows = found.slice(0, ROWS)
    const next = found.length > ROWS ? rows.at(-1)?.id : undefined
    const body = renderList(rows, { shown, project, query, next })
    return layout(visit, { title: 'Requests', here: REQUESTS_PATH, body, scripts: [MOMENTS_PATH] })
  })
  router.page('/requests/:id', 'viewer', async visit => {
    const look = await looks.look(visit.segments['id'] ?? '', visit.person.email ?? visit.person.subject)
    return layout(visit, {
      title: `Request for ${look.request.filename}`,
      here: '/requests',
      body: renderLook(look, visit),
      scripts: [MOMENTS_PATH],
    })
  })
  router.form('/requests/:id/approve', 'approver', async (visit, fields) => {
    const extent = fields.get('extent') === 'release' ? 'release' : 'file'
    const [ticket, words, seen] = [said(fields, 'ticket'), said(fields, 'words'), fields.get(`seen-${extent}`)]
    const order = { ends: endOf(fields), extent, ticket, words, seen } as const
    return decided(await decisions.approve(visit.segments['id'] ?? '', deciderOf(visit), order))
  })
  router.form('/requests/:id/decline', 'approver', async (visit, fields) =>
    decided(await decisions.decline(visit.segments['id'] ?? '', deciderOf(visit), said(fields, 'words'))),
  )
  router.form('/requests/:id/withdraw', 'approver', async (visit, fields) =>
    decided(await decisions.withdraw(visit.segments['id'] ?? '', deciderOf(visit), said(fields, 'words'))),
  )
}

function decided({ id }: { readonly id: string }) {
  return seeOther(`/requests/${id}`)
}

function deciderOf({ person, address }: Visit): Decider {
  return { person, from: address }
}

function said(fields: Fields, name: string): string {
  return fields.get(name) ?? ''
}

function endOf(fields: Fields): Instant {
  const text = said(fields, 'ends').trim()
  const ends = parseEnd(text)
  if (ends !== undefined) return ends
  throw new GateError(
    'decision-invalid',
    'say until when: a date such as 2027-03-31, or a time with Z or an offset (ends)',
  )
}
